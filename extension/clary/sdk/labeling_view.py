"""How a labeling job and what came of it show: as text, as static HTML, as tables."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clary.sdk import pages
from clary.sdk.errors import ClaryError
from clary.sdk.progress import State

if TYPE_CHECKING:
    import pandas

_NAMED = 8  # classes and people in a line of text
_WORDS = {"InProgress": "In progress"}


@dataclass(frozen=True)
class JobState(State):
    """One look at a labeling job: it is as far along as objects have labels."""

    labeled: int = 0
    total: int = 0

    @classmethod
    def of(cls, answer: Mapping[str, Any], ended: bool) -> JobState:
        done, total = counted(answer)
        return cls(_WORDS.get(status(answer), status(answer)), said(answer), {}, ended, done, total)

    @property
    def fraction(self) -> float:
        return 1.0 if self.done else min(1.0, self.labeled / max(1, self.total))


def status(answer: Mapping[str, Any]) -> str:
    return str(answer["LabelingJobStatus"])


def counted(answer: Mapping[str, Any]) -> tuple[int, int]:
    """(labelled objects, all objects)."""
    counters = answer["LabelCounters"]
    labeled = int(counters.get("TotalLabeled", 0))
    rest = int(counters.get("Unlabeled", 0)) + int(counters.get("FailedNonRetryableError", 0))
    return labeled, labeled + rest


def said(answer: Mapping[str, Any]) -> str:
    """ "120 of 500 labeled, 80 of them by the machine"."""
    labeled, total = counted(answer)
    if total == 0:
        return ""
    machine = int(answer["LabelCounters"].get("MachineLabeled", 0))
    failed = int(answer["LabelCounters"].get("FailedNonRetryableError", 0))
    words = f"{labeled:,} of {total:,} labeled"
    words += f", {machine:,} of them by the machine" if machine else ""
    return words + (f", {failed:,} could not be" if failed else "")


def card(answer: Mapping[str, Any], boto3: str) -> str:
    """The job as static HTML: a bar, the counters, where the labels are."""
    labeled, total = counted(answer)
    machine = int(answer["LabelCounters"].get("MachineLabeled", 0))
    task = answer.get("HumanTaskConfig", {})
    facts: dict[str, Any] = {
        "labeled": said(answer) or "the objects are being prepared",
        "task": task.get("TaskTitle"),
        "people for each object": task.get("NumberOfHumanWorkersPerDataObject"),
        "created": answer["CreationTime"],
        "label attribute": answer.get("LabelAttributeName"),
        "output": answer.get("LabelingJobOutput", {}).get("OutputDatasetS3Uri"),
        "failure": answer.get("FailureReason"),
    }
    shown = pages.card(answer["LabelingJobName"], status(answer), facts, boto3)
    return shown.replace("<table", _bar(labeled - machine, machine, total) + "<table", 1)


def _bar(human: int, machine: int, total: int) -> str:
    """How much people and the machine have labelled. The words below say the same."""
    if total == 0:
        return ""
    parts = "".join(
        f'<span style="display:inline-block;height:100%;width:{100 * count / total:.2f}%;background:{colour}"></span>'
        for count, colour in (
            (human, "var(--jp-success-color1,#2e7d32)"),
            (machine, "repeating-linear-gradient(45deg,#2f7ed8 0 4px,#6da6e6 4px 8px)"),
        )
    )
    label = f"{human + machine} of {total} labeled"
    return (
        f'<div role="img" aria-label="{label}" style="height:8px;min-width:320px;margin:8px 0 4px;border-radius:4px;'
        f'overflow:hidden;background:var(--jp-layout-color3,#ddd);white-space:nowrap;font-size:0">{parts}</div>'
    )


def text(answer: Mapping[str, Any]) -> str:
    """The job in a line or two."""
    parts = (answer["LabelingJobName"], _WORDS.get(status(answer), status(answer)), said(answer))
    lines = ["  ".join(part for part in parts if part)]
    if answer.get("FailureReason"):
        lines.append(f"  {answer['FailureReason']}")
    return "\n".join(lines)


class Certificate:
    """What is guaranteed of automatic labels. ``metadata`` is what stands in the manifest, ``words`` say it, ``curve`` is the
    error bound against the share that the machine labels."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.metadata: dict[str, Any] = dict(document["metadata"])
        self.words: list[str] = list(document["words"])
        self.curve: list[dict[str, float]] = list(document["curve"])
        self.epsilon = float(document["epsilon"])
        self._document = document

    @property
    def bound(self) -> float | None:
        """The upper bound of the error, a share (0..1)."""
        value = self.metadata.get("upper-bound")
        return None if value is None else float(value)

    def __str__(self) -> str:
        return "\n".join(self.words)

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        shown = importlib.import_module("clary.widgets.labeling_results").certificate_html(self._document)
        return {"text/plain": str(self), "text/html": shown}


