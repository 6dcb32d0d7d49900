"""Hugging Face's image folders: images with a ``metadata.csv`` or ``metadata.jsonl`` whose ``file_name`` says which is meant.

``label`` is a class, ``labels`` several; ``objects`` are boxes: ``{"bbox": [[left, top, width, height]], "categories": [...]}``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import orjson

from clary.labeling.formats.format import (
    BOXES,
    IMAGE_CLASS,
    IMAGE_CLASSES,
    Collection,
    Format,
    Item,
    ReadOptions,
    WriteOptions,
    split_of,
    wanted_task,
)
from clary.labeling.formats.geometry import pixel_box
from clary.labeling.formats.pictures import Names, bring
from clary.labeling.formats.problems import FormatError
from clary.labeling.formats.rows import collection, picture, word

_FILES = ("metadata.jsonl", "metadata.csv")


class HuggingFace(Format):
    """A folder with metadata, or with train/, validation/ and test/ that each have theirs. Classes of boxes are names; where
    they are numbers, say which: labels=[...] in their order."""

    name = "huggingface"
    title = "Hugging Face image folder"
    tasks = frozenset({IMAGE_CLASS, IMAGE_CLASSES, BOXES})

    def matches(self, path: Path) -> bool:
        return path.is_dir() and bool(_files(path))

    def read(self, path: Path, options: ReadOptions) -> Collection:
        files = [one for one in _files(path) if not one[1] or options.wants(one[1])]
        if not files:
            raise FormatError(
                f"{path} has no metadata.csv or metadata.jsonl{' of this split' if options.split else ''}."
            )
        first = next((row for _, _, row in _rows(path, files)), None)
        if first is None:
            raise FormatError(f"{files[0][0]} holds no rows.")
        task = wanted_task(options, self.tasks, _task(first), self.title)
        if task == BOXES:
            labels = options.labels or _categories(path, files)
            return Collection(task, labels, _boxed(path, files, labels, options))
        plain = replace(options, columns={"image": "file_name", **options.columns})
        return collection(
            lambda: ((where, row) for where, _, row in _rows(path, files)),
            [*first, "split"], str(files[0][0]), path, plain, self.tasks,
        )  # fmt: skip

    def write(self, data: Collection, target: Path, options: WriteOptions) -> None:
        names = Names()
        with ExitStack() as stack:
            files: dict[str, IO[bytes]] = {}
            for item in data.items:
                folder = target / item.split
                if item.answer is None:
                    options.note("Objects without a label were left out.")
                    continue
                if item.split not in files:
                    folder.mkdir(exist_ok=True)
                    files[item.split] = stack.enter_context((folder / "metadata.jsonl").open("wb"))
                name = names.give(item.name.removeprefix(f"{item.split}/"), item.split)
                bring(item, folder / name, options)
                row = {"file_name": str(name), **_row(item, data.task)}
                files[item.split].write(orjson.dumps(row) + b"\n")


def _row(item: Item, task: str) -> dict[str, Any]:
    assert item.answer is not None
    if task != BOXES:
        row = dict(item.answer)
        return row if item.confidence is None else {**row, "confidence": item.confidence}
    boxes = item.answer["boxes"]
    objects: dict[str, Any] = {
        "bbox": [[box["left"], box["top"], box["width"], box["height"]] for box in boxes],
        "categories": [box["label"] for box in boxes],
    }
    if item.scores:
        objects["confidence"] = list(item.scores)
    if item.crowd:
        objects["iscrowd"] = list(item.crowd)
    return {"width": item.width, "height": item.height, "objects": objects}


def _files(path: Path) -> list[tuple[Path, str]]:
    """The metadata files with their splits."""
    own = next((path / name for name in _FILES if (path / name).is_file()), None)
    if own is not None:
        return [(own, "")]
    found = []
    for folder in sorted(one for one in path.iterdir() if one.is_dir() and split_of(one.name)):
        file = next((folder / name for name in _FILES if (folder / name).is_file()), None)
        if file is not None:
            found.append((file, split_of(folder.name)))
    return found


def _rows(root: Path, files: list[tuple[Path, str]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Where, the split, and the row, whose file_name is made relative to `root`."""
    for file, split in files:
        for where, row in _lines(file) if file.suffix == ".jsonl" else _table(file):
            if not isinstance(row, dict) or not isinstance(row.get("file_name"), str):
                raise FormatError(f"{where} has no file_name, by which an image folder names its images.")
            name = (file.parent.relative_to(root) / row["file_name"]).as_posix()
            yield where, split, {**row, "file_name": name, **({"split": split} if split else {})}


