"""Which labels annotators take for each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from clary.labeling.results.look import Look
from clary.labeling.task_type import Answer

_COMPARED = 4_000
_MOST = 60
_SAME_THING = 0.5  # IoU, or Jaccard index of spans, from which two marks mean the same thing


def between_annotators(look: Look) -> dict[str, Any] | None:
    """{labels, matrix}: how often one person gave a row's label where another gave the column's, to the same object (box,
    entity); of masks, pixels in thousands of each image. Symmetric. None where nothing can be compared, of multi-label tasks
    (what stands for what?), and where the labels are too many for a table."""
    names = [*look.labels]
    if look.kind == "runs":
        names = ["BACKGROUND", *names]
    if look.kind == "labels" or not look.shared or len(names) > _MOST:
        return None
    if look.kind == "label":
        table = look.agreement.confusion
        return {"labels": names, "matrix": table} if any(map(any, table)) else None
    places = {name: place for place, name in enumerate(names)}
    matrix = [[0.0] * len(names) for _ in names]
    for thing in look.shared[:: max(1, len(look.shared) // _COMPARED)]:
        for one, other in combinations(look.votes[thing], 2):
            for row, column, count in _pairs(one.answer, other.answer, look, places):
                matrix[row][column] += count
                matrix[column][row] += count
    if not any(map(any, matrix)):
        return None
    return {"labels": names, "matrix": [[round(one) for one in row] for row in matrix]}


def _pairs(
    one: Answer, other: Answer, look: Look, places: dict[str, int]
) -> Iterator[tuple[int, int, float]]:
    if look.kind == "runs":
        yield from _pixels(one, other)
    else:
        yield from _marks(one[look.kind], other[look.kind], look.kind, places)


def _marks(
    ones: list[dict[str, Any]], others: list[dict[str, Any]], kind: str, places: dict[str, int]
) -> Iterator[tuple[int, int, float]]:
    from clary.labeling.consolidation.matching import pairs
    from clary.labeling.tasks import boxes, spans

    place = boxes.place if kind == "boxes" else spans.place
    for i, j, _ in pairs(ones, others, place, least=_SAME_THING, same_label=False):
        here, there = places.get(ones[i]["label"]), places.get(others[j]["label"])
        if here is not None and there is not None:
            yield here, there, 1


def _pixels(one: Answer, other: Answer) -> Iterator[tuple[int, int, float]]:
    import numpy as np

    from clary.labeling.tasks.masks import common

    if (one["width"], one["height"]) != (other["width"], other["height"]):
        return
    runs = [np.asarray(answer["runs"], dtype=np.int64).reshape(-1, 2) for answer in (one, other)]
    classes, lengths = common(runs)
    size = int(classes.max(initial=0)) + 1
    table = np.bincount(classes[0] * size + classes[1], weights=lengths, minlength=size * size)
    scale = 1000 / max(1, one["width"] * one["height"])
    for row, column in zip(*np.nonzero(table.reshape(size, size)), strict=True):
        yield int(row), int(column), float(table[row * size + column]) * scale
