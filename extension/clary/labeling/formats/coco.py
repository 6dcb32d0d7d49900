"""COCO's JSON: boxes (bbox) and masks (segmentation: polygons or run-length encoding), https://cocodataset.org/#format-data."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.labeling.formats.coco_files import AnnotationFile, annotation_files, looks_like_coco
from clary.labeling.formats.coco_shapes import box_of, mask_of
from clary.labeling.formats.coco_writing import write
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
from clary.labeling.formats.pictures import inside, measured, missing
from clary.labeling.formats.problems import FormatError


class Coco(Format):
    """One JSON file, or a folder with one for each split. Instances become boxes, or, as pixels, the classes that they cover
    (small ones on top of large ones)."""

    name = "coco"
    title = "COCO"
    tasks = frozenset({BOXES, PIXELS})

    def matches(self, path: Path) -> bool:
        return looks_like_coco(path)

    def read(self, path: Path, options: ReadOptions) -> Collection:
        files = [
            AnnotationFile(one, split)
            for one, split in annotation_files(path)
            if options.wants(split) or not split
        ]
        if not files:
            raise FormatError(
                f"{path} has no COCO annotations{f' for the split {options.split!r}' if options.split else ''}."
            )
        default = BOXES if all(one.has_boxes for one in files) else PIXELS
        task = wanted_task(options, self.tasks, default, self.title)
        names = dict.fromkeys(itertools.chain.from_iterable(one.categories.values() for one in files))
        labels = options.labels or tuple(names)
        several = len(files) > 1
        items = itertools.chain.from_iterable(
            _items(one, path, task, labels, several, options) for one in files
        )
        return Collection(task, labels, items)

    def write(self, data: Collection, target: Path, options: WriteOptions) -> None:
        write(data, target, options)


def _items(
    file: AnnotationFile, root: Path, task: str, labels: tuple[str, ...], several: bool, options: ReadOptions
) -> Iterator[Item]:
    folders = [options.images] if options.images else file.image_folders(root)
    problems = options.problems
    for problem in file.orphans():
        problems.add(*problem)
    for image in file.images:
        where = f"{file.path}, image {image['id']}"
        name = image.get("file_name")
        if not isinstance(name, str) or not name:
            problems.add(where, "it has no file_name")
            continue
        found = inside(folders, name)
        if found is None:
            missing(name, folders, where, problems)
            continue
        size = measured(found, where, problems)
        if size is None:
            continue
        said = (image.get("width") or size[0], image.get("height") or size[1])
        if said != size:
            problems.add(
                where, f"it is said to have {said[0]} x {said[1]} pixels, but {found.name} has {size[0]} x {size[1]}",
                "Annotations are drawn on images of the size the JSON file says: use those images, or correct the sizes.",
            )  # fmt: skip
            continue
        item = Item(
            f"{file.split}/{name}" if several and file.split else name, found,
            width=size[0], height=size[1], split=file.split,
        )  # fmt: skip
        entries = file.of_image(image["id"])
        if file.empty:
            yield item  # no "annotations": a list of images
        elif task == BOXES:
            yield _with_boxes(item, entries, file, labels, options)
        else:
            yield _with_pixels(item, entries, file, labels, options)


def _label(
    entry: dict[str, Any], where: str, file: AnnotationFile, labels: tuple[str, ...], options: ReadOptions
) -> str | None:
    number = entry.get("category_id")
    category = file.categories.get(number) if isinstance(number, (int, str)) else None
    if category is None:
        options.problems.add(
            where, f"the category_id {number!r} is not among the file's categories",
            "Add the category, or correct the annotation.",
        )  # fmt: skip
        return None
    if category not in labels:
        options.problems.add(where, f"the category {category!r} is not among the labels asked for")
        return None
    return category


def _with_boxes(
    item: Item,
    entries: list[dict[str, Any]],
    file: AnnotationFile,
    labels: tuple[str, ...],
    options: ReadOptions,
) -> Item:
    boxes, scores, crowd = [], [], []
    for entry in entries:
        where = f"{file.path}, annotation {entry.get('id', '?')}"
        label = _label(entry, where, file, labels, options)
        if label is None:
            continue
        box = box_of(entry, label, item.width, item.height, where, options.problems)
        if box is not None:
            boxes.append(box)
            scores.append(entry.get("score"))
            crowd.append(bool(entry.get("iscrowd")))
    told = all(isinstance(score, (int, float)) for score in scores)
    return replace(
        item,
        answer={"boxes": boxes},
        scores=tuple(float(score) for score in scores) if told else (),  # type: ignore[arg-type]
        crowd=tuple(crowd) if any(crowd) else (),
    )


def _with_pixels(
    item: Item,
    entries: list[dict[str, Any]],
    file: AnnotationFile,
    labels: tuple[str, ...],
    options: ReadOptions,
) -> Item:
    import numpy as np

    from clary.labeling.formats import masks

    canvas = np.zeros((item.height, item.width), dtype=np.uint16)
    parts = []
    for entry in entries:
        where = f"{file.path}, annotation {entry.get('id', '?')}"
        label = _label(entry, where, file, labels, options)
        if label is None:
            continue
        part = mask_of(entry, item.width, item.height, where, options.problems)
        if part is not None:
            parts.append((int(part.sum()), labels.index(label) + 1, part))
    # What is smaller lies in front.
    for _, number, part in sorted(parts, key=lambda one: -one[0]):
        canvas[part] = number
    return replace(item, answer=masks.to_answer(canvas))
