"""The labels of a manifest as a torch dataset.

`LabelDataset` can be pickled (to the workers of a DataLoader), opens images when they are asked for, and holds a line of the
manifest for each object. Only labelled objects are in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import torch
from torch import Tensor
from torch.utils.data import Dataset

from clary.labeling import manifest, tasks
from clary.labeling.formats.format import (
    BOXES,
    ENTITIES,
    IMAGE_CLASS,
    IMAGE_CLASSES,
    PIXELS,
    TEXT_CLASS,
    TEXT_CLASSES,
    TEXT_TASKS,
    known_split,
    split_of,
)
from clary.labeling.formats.manifests import Manifest, settings_for
from clary.labeling.formats.problems import FormatError
from clary.labeling.task_type import Answer, BadAnswer, DataObject

if TYPE_CHECKING:
    from clary.objects import Objects

Transform = Callable[[Any], Any]


@dataclass(frozen=True)
class _Row:
    """One object: its line, the files of its image and its mask, its weight."""

    raw: bytes
    image: str
    mask: str
    weight: float

    @property
    def line(self) -> dict[str, Any]:
        """The line, parsed; it was checked when the manifest was read."""
        parsed: dict[str, Any] = orjson.loads(self.raw)
        return parsed


class LabelDataset(Dataset[tuple[Any, Any]]):  # type: ignore[misc]
    """(image, target) of every labelled object; (text, target) of texts.

    The image is what ``transform`` makes of the PIL image (RGB, upright), without one a float32 tensor [3, height, width] of
    0..1. The target, by task:

    classification            the class's number (int), a place in `classes`
    multi-label               float32 [classes], 1.0 where the label holds
    bounding-box              torchvision's: ``boxes`` float32 [n, 4] (left, top, right, bottom in pixels), ``labels`` int64 [n]
                              (from 1; 0 is the background), ``scores`` float32 [n], ``iscrowd`` int64 [n], ``area`` float32 [n],
                              ``image_id`` (int)
    semantic-segmentation     int64 [height, width]; 0 is the background, i the class ``classes[i - 1]``
    named-entity-recognition  [(start, end, class number), ...], end exclusive, in Unicode characters

    ``weights``: float32 [n], what each label's confidence is (1.0 where nothing is known), for a WeightedRandomSampler or the
    loss; with ``weighted`` it is the third of each item. ``transforms(image, target)`` turns both together.
    """

    def __init__(
        self,
        rows: Sequence[_Row],
        task: str,
        classes: Sequence[str],
        attribute: str,
        colors: Sequence[str],
        *,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        transforms: Callable[[Any, Any], tuple[Any, Any]] | None = None,
        weighted: bool = False,
    ) -> None:
        from clary.labeling.settings import Label

        self.task, self.classes, self.attribute = task, list(classes), attribute
        self.transform, self.target_transform, self.transforms = transform, target_transform, transforms
        self.weighted = weighted
        self.weights = torch.tensor([row.weight for row in rows], dtype=torch.float32)
        self._rows = list(rows)
        labels = tuple(Label(name, color=color) for name, color in zip(classes, colors, strict=True))
        self._settings = settings_for(task, attribute, labels)
        self._numbers = {name: number for number, name in enumerate(classes)}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Any:
        row = self._rows[index]
        line = row.line
        thing: Any = str(line.get("source", "")) if self.task in TEXT_TASKS else _opened(row.image)
        target = self._target(self._answer(row, line), index)
        if self.transforms is not None:
            thing, target = self.transforms(thing, target)
        else:
            thing = self._made(thing)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return (thing, target, self.weights[index]) if self.weighted else (thing, target)

    def source(self, index: int) -> str:
        """The object's address, or its text: what the manifest has."""
        line = self._rows[index].line
        return str(line.get("source-ref", line.get("source")))

    def answer(self, index: int) -> Answer:
        """The label as labeling jobs have it ({"label": "cat"}, {"boxes": [...]}, ...)."""
        row = self._rows[index]
        return self._answer(row, row.line)

    @staticmethod
    def collate(batch: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
        """``collate_fn`` of DataLoaders whose targets (boxes, entities) are not of one size: lists instead of stacked tensors."""
        return tuple(list(part) for part in zip(*batch, strict=True))

    def _made(self, thing: Any) -> Any:
        if self.transform is not None:
            return self.transform(thing)
        return thing if self.task in TEXT_TASKS else _tensor(thing)

    def _answer(self, row: _Row, line: Mapping[str, Any]) -> Answer:
        value, metadata = line[self.attribute], line.get(f"{self.attribute}-metadata", {})
        file = Path(row.mask).read_bytes() if row.mask else None
        return tasks.find(self.task).read(value, metadata, DataObject(0, line), self._settings, file)

    def _target(self, answer: Answer, index: int) -> Any:
        if self.task in (IMAGE_CLASS, TEXT_CLASS):
            return self._numbers[answer["label"]]
        if self.task in (IMAGE_CLASSES, TEXT_CLASSES):
            hot = torch.zeros(len(self.classes))
            hot[[self._numbers[name] for name in answer["labels"]]] = 1.0
            return hot
        if self.task == BOXES:
            return self._boxes(answer["boxes"], index)
        if self.task == PIXELS:
            from clary.labeling.formats.masks import to_array

            return torch.from_numpy(to_array(answer).astype(np.int64))
        assert self.task == ENTITIES
        return [
            (one["startOffset"], one["endOffset"], self._numbers[one["label"]]) for one in answer["entities"]
        ]

    def _boxes(self, boxes: Sequence[Mapping[str, Any]], index: int) -> dict[str, Any]:
        line = self._rows[index].line
        told = (line.get(f"{self.attribute}-metadata") or {}).get("objects")
        told = told if isinstance(told, list) and len(told) == len(boxes) else [{}] * len(boxes)
        corners = [
            (one["left"], one["top"], one["left"] + one["width"], one["top"] + one["height"]) for one in boxes
        ]
        return {
            "boxes": torch.tensor(corners, dtype=torch.float32).reshape(-1, 4),
            "labels": torch.tensor([self._numbers[one["label"]] + 1 for one in boxes], dtype=torch.int64),
            "scores": torch.tensor([float(one.get("confidence") or 1.0) for one in told]),
            "iscrowd": torch.tensor([int(one.get("iscrowd") or 0) for one in told], dtype=torch.int64),
            "area": torch.tensor([float(one["width"] * one["height"]) for one in boxes]),
            "image_id": index,
        }


def to_dataset(
    objects: Objects,
    manifest_uri: str,
    *,
    attribute: str | None = None,
    classes: Sequence[str] | None = None,
    split: str | None = None,
    human_only: bool = False,
    **options: Any,
) -> LabelDataset:
    """The labelled objects of a manifest.

    classes: the order of the classes, the manifest's if None. split: only those whose line has this ``split``. human_only:
    without what a machine labelled. Other options as `LabelDataset`. Raises FormatError, ManifestError, ObjectsError.
    """
    part = known_split(split) if split is not None else None
    source = Manifest(objects, manifest_uri)
    found = source.look(attribute, classes)
    names = [one.name for one in found.labels]
    rows = []
    for line in source.lines():
        if not manifest.labelled(line.value, found.attribute):
            continue
        if part is not None and split_of(str(line.value.get("split", ""))) != part:
            continue
        metadata = line.value.get(f"{found.attribute}-metadata", {})
        human = metadata.get("human-annotated") != "no"
        if human_only and not human:
            continue
        image = "" if found.task in TEXT_TASKS else str(objects.resolve(line.value["source-ref"]).path)
        mask = str(objects.resolve(line.value[found.attribute]).path) if found.task == PIXELS else ""
        rows.append(_Row(line.raw, image, mask, _weight(metadata, human)))
    if not rows:
        raise FormatError(
            f"{manifest_uri} has no labelled objects{f' in the split {split!r}' if split else ''} to train on."
        )
    dataset = LabelDataset(
        rows, found.task, names, found.attribute, [one.color for one in found.labels], **options
    )
    _check_first(dataset, manifest_uri)
    return dataset


def _check_first(dataset: LabelDataset, manifest_uri: str) -> None:
    """What is wrong with all labels shows now, not in a worker of a DataLoader."""
    try:
        dataset.answer(0)
    except (BadAnswer, OSError) as error:
        raise FormatError(f"The first label of {manifest_uri} cannot be read: {error}") from None


def _weight(metadata: Mapping[str, Any], human: bool) -> float:
    """The confidence of the whole label; a person alone has 0.00 on Ground Truth, which means that nothing is known."""
    given: list[Any] = [metadata.get("confidence")]
    for name in ("objects", "entities"):
        if isinstance(metadata.get(name), list):
            given = [one.get("confidence") for one in metadata[name] if isinstance(one, dict)]
    for name in ("confidence-map", "internal-color-map"):
        if isinstance(metadata.get(name), dict):
            given = [
                one.get("confidence") if isinstance(one, dict) else one for one in metadata[name].values()
            ]
            if name == "confidence-map":  # a label surely absent is as sure as one surely present
                given = [max(one, 1 - one) if isinstance(one, (int, float)) and one else one for one in given]
    known = [float(one) for one in given if isinstance(one, (int, float))]
    if not known or (human and not any(known)):
        return 1.0
    return sum(known) / len(known)


def _opened(path: str) -> Any:
    """The PIL image, RGB and upright, as the annotators saw it."""
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _tensor(image: Any) -> Tensor:
    pixels = np.array(image, dtype=np.uint8)
    return torch.from_numpy(pixels).permute(2, 0, 1).to(torch.float32) / 255
