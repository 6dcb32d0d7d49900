"""Entities of a text as rows and lines hold them: ``[start, end, "label"]`` or objects with those members."""

from __future__ import annotations

from typing import Any

from clary.labeling.formats.problems import Problems
from clary.labeling.task_type import Answer

_STARTS, _ENDS = ("startOffset", "start", "start_offset", "begin"), ("endOffset", "end", "end_offset")


def entities(value: Any, text: str, known: frozenset[str], where: str, problems: Problems) -> Answer | None:
    """The answer (code points, end exclusive), in the order of the text; None when it is no list. Entities that are reversed,
    outside the text, overlap, or have other labels are problems and left out."""
    if not isinstance(value, (list, tuple)):
        problems.add(
            where, f"its entities are no list: {str(value)[:60]!r}", 'An entity is [start, end, "label"].'
        )
        return None
    found: list[dict[str, Any]] = []
    for entry in value:
        one = _entity(entry)
        if one is None:
            problems.add(where, f"{str(entry)[:60]!r} is no entity", 'An entity is [start, end, "label"].')
            continue
        start, end, label = one
        if not 0 <= start < end <= len(text):
            problems.add(
                where, f"the entity {label!r} from {start} to {end} is not within the text of {len(text)} characters",
                "Offsets count Unicode characters from 0; the end is the first character behind.",
            )  # fmt: skip
        elif label not in known:
            problems.add(where, f"the label {label!r} is not among the labels")
        else:
            found.append({"label": label, "startOffset": start, "endOffset": end})
    found.sort(key=lambda span: (span["startOffset"], span["endOffset"]))
    kept: list[dict[str, Any]] = []
    for span in found:
        if kept and span["startOffset"] < kept[-1]["endOffset"]:
            problems.add(
                where, f"the entities at {kept[-1]['startOffset']} and {span['startOffset']} overlap",
                "Ground Truth's entities do not overlap: keep one of them.",
            )  # fmt: skip
        else:
            kept.append(span)
    return {"entities": kept}


def _entity(entry: Any) -> tuple[int, int, str] | None:
    if isinstance(entry, dict):
        start = next((entry[name] for name in _STARTS if name in entry), None)
        end = next((entry[name] for name in _ENDS if name in entry), None)
        label = entry.get("label")
    elif isinstance(entry, (list, tuple)) and len(entry) == 3:
        start, end, label = entry
    else:
        return None
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in (start, end))
    if not whole or not isinstance(label, (str, int)):
        return None
    return int(start), int(end), str(label)  # type: ignore[arg-type]
