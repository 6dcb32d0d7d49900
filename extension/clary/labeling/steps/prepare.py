"""Preparing a job: the input manifest's lines become objects, checked and measured.

Objects are added in pieces, each in a transaction of its own: a step that was killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from clary.labeling import manifest, tasks
from clary.labeling.manifest import Line, ManifestError
from clary.labeling.steps import custom
from clary.labeling.steps.outcome import StepFailed
from clary.labeling.task_type import Answer, BadAnswer, DataObject
from clary.labeling.tasks.labels import of_job
from clary.labeling.work import NewObject
from clary.labeling.work.images import ImageError, measure, path_of
from clary.objects import ObjectsError

if TYPE_CHECKING:
    from clary.labeling.steps.entry import Context

_PIECE = 2000
_READERS = 4


def prepare(context: Context) -> None:
    """Add all objects and gold items, and open the job to people. Raises StepFailed."""
    settings = context.work.settings
    lines = _lines(context, settings.input_uri, "input manifest")
    make = _Maker(context)
    _add(context, lines, len_of(context, "item"), make.item)
    if context.work.status == "Stopping":
        return
    if settings.gold is not None:
        known = _lines(context, settings.gold.uri, "manifest of gold items")
        _add(context, known, len_of(context, "gold"), make.gold)
    _refuse_hopeless(context)
    context.work.start()


def complete(context: Context) -> None:
    """Of a job that was stopped before it was prepared: the rest of its lines as they are, for the output to be whole."""
    if context.work.fact("prepared", False):
        return
    lines = _lines(context, context.work.settings.input_uri, "input manifest")
    done = len_of(context, "item")
    context.work.add(NewObject(line.raw.decode()) for line in lines[done:])
    context.work.set(prepared=True)


def len_of(context: Context, role: str) -> int:
    """How many objects of the role there are already."""
    counts = context.work.counts()
    return counts.get("total" if role == "item" else "gold", 0)


def _lines(context: Context, uri: str, what: str) -> list[Line]:
    custom_input = bool(context.work.settings.pre)
    wanted = {"image": "source-ref", "text": "source"}[context.work.task.modality]
    try:
        return manifest.read_all(context.objects.read_uri(uri), None if custom_input else wanted)  # type: ignore[arg-type]
    except ManifestError as error:
        raise StepFailed(f"ClientError: The {what} {uri} cannot be used. {error}") from None
    except ObjectsError as error:
        raise StepFailed(f"ClientError: The {what} {uri} cannot be read: {error}") from None


def _add(context: Context, lines: Sequence[Line], done: int, make: Callable[[int, Line], NewObject]) -> None:
    rest = islice(enumerate(lines), done, None)
    with ThreadPoolExecutor(_READERS) as pool:
        # Images wait for the disk; texts would only wait for each other.
        over = pool.map if context.work.task.modality == "image" else map
        while piece := list(islice(rest, _PIECE)):
            if context.work.status == "Stopping":
                return
            context.work.add(list(over(make, *zip(*piece, strict=True))))


def _refuse_hopeless(context: Context) -> None:
    """A job none of whose objects can be shown would only look like one that waits for people."""
    counts = context.work.counts()
    if counts.get("failed", 0) and counts["failed"] == counts.get("total", 0):
        first = context.work.objects(limit=1, state="failed")[0]
        raise StepFailed(
            f"ClientError: None of the {counts['failed']:,} data objects can be labeled. The first: {first.reason}"
        )


class _Maker:
    """Turns lines into objects."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.work.settings
        self._base = tasks.find(self._settings.task)
        self._image = context.work.task.modality == "image"
        self._before = custom.before(context.home, self._settings)

    def item(self, number: int, line: Line) -> NewObject:
        """An object to be labelled; failed, with the reason, where it cannot be."""
        text, settings = line.raw.decode(), self._settings
        if settings.mode == "label" and settings.attribute in line.value:
            return NewObject(text, state="chained", known=self._earlier(number, line))
        try:
            shown = self._before(line.value)
            if shown is None:
                return NewObject(text, state="failed", reason="The pre-annotation function left it out.")
            width, height, size = self._measured(shown.get("image") or line.value.get("source-ref"))
            thing = DataObject(number, line.value, width, height, shown=shown.get("text"))
            known = {**self._suggested(shown, thing), **self._prelabel(thing)}
        except (ImageError, BadAnswer, ObjectsError, custom.FunctionFailed) as error:
            return NewObject(text, state="failed", reason=f"{error}")
        if size:
            shown["bytes"] = size
        return NewObject(text, width, height, shown=shown, known=known)

    def gold(self, number: int, line: Line) -> NewObject:
        """A gold item. One that is no good is the requester's mistake, and ends the job."""
        gold = self._settings.gold
        assert gold is not None
        try:
            # Gold is labelled whatever the function thinks of it.
            shown = self._before(line.value) or {}
            width, height, size = self._measured(shown.get("image") or line.value.get("source-ref"))
            thing = DataObject(number, line.value, width, height, shown=shown.get("text"))
            answer, _ = self._read(thing, gold.attribute)
            answer = self._context.work.task.check(
                answer, thing, self._settings
            )  # so that people can give it
            prelabel = self._prelabel(thing)
        except (ImageError, BadAnswer, ObjectsError, custom.FunctionFailed) as error:
            raise StepFailed(
                f"ClientError: Line {line.number} of the manifest of gold items cannot be used: {error}"
            ) from None
        return NewObject(
            line.raw.decode(),
            width,
            height,
            role="gold",
            shown={**shown, "bytes": size} if size else shown,
            known={**prelabel, "gold": (answer, None, gold.attribute)},
        )

    def _measured(self, uri: Any) -> tuple[int, int, int]:
        if not self._image:
            return 0, 0, 0
        path = path_of(self._context.home, str(uri))
        return (*measure(path), path.stat().st_size)

    def _suggested(
        self, shown: dict[str, Any], thing: DataObject
    ) -> dict[str, tuple[Answer, float | None, str]]:
        """The answer that a template begins with."""
        suggestion = shown.pop("suggestion", None)
        if suggestion is None or self._settings.mode != "label":
            return {}
        return {"prelabel": (self._base.check(suggestion, thing, self._settings), None, "template")}

    def _prelabel(self, thing: DataObject) -> dict[str, tuple[Answer, float | None, str]]:
        """The label that is looked at or suggested."""
        settings = self._settings
        if settings.mode != "label":
            if settings.audit_attribute not in thing.line:
                raise BadAnswer(f"It has no label {settings.audit_attribute!r} to look at.")
            answer, confidence = self._read(thing, settings.audit_attribute)
            return {"prelabel": (answer, confidence, settings.audit_attribute)}
        attribute = settings.prelabel_attribute
        if not attribute or attribute not in thing.line:
            return {}
        answer, confidence = self._read(thing, attribute)
        usable = of_job(answer, settings)
        if usable is None:
            return {}
        # What lacks a part of what was found helps people, and is not to be taken over by the machine.
        kind = "prelabel" if usable == answer else "hint"
        return {kind: (self._base.check(usable, thing, settings), confidence, attribute)}

    def _earlier(self, number: int, line: Line) -> dict[str, tuple[Answer, float | None, str]]:
        """The label that an earlier job left. One that cannot be read stays in the manifest, and nothing learns from it."""
        try:
            answer, confidence = self._read(DataObject(number, line.value), self._settings.attribute)
        except (BadAnswer, ObjectsError):
            return {}
        return {"earlier": (answer, confidence, self._settings.attribute)}

    def _read(self, thing: DataObject, attribute: str) -> tuple[Answer, float | None]:
        value, metadata = thing.line.get(attribute), thing.line.get(f"{attribute}-metadata", {})
        if value is None:
            raise BadAnswer(f"It has no label {attribute!r}.")
        metadata = metadata if isinstance(metadata, dict) else {}
        file = self._context.objects.read_uri(str(value)) if self._base.reference else None
        task = self._base if attribute != self._settings.attribute else self._context.work.task
        gold = self._settings.gold
        if gold is not None and attribute == gold.attribute:
            task = self._context.work.task
        return task.read(value, metadata, thing, self._settings, file), confidence_of(metadata)


def confidence_of(metadata: dict[str, Any]) -> float | None:
    """The least confidence that a label's metadata state, in whatever form its type has."""
    found: list[float] = []
    values: list[Any] = [metadata.get("confidence")]
    for name in ("objects", "entities"):
        some = metadata.get(name)
        values += (
            [one.get("confidence") for one in some if isinstance(one, dict)] if isinstance(some, list) else []
        )
    some = metadata.get("confidence-map")
    values += list(some.values()) if isinstance(some, dict) else []
    for value in values:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            found.append(float(value))
    return min(found) if found else None
