"""What stands between two formats of labelled data, and what a format must be able to do.

Third parties add formats through entry points of the group ``clary.label_formats`` (name = the format's name, value =
``module:Class``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from clary.labeling.formats.problems import FormatError, Problems
from clary.labeling.task_type import Answer

IMAGE_CLASS, IMAGE_CLASSES = "image-classification", "image-classification-multilabel"
TEXT_CLASS, TEXT_CLASSES = "text-classification", "text-classification-multilabel"
BOXES, PIXELS, ENTITIES = "bounding-box", "semantic-segmentation", "named-entity-recognition"
CLASS_TASKS = frozenset({IMAGE_CLASS, IMAGE_CLASSES, TEXT_CLASS, TEXT_CLASSES})
IMAGE_TASKS = frozenset({IMAGE_CLASS, IMAGE_CLASSES, BOXES, PIXELS})
TEXT_TASKS = frozenset({TEXT_CLASS, TEXT_CLASSES, ENTITIES})
SPLITS = ("train", "validation", "test")
_SPLIT_NAMES = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip


def split_of(name: str) -> str:
    """The split that a folder or file of this name is (``val`` is ``validation``), or an empty string."""
    return _SPLIT_NAMES.get(name.lower(), "")


def known_split(name: str) -> str:
    """`split_of`, for what a user names. Raises FormatError."""
    found = split_of(name)
    if not found:
        raise FormatError(f"{name!r} is no split; there are {', '.join(SPLITS)}.")
    return found


@dataclass(frozen=True)
class Item:
    """One object of a data set, labelled or not.

    name: its path in the data set, with slashes ("cats/tom 1.jpg"), or a text's number; unique. file: where an image is;
    text: of a text. width, height: pixels, 0 where not known. answer: in the form that the task has (`TaskType`), None when
    it is not labelled. confidence: 0..1. scores: a confidence (0..1) for each of the answer's boxes, entities or labels, or
    empty. crowd: which boxes stand for a group (COCO's ``iscrowd``), or empty. split: one of `SPLITS`, or empty.
    """

    name: str
    file: Path | None = None
    uri: str = ""
    text: str = ""
    width: int = 0
    height: int = 0
    answer: Answer | None = None
    confidence: float | None = None
    scores: tuple[float, ...] = ()
    crowd: tuple[bool, ...] = ()
    split: str = ""


@dataclass
class Collection:
    """A data set. `labels`: the classes' names in the order of their numbers; `items` can be gone through once and does not
    hold them all in memory."""

    task: str
    labels: tuple[str, ...]
    items: Iterator[Item]


@dataclass(frozen=True)
class ReadOptions:
    """How to read. task, labels: None where the data say it. images: the folder of the images, where it is not the usual one.
    columns: role ("image", "text", "label", ...) to the column's name. split: only this one. zero_based: VOC files that count
    pixels from 0. resolve: the file of an ``s3://`` address; raises ObjectsError."""

    task: str | None = None
    labels: tuple[str, ...] | None = None
    images: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    zero_based: bool = False
    resolve: Callable[[str], Path] | None = None
    problems: Problems = field(default_factory=Problems)

    def __post_init__(self) -> None:
        if self.split is not None:
            known_split(self.split)

    def wants(self, split: str) -> bool:
        return self.split is None or split_of(self.split) == split


@dataclass
class WriteOptions:
    """How to write. images: copied, hard-linked (copied where that cannot be), or left where they are. `notes` gathers what the
    format could not hold."""

    images: Literal["copy", "link", "none"] = "copy"
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


class Format(ABC):
    """One way to keep labels in files. Instances have no state."""

    name: ClassVar[str]
    title: ClassVar[str]
    tasks: ClassVar[frozenset[str]]
    """The tasks whose labels it can hold; `write` is called with no other."""

    @abstractmethod
    def matches(self, path: Path) -> bool:
        """Whether the file or folder looks like this format; called for detection, in the registry's order, so it must be quick
        and must not raise for anything that is there."""

    @abstractmethod
    def read(self, path: Path, options: ReadOptions) -> Collection:
        """The labels of `path`. Called once; what it finds wrong with single annotations goes to `options.problems`, also while
        the items are gone through. Raises FormatError for what cannot be read at all."""

    @abstractmethod
    def write(self, data: Collection, target: Path, options: WriteOptions) -> None:
        """Write `data` into `target`, a new empty folder. Called once. Raises FormatError for what it cannot hold."""


def wanted_task(options: ReadOptions, can: frozenset[str], default: str, title: str) -> str:
    """The task to read for: the asked one, else the default. Raises FormatError where the format cannot hold it."""
    task = options.task or default
    if task not in can:
        raise FormatError(f"{title} holds no labels for {task!r}; it can hold {', '.join(sorted(can))}.")
    return task
