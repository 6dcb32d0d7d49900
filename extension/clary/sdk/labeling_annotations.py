"""An output manifest as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

COLUMNS = ("source", "label", "confidence", "human", "created", "value")


def as_table(manifest: bytes, attribute: str) -> pandas.DataFrame:
    """A row for each line of ``manifest``; columns as in `COLUMNS`."""
    import pandas

    rows = [_row(json.loads(line), attribute) for line in manifest.splitlines() if line.strip()]
    frame = pandas.DataFrame(rows, columns=list(COLUMNS))
    created = pandas.to_datetime(frame["created"], utc=True, errors="coerce")
    return frame.assign(created=created, confidence=pandas.to_numeric(frame["confidence"]))


def _row(line: Mapping[str, Any], attribute: str) -> tuple[Any, ...]:
    source = line.get("source-ref", line.get("source"))
    metadata = line.get(f"{attribute}-metadata")
    if metadata is None:
        return source, None, None, None, None, None
    value = line.get(attribute)
    human = {"yes": True, "no": False}.get(str(metadata.get("human-annotated")))
    return source, _said(value, metadata), _confidence(metadata), human, metadata.get("creation-date"), value


def _said(value: Any, metadata: Mapping[str, Any]) -> Any:
    """The label as a person would say it."""
    if "class-name" in metadata:
        return metadata["class-name"]
    names = metadata.get("class-map", {})
    if isinstance(value, list):
        return [names.get(str(one), str(one)) for one in value]
    if isinstance(value, dict) and isinstance(value.get("annotations"), list):
        return [
            {"label": names.get(str(one["class_id"]), str(one["class_id"])), **_box(one)}
            for one in value["annotations"]
        ]
    if isinstance(value, dict) and isinstance(value.get("annotations"), dict):
        return value["annotations"].get("entities", [])
    return value


def _box(one: Mapping[str, Any]) -> dict[str, Any]:
    return {key: one[key] for key in ("left", "top", "width", "height") if key in one}


def _confidence(metadata: Mapping[str, Any]) -> float | None:
    """One number for the object; where each class, box or entity has its own, the least of them."""
    if "confidence" in metadata:
        return float(metadata["confidence"])
    several = list(metadata.get("confidence-map", {}).values())
    several += [
        one.get("confidence", 0) for one in (*metadata.get("objects", ()), *metadata.get("entities", ()))
    ]
    several += [one.get("confidence", 0) for one in metadata.get("internal-color-map", {}).values()]
    return float(min(several)) if several else None
