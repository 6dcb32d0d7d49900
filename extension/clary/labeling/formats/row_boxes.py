"""Boxes in rows: one row a box, the rows of an image together or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.labeling.formats.format import Item, ReadOptions, split_of
from clary.labeling.formats.geometry import pixel_box

if TYPE_CHECKING:
    from clary.labeling.formats.rows import Columns, Row, Rows

SIZES = ("left", "top", "width", "height")
EDGES = ("xmin", "ymin", "xmax", "ymax")
"""From 0, and xmax, ymax are the first pixels outside: ``width = xmax - xmin``, as torchvision counts."""


def boxed_items(
    rows: Rows, columns: Columns, labels: tuple[str, ...], root: Path, options: ReadOptions
) -> Iterator[Item]:
    """An item for each image; rows without a label and edges stand for images with nothing on them. The numbers of the rows are
    held in memory, for the boxes of an image may be anywhere."""
    from clary.labeling.formats.rows import picture

    found: dict[tuple[str, str], list[tuple[str, tuple[Any, ...]]]] = {}
    roles = SIZES if columns.has(*SIZES) else EDGES
    for where, row in rows():
        split = split_of(str(columns.value(row, "split") or ""))
        if options.split is not None and not options.wants(split):
            continue
        image = columns.value(row, "image")
        cells = (columns.value(row, "label"), columns.value(row, "confidence"), *_cells(row, columns, roles))
        found.setdefault((str(image or ""), split), []).append((where, cells))
    for (image, split), entries in found.items():
        item = picture(image or None, split, entries[0][0], root, options)
        if item is not None:
            yield _with_boxes(item, entries, roles is SIZES, frozenset(labels), options)


def _cells(row: Row, columns: Columns, roles: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(columns.value(row, role) for role in roles)


def _with_boxes(
    item: Item,
    entries: list[tuple[str, tuple[Any, ...]]],
    sizes: bool,
    known: frozenset[str],
    options: ReadOptions,
) -> Item:
    from clary.labeling.formats.rows import word

    boxes, scores = [], []
    for where, (label, confidence, *cells) in entries:
        if label is None and not any(cell is not None for cell in cells):
            continue
        if label is None or word(label) not in known:
            options.problems.add(
                where,
                "the box has no label" if label is None else f"the label {label!r} is not among the labels",
            )
            continue
        try:
            left, top, right, bottom = (float(cell) for cell in cells)
            score = None if confidence is None else float(confidence)
        except (TypeError, ValueError):
            options.problems.add(
                where, f"the box {cells} is not four numbers", "A box needs all its four numbers."
            )
            continue
        if sizes:
            right, bottom = left + right, top + bottom
        box = pixel_box(
            word(label), left, top, right, bottom, item.width, item.height, where, options.problems
        )
        if box is not None:
            boxes.append(box)
            scores.append(score)
    told = tuple(score for score in scores if score is not None)
    return replace(item, answer={"boxes": boxes}, scores=told if len(told) == len(scores) else ())
