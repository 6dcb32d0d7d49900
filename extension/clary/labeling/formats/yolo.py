"""YOLO's text files: one a picture, one line an object, in shares of the picture; the classes' names in data.yaml.

``class x y width height`` is a box by its centre, a sixth number its confidence; ``class x1 y1 x2 y2 x3 y3 ...`` is a polygon.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.labeling.formats.format import (
    BOXES,
    PIXELS,
    Collection,
    Format,
    Item,
    ReadOptions,
    WriteOptions,
    wanted_task,
)
from clary.labeling.formats.geometry import pixel_box
from clary.labeling.formats.pictures import measured
from clary.labeling.formats.problems import Problems
from clary.labeling.formats.yolo_layout import Layout, find_yaml, label_file
from clary.labeling.formats.yolo_writing import write

_BOX, _BOX_AND_CONFIDENCE = 5, 6


class Yolo(Format):
    """A folder with data.yaml, ``images/`` and ``labels/``. A picture without a text file has nothing on it."""

    name = "yolo"
    title = "YOLO"
    tasks = frozenset({BOXES, PIXELS})

    def matches(self, path: Path) -> bool:
        if path.is_file():
            return path.suffix.lower() in (".yaml", ".yml") and find_yaml(path) is not None
        return find_yaml(path) is not None or (
            (path / "labels").is_dir()
            and any((path / name).is_file() for name in ("classes.txt", "obj.names"))
        )

    def read(self, path: Path, options: ReadOptions) -> Collection:
        layout = Layout(path, options)
        task = wanted_task(options, self.tasks, self._default(layout, options), self.title)
        return Collection(task, layout.labels, self._items(layout, task, options))

    def write(self, data: Collection, target: Path, options: WriteOptions) -> None:
        write(data, target, options)

    @staticmethod
    def _default(layout: Layout, options: ReadOptions) -> str:
        """Pixels where the first object is a polygon."""
        for image, _ in layout.images(options):
            text = label_file(image, layout.root)
            if text.is_file():
                for line in text.read_text(encoding="utf-8", errors="replace").splitlines():
                    if line.strip():
                        return BOXES if len(line.split()) <= _BOX_AND_CONFIDENCE else PIXELS
        return BOXES

    @staticmethod
    def _items(layout: Layout, task: str, options: ReadOptions) -> Iterator[Item]:
        for image, split in layout.images(options):
            size = measured(image, str(image), options.problems)
            if size is None:
                continue
            item = Item(layout.name(image), image, width=size[0], height=size[1], split=split)
            text = label_file(image, layout.root)
            objects = list(_objects(text, layout.labels, options.problems)) if text.is_file() else []
            yield _boxes(item, objects, options) if task == BOXES else _pixels(item, objects, layout, options)


Object = tuple[str, str, list[float]]  # where, label, numbers


def _objects(text: Path, labels: tuple[str, ...], problems: Problems) -> Iterator[Object]:
    try:
        lines = text.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        problems.add(str(text), "it is not UTF-8 text")
        return
    for number, line in enumerate(lines, 1):
        where = f"{text}, line {number}"
        words = line.split()
        if not words:
            continue
        try:
            values = [float(word) for word in words]
        except ValueError:
            problems.add(
                where,
                f"{line[:60]!r} is not a row of numbers",
                "A line is: class x y width height, or class and points.",
            )
            continue
        if len(values) < _BOX or (len(values) > _BOX_AND_CONFIDENCE and len(values) % 2 == 0):
            problems.add(
                where,
                f"it has {len(values)} numbers",
                "A line is: class x y width height, or class and points.",
            )
            continue
        if values[0] != int(values[0]) or not 0 <= values[0] < len(labels):
            problems.add(
                where, f"the class {words[0]} is out of range: there are {len(labels)} names, numbered from 0",
                "Add the names that are missing to data.yaml, or correct the lines.",
            )  # fmt: skip
            continue
        yield where, labels[int(values[0])], values[1:]


def _boxes(item: Item, objects: list[Object], options: ReadOptions) -> Item:
    boxes, scores = [], []
    for where, label, values in objects:
        box = _box(label, values, item, where, options.problems)
        if box is not None:
            boxes.append(box)
            scores.append(values[4] if len(values) == _BOX_AND_CONFIDENCE - 1 else None)
    told = tuple(score for score in scores if score is not None)
    return replace(item, answer={"boxes": boxes}, scores=told if len(told) == len(scores) else ())


def _box(
    label: str, values: list[float], item: Item, where: str, problems: Problems
) -> dict[str, Any] | None:
    if not all(-0.5 <= value <= 1.5 for value in values):
        problems.add(
            where, "its numbers are not shares of the picture (0 to 1)",
            "YOLO's coordinates are divided by the picture's width and height.",
        )  # fmt: skip
        return None
    if len(values) <= _BOX_AND_CONFIDENCE - 1:
        x, y, wide, high = values[:4]
        left, right, top, bottom = x - wide / 2, x + wide / 2, y - high / 2, y + high / 2
    else:
        left, right, top, bottom = min(values[0::2]), max(values[0::2]), min(values[1::2]), max(values[1::2])
    return pixel_box(
        label, left * item.width, top * item.height, right * item.width, bottom * item.height,
        item.width, item.height, where, problems,
    )  # fmt: skip


def _pixels(item: Item, objects: list[Object], layout: Layout, options: ReadOptions) -> Item:
    import numpy as np

    from clary.labeling.formats import masks, polygons

    canvas = np.zeros((item.height, item.width), dtype=np.uint16)
    parts = []
    for where, label, values in objects:
        box = _box(label, values, item, where, options.problems)
        if box is None:
            continue
        if len(values) <= _BOX_AND_CONFIDENCE - 1:
            part = np.zeros(canvas.shape, dtype=bool)
            part[box["top"] : box["top"] + box["height"], box["left"] : box["left"] + box["width"]] = True
        else:
            points = np.asarray(values).reshape(-1, 2) * (item.width, item.height)
            part = polygons.fill(points.ravel().tolist(), item.height, item.width)
        parts.append((int(part.sum()), layout.labels.index(label) + 1, part))
    # What is smaller lies in front.
    for _, number, part in sorted(parts, key=lambda one: -one[0]):
        canvas[part] = number
    return replace(item, answer=masks.to_answer(canvas))
