"""Polygons and masks, exactly: what is traced around a mask fills the same pixels again.

A pixel belongs to a polygon when its centre lies inside (even-odd rule). Traced polygons run along the edges of pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Point = tuple[int, int]


def fill(polygon: Sequence[float], height: int, width: int) -> NDArray[np.bool_]:
    """The mask [height, width] of one polygon ``x1 y1 x2 y2 ...`` (pixels). Raises ValueError for fewer than three points."""
    points = np.asarray(polygon, dtype=np.float64)
    if points.size < 6 or points.size % 2:
        raise ValueError(
            f"a polygon of {points.size} numbers: it needs three points or more, two numbers each"
        )
    if not np.isfinite(points).all():
        raise ValueError("a polygon with coordinates that are no numbers")
    x0, y0 = points[0::2], points[1::2]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    # Rows whose centre line each edge crosses: [first, last).
    low, high = np.minimum(y0, y1), np.maximum(y0, y1)
    first = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)
    last = np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64)
    counts = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(points.size // 2), counts)
    row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    rise = y1[edge] - y0[edge]
    x = x0[edge] + (row + 0.5 - y0[edge]) / rise * (x1[edge] - x0[edge])
    column = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
    # Each crossing turns the pixels to the right of it inside out.
    crossings = np.zeros((height, width + 1), dtype=np.int32)
    np.add.at(crossings, (row, column), 1)
    inside: NDArray[np.bool_] = np.cumsum(crossings, axis=1)[:, :width] % 2 == 1
    return inside


def trace(mask: NDArray[Any]) -> Iterator[list[Point]]:
    """Polygons around the parts of a mask [height, width], one for each 4-connected part; a hole is joined to its outline by a
    seam without width, since most formats know no holes. Points are corners of pixels, (x, y)."""
    from scipy import ndimage

    parts, count = ndimage.label(mask)
    for number, place in enumerate(ndimage.find_objects(parts, count), 1):
        rows, columns = place
        loops = _loops(parts[place] == number)
        outline = max(loops, key=_area)
        holes = sorted(
            (loop for loop in loops if loop is not outline), key=lambda loop: min(x for x, _ in loop)
        )
        for hole in holes:
            outline = _joined(outline, hole)
        yield [(x + columns.start, y + rows.start) for x, y in outline]


def _loops(part: NDArray[np.bool_]) -> list[list[Point]]:
    """The closed lines around a part, clockwise (y down) around it and the other way around its holes."""
    padded = np.pad(part, 1).astype(np.int8)
    following: dict[Point, list[Point]] = {}
    for start, end in [*_edges(np.diff(padded, axis=0)), *_turned(_edges(-np.diff(padded, axis=1).T))]:
        following.setdefault(start, []).append(end)
    loops = []
    while following:
        start = next(iter(following))
        loop = [start]
        here, there = start, following[start][0]
        while True:
            _taken(following, here, there)
            if there == start and not _goes_on(following, here, there, loop):
                break
            loop.append(there)
            here, there = there, _turn_right(here, there, following[there])
        loops.append(loop)
    return loops


def _edges(change: NDArray[np.int8]) -> Iterator[tuple[Point, Point]]:
    """Horizontal lines between rows where the mask changes: to the right where the part is below, to the left where above."""
    for y in range(change.shape[0]):
        line = change[y]
        if not line.any():
            continue
        starts = np.concatenate(([0], np.flatnonzero(np.diff(line)) + 1))
        ends = np.concatenate((starts[1:], [line.size]))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            # One pixel of padding before.
            if line[start] > 0:
                yield (start - 1, y), (end - 1, y)
            elif line[start] < 0:
                yield (end - 1, y), (start - 1, y)


def _turned(edges: Iterator[tuple[Point, Point]]) -> Iterator[tuple[Point, Point]]:
    for (x0, y0), (x1, y1) in edges:
        yield (y0, x0), (y1, x1)


def _turn_right(before: Point, here: Point, choices: list[Point]) -> Point:
    """Where two parts touch in a corner, turning right keeps them apart."""
    if len(choices) == 1:
        return choices[0]
    dx, dy = here[0] - before[0], here[1] - before[1]
    return max(choices, key=lambda point: dx * (point[1] - here[1]) - dy * (point[0] - here[0]))


def _taken(following: dict[Point, list[Point]], start: Point, end: Point) -> None:
    following[start].remove(end)
    if not following[start]:
        del following[start]


def _goes_on(following: dict[Point, list[Point]], before: Point, here: Point, loop: list[Point]) -> bool:
    """Whether a line that is back at its first point only touches itself there: the right turn is not how it began."""
    choices = [*following.get(here, []), loop[1]]
    return len(choices) > 1 and _turn_right(before, here, choices) != loop[1]


def _area(loop: Sequence[Point]) -> float:
    """Twice the area; above zero for clockwise lines (y down)."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(loop, [*loop[1:], loop[0]], strict=True))


def _joined(outline: list[Point], hole: list[Point]) -> list[Point]:
    """A hole entered and left by the same seam, from the nearest corner of the outline."""
    start = min(range(len(hole)), key=lambda place: hole[place])
    x, y = hole[start]
    at = min(range(len(outline)), key=lambda place: abs(outline[place][0] - x) + abs(outline[place][1] - y))
    around = [*hole[start:], *hole[:start], hole[start]]
    return [*outline[: at + 1], *around, *outline[at:]]
