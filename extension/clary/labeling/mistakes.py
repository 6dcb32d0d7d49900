"""The mistakes that people make, for each kind of answer: what simulated annotators do to the right one."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from clary.labeling.task_type import Answer

Confusion = Mapping[str, Mapping[str, float]] | None

_MEMBERS = {
    "image-classification": "label",
    "text-classification": "label",
    "image-classification-multilabel": "labels",
    "text-classification-multilabel": "labels",
    "bounding-box": "boxes",
    "named-entity-recognition": "entities",
}
# How far the ends of a span are off, in characters, when they are.
_SPAN_SLIP = (-2, -1, 1, 2)


def full(value: Any, task: str, mode: str) -> Answer:
    """The answer that a short form stands for."""
    if isinstance(value, dict):
        return value
    member = "label" if mode == "verify" else _MEMBERS.get(task)
    if member is None:
        raise ValueError(f"The right answer for {task} must be an object, not {str(value)[:80]}.")
    return {member: str(value) if member == "label" else list(value)}


def made(
    right: Answer, source: Mapping[str, Any], labels: Sequence[str], accuracy: float, confusion: Confusion, noise: float,
    chance: random.Random,
) -> Answer:  # fmt: skip
    """The right answer with one person's mistakes in it; valid in every case."""
    if "label" in right:
        return {**right, "label": label(right["label"], labels, accuracy, confusion, chance)}
    if "labels" in right:
        chosen = set(right["labels"])
        return {"labels": [one for one in labels if (one in chosen) == (chance.random() < accuracy)]}
    if "boxes" in right:
        slip = _Slip(labels, accuracy, confusion, chance)
        size = int(source.get("width", 0)), int(source.get("height", 0))
        return {"boxes": [_box(one, size, noise, slip) for one in right["boxes"] if slip.sees()]}
    if "entities" in right:
        slip = _Slip(labels, accuracy, confusion, chance)
        return {"entities": _spans(right["entities"], len(str(source.get("text", ""))), slip)}
    if "runs" in right:
        return {**right, "runs": _runs(right["runs"], accuracy, chance)}
    return right


def label(
    right: str, labels: Sequence[str], accuracy: float, confusion: Confusion, chance: random.Random
) -> str:
    """One label, by the row of the confusion matrix, else right with the probability `accuracy`."""
    row = (confusion or {}).get(right)
    if row:
        return chance.choices(list(row), list(row.values()))[0]
    others = [one for one in labels if one != right]
    return right if chance.random() < accuracy or not others else chance.choice(others)


class _Slip:
    def __init__(
        self, labels: Sequence[str], accuracy: float, confusion: Confusion, chance: random.Random
    ) -> None:
        self.labels, self.accuracy, self.confusion, self.chance = labels, accuracy, confusion, chance

    def sees(self) -> bool:
        return self.chance.random() < self.accuracy

    def label(self, right: str) -> str:
        return label(right, self.labels, self.accuracy, self.confusion, self.chance)


def _box(box: Mapping[str, Any], size: tuple[int, int], noise: float, slip: _Slip) -> dict[str, Any]:
    """Every edge is off by a normal error, a share of the box's size; the box stays in the image."""

    def moved(value: float, length: float, most: int) -> int:
        return min(max(round(value + slip.chance.gauss(0, noise) * length), 0), most)

    width, height = size[0] or 2**31, size[1] or 2**31
    left, top = box["left"], box["top"]
    x0 = moved(left, box["width"], width - 1)
    y0 = moved(top, box["height"], height - 1)
    x1 = max(x0 + 1, moved(left + box["width"], box["width"], width))
    y1 = max(y0 + 1, moved(top + box["height"], box["height"], height))
    return {"label": slip.label(box["label"]), "left": x0, "top": y0, "width": x1 - x0, "height": y1 - y0}


def _spans(spans: Sequence[Mapping[str, Any]], length: int, slip: _Slip) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    least = 0
    for one in sorted(spans, key=lambda span: span["startOffset"]):
        if not slip.sees():
            continue
        start, end = one["startOffset"], one["endOffset"]
        if not slip.sees():
            start = start + slip.chance.choice(_SPAN_SLIP)
        if not slip.sees():
            end = end + slip.chance.choice(_SPAN_SLIP)
        start, end = max(start, least), min(end, length)
        if end > start:
            found.append({"label": slip.label(one["label"]), "startOffset": start, "endOffset": end})
            least = end
    return found


def _runs(runs: Sequence[Sequence[int]], accuracy: float, chance: random.Random) -> list[list[int]]:
    """Borders between runs slip by a pixel, each with the probability 1 - accuracy."""
    moved = [list(one) for one in runs]
    for here, there in pairwise(moved):
        if chance.random() >= accuracy:
            if chance.random() < 0.5 and here[1] > 1:
                here[1], there[1] = here[1] - 1, there[1] + 1
            elif there[1] > 1:
                here[1], there[1] = here[1] + 1, there[1] - 1
    return moved
