"""Writing COCO's JSON, annotation by annotation."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import orjson

from clary.labeling.formats.coco_shapes import surrounding
from clary.labeling.formats.format import BOXES, Collection, Item, WriteOptions
from clary.labeling.formats.pictures import Names, bring


def write(data: Collection, target: Path, options: WriteOptions) -> None:
    """``annotations/instances_<split>.json`` and ``<split>/`` with the images; ``annotations.json`` and ``images/`` for what is
    not split. Categories are numbered from 1 in the order of the labels."""
    names = Names()
    with ExitStack() as stack:
        files: dict[str, _File] = {}
        for item in data.items:
            if item.answer is None:
                options.note(
                    "Objects without a label were left out: COCO would take them for images with nothing on them."
                )
                continue
            if item.split not in files:
                files[item.split] = stack.enter_context(_File())
            name = names.give(item.name.removeprefix(f"{item.split}/"), item.split)
            bring(item, target / (item.split or "images") / name, options)
            files[item.split].add(item, str(name), data)
        for split, file in (files or {"": stack.enter_context(_File())}).items():
            place = (
                target / "annotations" / f"instances_{split}.json" if split else target / "annotations.json"
            )
            place.parent.mkdir(parents=True, exist_ok=True)
            file.finish(place, data.labels)


class _File:
    """Images and annotations are gathered in files of their own, for the JSON has one list after the other."""

    def __init__(self) -> None:
        self._images: IO[bytes] = TemporaryFile()  # noqa: SIM115  closed by __exit__
        self._annotations: IO[bytes] = TemporaryFile()  # noqa: SIM115
        self._count = {"images": 0, "annotations": 0}

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self._images.close()
        self._annotations.close()

    def add(self, item: Item, name: str, data: Collection) -> None:
        image = {"file_name": name, "width": item.width, "height": item.height}
        number = self._append(self._images, "images", image)
        shapes = _boxes(item, data.labels) if data.task == BOXES else _pixels(item)
        for shape in shapes:
            self._append(self._annotations, "annotations", {"image_id": number, **shape})

    def _append(self, file: IO[bytes], kind: str, entry: dict[str, Any]) -> int:
        if self._count[kind]:
            file.write(b",\n")
        self._count[kind] += 1
        file.write(orjson.dumps({"id": self._count[kind], **entry}))
        return self._count[kind]

    def finish(self, place: Path, labels: tuple[str, ...]) -> None:
        categories = [
            {"id": number, "name": name, "supercategory": ""} for number, name in enumerate(labels, 1)
        ]
        with place.open("wb") as file:
            file.write(b'{"info":{"description":"Exported by Clary"},"licenses":[],"categories":')
            file.write(orjson.dumps(categories))
            for name, part in (("images", self._images), ("annotations", self._annotations)):
                file.write(f',\n"{name}":['.encode())
                part.seek(0)
                shutil.copyfileobj(part, file)
                file.write(b"]")
            file.write(b"}\n")


def _boxes(item: Item, labels: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    assert item.answer is not None
    for place, box in enumerate(item.answer["boxes"]):
        shape = {
            "category_id": labels.index(box["label"]) + 1,
            "bbox": [box["left"], box["top"], box["width"], box["height"]],
            "area": box["width"] * box["height"],
            "segmentation": [],
            "iscrowd": int(bool(item.crowd) and item.crowd[place]),
        }
        yield {**shape, "score": item.scores[place]} if item.scores else shape


def _pixels(item: Item) -> Iterator[dict[str, Any]]:
    """One annotation a class, with its runs: exact, and what the tools of COCO read."""
    import numpy as np

    from clary.labeling.formats import masks, rle

    assert item.answer is not None
    canvas = masks.to_array(item.answer)
    for number in np.unique(canvas).tolist():
        if number == 0:
            continue
        part = canvas == number
        yield {
            "category_id": number,
            "bbox": list(surrounding(part)),
            "area": int(part.sum()),
            "segmentation": {"size": [item.height, item.width], "counts": rle.to_counts(part)},
            "iscrowd": 0,
        }
