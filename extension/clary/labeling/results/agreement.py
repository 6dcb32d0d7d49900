"""How far annotators agree, as a page wants it."""

from __future__ import annotations

from typing import Any

from clary.labeling.agreement import Figure
from clary.labeling.results.look import Look

_CLASSES = 100
_DISTANCES = {
    "labels": "Jaccard distance",
    "boxes": "IoU of matched boxes",
    "runs": "mean IoU of the classes",
    "entities": "overlap of matched entities",
}


def of_all(look: Look) -> dict[str, Any] | None:
    """{measure, value, low, high, class_measure, by_class: [{label, value, low, high}]}; None where no object has several
    answers."""
    if not look.shared:
        return None
    found = look.agreement
    distance = _DISTANCES.get(look.kind)
    by_class = [{"label": one.label, **members(one.figure)} for one in found.by_class[:_CLASSES]]
    return {
        "measure": f"{found.measure} ({distance})" if distance else found.measure,
        **members(found.alpha),
        "class_measure": found.measure if look.kind in ("label", "labels") else "mean likeness",
        "by_class": by_class,
    }


def members(figure: Figure) -> dict[str, float | None]:
    return {"value": figure.value, "low": figure.low, "high": figure.high}