def _lines(file: Path) -> Iterator[tuple[str, Any]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield f"{file}, line {number}", orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
                except orjson.JSONDecodeError as error:
                    raise FormatError(f"{file}, line {number} is not valid JSON: {error}.") from None


def _table(file: Path) -> Iterator[tuple[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        for row in reader:
            yield f"{file}, line {reader.line_num}", row


def _task(row: dict[str, Any]) -> str:
    if isinstance(row.get("objects"), dict):
        return BOXES
    return IMAGE_CLASSES if "labels" in row or isinstance(row.get("label"), list) else IMAGE_CLASS


def _members(row: dict[str, Any]) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Boxes, their classes, and the whole of ``objects``; the classes' member has had several names."""
    objects = row.get("objects")
    objects = objects if isinstance(objects, dict) else {}
    names = ("categories", "category", "label", "labels", "category_id")
    classes: list[Any] = next((objects[name] for name in names if isinstance(objects.get(name), list)), [])
    boxes = objects.get("bbox")
    return (boxes if isinstance(boxes, list) else []), classes, objects


def _categories(root: Path, files: list[tuple[Path, str]]) -> tuple[str, ...]:
    found = {word(one) for _, _, row in _rows(root, files) for one in _members(row)[1]}
    return tuple(sorted(found, key=lambda one: (0, int(one), "") if one.isdecimal() else (1, 0, one)))


def _boxed(
    root: Path, files: list[tuple[Path, str]], labels: tuple[str, ...], options: ReadOptions
) -> Iterator[Item]:
    for where, split, row in _rows(root, files):
        item = picture(row["file_name"], split, where, root, options)
        if item is None:
            continue
        boxes, classes, objects = _members(row)
        if len(boxes) != len(classes):
            options.problems.add(where, f"it has {len(boxes)} boxes and {len(classes)} categories")
            continue
        kept, places = [], []
        for place, (box, name) in enumerate(zip(boxes, classes, strict=True)):
            label = _label(name, labels)
            found = None if label is None else _box(box, label, item, where, options)
            if label is None:
                options.problems.add(where, f"the category {name!r} is not among the labels")
            elif found is not None:
                kept.append(found)
                places.append(place)
        scores, crowd = (_kept(objects.get(name), places, len(boxes)) for name in ("confidence", "iscrowd"))
        yield replace(
            item,
            answer={"boxes": kept},
            scores=tuple(float(one) for one in scores),
            crowd=tuple(bool(one) for one in crowd),
        )


def _kept(values: Any, places: list[int], count: int) -> list[Any]:
    return [values[place] for place in places] if isinstance(values, list) and len(values) == count else []


def _label(name: Any, labels: tuple[str, ...]) -> str | None:
    """Numbers are names where such names are among the labels, else places in them."""
    if word(name) in labels:
        return word(name)
    return labels[name] if isinstance(name, int) and 0 <= name < len(labels) else None


def _box(box: Any, label: str, item: Item, where: str, options: ReadOptions) -> dict[str, Any] | None:
    if (
        not isinstance(box, list)
        or len(box) != 4
        or not all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in box)
    ):
        options.problems.add(where, f"the bbox {str(box)[:60]} is not [left, top, width, height]")
        return None
    left, top, wide, high = (float(one) for one in box)
    return pixel_box(
        label, left, top, left + wide, top + high, item.width, item.height, where, options.problems
    )