def results_text(heading: str, document: Mapping[str, Any]) -> str:
    """A job's results in a few lines: labels, people, agreement, what is guaranteed."""
    lines = [heading]
    classes = [(one["label"], one["human"] + one["machine"]) for one in document.get("classes") or []]
    lines += _counts("labels", sorted((one for one in classes if one[1]), key=lambda one: -one[1]))
    people = [(one["name"], one["answers"]) for one in document.get("annotators") or []]
    lines += _counts("answers", people)
    agreement = document.get("agreement") or {}
    if agreement.get("value") is not None:
        said = f"{agreement['value']:.3f}"
        if agreement.get("low") is not None:
            said += f", 95 % interval {agreement['low']:.3f} to {agreement['high']:.3f}"
        lines.append(f"  agreement: {said} ({agreement['measure']})")
    certificate = document.get("certificate")
    if certificate:
        lines.append(f"  certificate: {' '.join(certificate['words'])}")
    return "\n".join(lines)


def _counts(title: str, found: Sequence[tuple[str, int]]) -> list[str]:
    """ "  labels: cat 7, dog 5", of many the first; nothing of none."""
    if not found:
        return []
    shown = ", ".join(f"{name} {count:,}" for name, count in found[:_NAMED])
    more = f", and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return [f"  {title}: {shown}{more}"]


class Results:
    """What a job's labels tell. ``document`` is the data; a notebook shows a page of charts, a terminal a few lines."""

    def __init__(self, name: str, document: Mapping[str, Any], heading: str = "") -> None:
        self.name = name
        self.document = dict(document)
        self._heading = heading or name

    @property
    def certificate(self) -> Certificate | None:
        found = self.document.get("certificate")
        return Certificate(found) if found else None

    def annotators(self) -> pandas.DataFrame:
        """A row a person: answers, speed, agreement with the others, right gold items."""
        import pandas

        rows = []
        for one in self.document.get("annotators", []):
            gold = one.get("gold") or {}
            known = {key: value for key, value in one.items() if key != "gold"}
            rows.append({**known, "gold_right": gold.get("right"), "gold_of": gold.get("of")})
        return pandas.DataFrame(rows)

    def agreement(self) -> pandas.DataFrame:
        """Columns ``of`` (all, class or annotator), ``name``, ``value``, ``low``, ``high``: 95 % intervals."""
        import pandas

        found = self.document.get("agreement") or {}
        rows = [("all", found.get("measure", ""), found.get("value"), found.get("low"), found.get("high"))]
        rows += [
            ("class", one["label"], one["value"], one["low"], one["high"])
            for one in found.get("by_class", [])
        ]
        rows += [
            (
                "annotator",
                one["name"],
                one.get("agreement"),
                one.get("agreement_low"),
                one.get("agreement_high"),
            )
            for one in self.document.get("annotators", [])
        ]
        return pandas.DataFrame(rows, columns=["of", "name", "value", "low", "high"])

    def __repr__(self) -> str:
        return results_text(self._heading, self.document)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Called by IPython: charts, and the same as tables."""
        shown = importlib.import_module("clary.widgets.labeling_results")
        return {"text/plain": repr(self), **shown.bundle(self.document, self._picture)}

    def figure(self) -> Any:
        """The results as Altair charts."""
        return importlib.import_module("clary.widgets.labeling_results").figure(self.document)

    def _picture(self, thing: int) -> bytes | None:
        """A small JPEG of an object, None where there is none (any more)."""
        from clary.api.http_types import Request
        from clary.sdk.api import send

        path = f"/clary/labeling-jobs/{self.name}/objects/{int(thing)}/image"
        try:
            return send(Request("GET", path, query="size=240", service="clary")).content()
        except ClaryError:
            return None
