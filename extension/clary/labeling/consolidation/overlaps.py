"""Which of many marks overlap, and how far: intersection over union of boxes, and of spans, which are boxes of height one.

A few are compared one by one. Of many, only those are that lie side by side, in arrays: a thousand boxes in an image are no
reason to look at a million pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Extent = tuple[int, int, int, int]  # left, top, right, bottom

# Pairs from which on arrays are quicker than a loop; rows that are compared at once; pairs that become Python's at once.
_FEW, _BLOCK, _CHUNK = 1_000, 256, 10_000


@dataclass(frozen=True)
class Marks:
    """Where marks are, and what they are called."""

    extents: Sequence[Extent]
    labels: Sequence[str]

    def __len__(self) -> int:
        return len(self.extents)


def iou(one: Extent, other: Extent) -> float:
    """Intersection over union, 0..1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return float(common / (_area(one) + _area(other) - common))


def ranked(
    ones: Marks, others: Marks, least: float = 0.0, prefer: float = 0.0
) -> Iterator[tuple[float, int, int]]:
    """(likeness, index in `ones`, index in `others`) of all pairs that overlap, the most alike first, as far as they are at
    least `least` alike. `prefer`: what an equal label adds to a likeness."""
    if len(ones) * len(others) <= _FEW:
        found = [
            (value + prefer * (ones.labels[i] == others.labels[j]), i, j)
            for i, one in enumerate(ones.extents)
            for j, other in enumerate(others.extents)
            if (value := iou(one, other)) > 0
        ]
        yield from sorted(
            (one for one in found if one[0] >= least), key=lambda one: (-one[0], one[1], one[2])
        )
        return
    import numpy as np

    values, rows, columns = _many(ones, others, least, prefer)
    order = np.lexsort((columns, rows, -values))
    for first in range(0, len(order), _CHUNK):
        some = order[first : first + _CHUNK]
        yield from zip(values[some].tolist(), rows[some].tolist(), columns[some].tolist(), strict=True)


def _many(ones: Marks, others: Marks, least: float, prefer: float) -> tuple[Any, Any, Any]:
    """Likenesses, rows and columns of the pairs, in no order."""
    import numpy as np

    numbers = {name: number for number, name in enumerate({*ones.labels, *others.labels})}
    here, there = (np.array([numbers[name] for name in marks.labels]) for marks in (ones, others))
    a, b = (np.array(marks.extents, np.float64) for marks in (ones, others))
    rows, columns = np.argsort(a[:, 0], kind="stable"), np.argsort(b[:, 0], kind="stable")
    lefts, widest = b[columns, 0], (b[:, 2] - b[:, 0]).max()
    found = []
    for first in range(0, len(rows), _BLOCK):
        some = rows[first : first + _BLOCK]
        low = np.searchsorted(lefts, a[some, 0].min() - widest, "right")
        high = np.searchsorted(lefts, a[some, 2].max(), "left")
        beside = columns[low:high]
        values = _ious(a[some], b[beside])
        i, j = np.nonzero(values)
        i, j, values = some[i], beside[j], values[i, j]
        values = values + prefer * (here[i] == there[j])
        alike = values >= least
        found.append((values[alike], i[alike], j[alike]))
    values, i, j = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return values, i, j


def _ious(a: Any, b: Any) -> Any:
    """(rows of a, rows of b)."""
    import numpy as np

    width = np.minimum(a[:, None, 2], b[:, 2]) - np.maximum(a[:, None, 0], b[:, 0])
    height = np.minimum(a[:, None, 3], b[:, 3]) - np.maximum(a[:, None, 1], b[:, 1])
    common = np.maximum(width, 0) * np.maximum(height, 0)
    return common / (_area(a.T)[:, None] + _area(b.T) - common)


def _area(extent: Any) -> Any:
    return (extent[2] - extent[0]) * (extent[3] - extent[1])
