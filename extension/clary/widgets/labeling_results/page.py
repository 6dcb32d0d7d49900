"""The page of a job's results."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from clary.widgets.labeling_results import marks
from clary.widgets.labeling_results.proof import certificate_html

Picture = Callable[[int], bytes | None]
_MOST_CLASSES = 40
_GALLERY = 12


def bundle(document: Mapping[str, Any], picture: Picture | None = None) -> dict[str, Any]:
    """What IPython shows. `picture`: gives a small JPEG of an object, for the gallery."""
    return {"text/html": html(document, picture)}


def html(document: Mapping[str, Any], picture: Picture | None = None) -> str:
    """The whole page; parts that there is nothing for are left out."""
    certificate = document.get("certificate")
    parts = [
        marks.card("Certificate of the automatic labels", certificate_html(certificate))
        if certificate
        else "",
        _classes(document.get("classes") or []),
        _confidence(document.get("confidence")),
        _agreement(document.get("agreement")),
        _annotators(document.get("annotators") or []),
        _confusion(document.get("confusion")),
        _rounds(document.get("rounds") or []),
        _doubtful(document.get("doubtful") or [], picture),
    ]
    shown = "".join(parts) or "<p>Nobody has labeled anything yet.</p>"
    return (
        '<div style="font-family:var(--jp-ui-font-family,sans-serif);font-size:13px;line-height:1.45;max-width:900px;'
        f'color:var(--jp-ui-font-color1,inherit)">{shown}</div>'
    )


def _classes(classes: Sequence[Mapping[str, Any]]) -> str:
    if not any(one["human"] or one["machine"] for one in classes):
        return ""
    most = max(one["human"] + one["machine"] for one in classes)
    machine = any(one["machine"] for one in classes)
    shown = (
        sorted(classes, key=lambda one: -(one["human"] + one["machine"]))
        if len(classes) > _MOST_CLASSES
        else classes
    )
    rows = [
        (
            escape(str(one["label"])),
            marks.bar([(one["human"] / most, marks.HUMAN), (one["machine"] / most, marks.MACHINE)]),
            f"{one['human']:,}",
            *([f"{one['machine']:,}"] if machine else []),
            marks.percent(one["share"]),
        )
        for one in shown[:_MOST_CLASSES]
    ]
    heads = ["Label", "", "By people", *(["By the machine"] if machine else []), "Share"]
    rest = len(classes) - _MOST_CLASSES
    note = f"The {_MOST_CLASSES} most frequent ones; {rest} more." if rest > 0 else ""
    legend = marks.legend({"people": marks.HUMAN, "machine (dotted)": marks.MACHINE}) if machine else ""
    return marks.card("Labels", legend + marks.table(heads, rows), note)


def _confidence(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    legend = (
        marks.legend({"people": marks.HUMAN, "machine (dotted)": marks.MACHINE})
        if any(found["machine"])
        else ""
    )
    body = marks.histogram(found["edges"], found["human"], found["machine"])
    return marks.card("Confidence", legend + body, "Objects by the confidence of their label.")


def _agreement(found: Mapping[str, Any] | None) -> str:
    if not found or found.get("value") is None:
        return ""
    rows = [_interval_row("All", found)]
    rows += [_interval_row(one["label"], one) for one in found.get("by_class", [])[:_MOST_CLASSES]]
    note = f"{found['measure']}: 1 is full agreement, 0 is chance; with 95 % intervals."
    if found.get("class_measure", "").startswith("mean"):
        note += " Classes: how alike what has the class is."
    return marks.card("Agreement", marks.table(["", "", "Value", "95 % interval"], rows), note)


def _interval_row(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    between = f"{marks.number(one['low'])} to {marks.number(one['high'])}"
    drawn = marks.interval(one["value"], one["low"], one["high"])
    return escape(str(name)), drawn, marks.number(one["value"]), between


def _annotators(people: Sequence[Mapping[str, Any]]) -> str:
    if not people:
        return ""
    gold = any(one.get("gold") for one in people)
    rows = []
    for one in people:
        agreement = ""
        if one["agreement"] is not None:
            agreement = (
                f"{marks.percent(one['agreement'])} ({marks.percent(one['agreement_low'])} to "
                f"{marks.percent(one['agreement_high'])})"
            )
        cells = [
            escape(str(one["name"])),
            f"{one['answers']:,}",
            marks.number(one["median_seconds"], 1),
            marks.number(one["items_per_hour"], 0),
            agreement or "-",
        ]
        if gold:
            known = one.get("gold")
            cells.append(f"{known['right']} of {known['of']}" if known else "-")
        rows.append(cells)
    heads = ["Annotator", "Answers", "Seconds, median", "An hour", "Agrees with the others"]
    return marks.card("Annotators", marks.table([*heads, *(["Gold items right"] if gold else [])], rows))


def _confusion(found: Mapping[str, Any] | None) -> str:
    if not found or len(found["labels"]) < 2 or len(found["labels"]) > 30:
        return ""
    note = "A row is one person's label, a column another's for the same thing, in percent of the row."
    return marks.card("Confusion between annotators", marks.heat(found["labels"], found["matrix"]), note)


def _rounds(rounds: Sequence[Mapping[str, Any]]) -> str:
    if len(rounds) < 2:
        return ""
    purposes = {
        "train": "to learn from",
        "audit": "to check the machine by",
        "rest": "what the machine must not label",
    }
    rows = [
        (
            str(one["batch"]),
            escape(purposes.get(one["purpose"], str(one["purpose"]))),
            f"{one['size']:,}",
            marks.percent(one.get("accuracy")),
        )
        for one in rounds
    ]
    return marks.card(
        "Rounds", marks.table(["Round", "For the machine", "Objects", "It had right beforehand"], rows)
    )


def _doubtful(things: Sequence[Mapping[str, Any]], picture: Picture | None) -> str:
    if not things:
        return ""
    items = "".join(_thing(one, picture) for one in things[:_GALLERY])
    grid = "display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:12px"
    note = "" if len(things) <= _GALLERY else f"The first {_GALLERY} of {len(things)}."
    return marks.card("Doubtful objects", f'<div style="{grid}">{items}</div>', note)


def _thing(one: Mapping[str, Any], picture: Picture | None) -> str:
    source = one["source"]
    if source["kind"] == "text":
        shown = f'<blockquote style="margin:0 0 4px 0">{escape(str(source.get("text", "")))}</blockquote>'
    else:
        name = str(source.get("name") or f"Object {one['id']}")
        data = picture(one["id"]) if picture else None
        shown = (
            f'<img alt="{escape(name, quote=True)}" style="max-width:100%;max-height:150px;display:block" '
            f'src="data:image/jpeg;base64,{b64encode(data).decode()}"/>'
            if data
            else f"<div><code>{escape(name)}</code></div>"
        )
    votes = "".join(
        f"<div>{escape(str(vote['worker']))}: <b>{escape(_words(vote['answer']))}</b></div>"
        for vote in one["votes"]
    )
    sure = "" if one.get("confidence") is None else f", confidence {one['confidence']:.2f}"
    return (
        f'<div style="border:1px solid {marks.LINE};border-radius:4px;padding:8px;min-width:0;overflow:hidden">{shown}'
        f'<div style="color:{marks.DIM};font-size:12px">{escape(str(one["why"]))}{sure}</div>'
        f'<div style="font-size:12px">{votes}</div></div>'
    )


def _words(answer: Mapping[str, Any]) -> str:
    """An answer in a few words."""
    if "label" in answer:
        return str(answer["label"])
    if "labels" in answer:
        return ", ".join(map(str, answer["labels"])) or "none"
    for name in ("boxes", "entities"):
        if name in answer:
            counts: dict[str, int] = {}
            for one in answer[name]:
                counts[str(one["label"])] = counts.get(str(one["label"]), 0) + 1
            return ", ".join(f"{count} x {label}" for label, count in counts.items()) or f"no {name}"
    return "a mask"
