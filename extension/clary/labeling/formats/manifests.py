"""Ground Truth's manifests as data sets: what an output manifest (Clary's or AWS's) holds under one label attribute."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

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
    Collection,
    Item,
    split_of,
)
from clary.labeling.formats.problems import FormatError
from clary.labeling.settings import JobSettings, Label
from clary.labeling.task_type import BadAnswer, DataObject
from clary.labeling.tasks.labels import BACKGROUND

if TYPE_CHECKING:
    from clary.objects import Objects

_VERDICT = "groundtruth/label-verification"


@dataclass(frozen=True)
class Found:
    """What a first look at a manifest tells. labels: by their numbers; folder: what all the images' addresses begin with."""

    attribute: str
    task: str
    labels: tuple[Label, ...]
    lines: int
    labelled: int
    folder: str


def settings_for(task: str, attribute: str, labels: tuple[Label, ...], name: str = "labels") -> JobSettings:
    """Settings of a job that there never was, for reading and writing its labels."""
    return JobSettings(name, "", task, attribute, "", "", labels)


class Manifest:
    """One manifest, read line by line as often as needed."""

    def __init__(self, objects: Objects, uri: str) -> None:
        """Raises FormatError when there is none."""
        self._objects = objects
        self.uri = uri
        self._path = objects.resolve(uri).path
        if not self._path.is_file():
            raise FormatError(f"There is no manifest {uri}.")

    def lines(self) -> Iterator[manifest.Line]:
        """Of any length: these are not asked to be labelled. Raises ManifestError for a line with a fault."""
        with self._path.open("rb") as file:
            yield from manifest.read(file, any_length=True)

    def look(self, attribute: str | None = None, classes: Sequence[str] | None = None) -> Found:
        """What is in it, under `attribute` or the only label there is. classes: all that there are, in the order of their
        numbers; None: those that occur. Raises FormatError, ManifestError."""
        attribute = attribute or self._attribute()
        known = {tasks.find(name).metadata_type: name for name in tasks.names()}
        names: dict[str, tuple[int, str]] = {}
        task, count, labelled, folder, textual = "", 0, 0, None, False
        for line in self.lines():
            count += 1
            textual = "source" in line.value
            uri = str(line.value.get("source-ref", ""))
            folder = _folder(uri) if folder is None else _common(folder, uri)
            if not manifest.labelled(line.value, attribute):
                continue
            metadata = line.value.get(f"{attribute}-metadata", {})
            labelled += 1
            kind = str(metadata.get("type", ""))
            here = (TEXT_CLASS if textual else IMAGE_CLASS) if kind == _VERDICT else known.get(kind, "")
            if not here or (task and here != task):
                raise FormatError(
                    f"Line {line.number} of {self.uri} has a label {attribute!r} of the type {kind!r}"
                    + (f", others are {task!r}." if task else ", which Clary cannot export.")
                )
            task = here
            for place, name, color in _named(task, line.value.get(attribute), metadata):
                before = names.get(name)
                names[name] = (place if before is None else min(before[0], place), color)
        if not labelled:
            raise FormatError(f"No line of {self.uri} has a label {attribute!r}.")
        ordered = list(classes or sorted(names, key=lambda name: (names[name][0], name)))
        foreign = [name for name in names if name not in ordered]
        if foreign:
            raise FormatError(
                f"{self.uri} has labels that are not among the classes given: {', '.join(map(repr, foreign))}."
            )
        labels = tuple(Label(name, color=names[name][1] if name in names else "") for name in ordered)
        return Found(attribute, task, labels, count, labelled, folder or "")

    def _attribute(self) -> str:
        found: dict[str, None] = {}
        for line in self.lines():
            for name in line.value:
                if name.endswith("-metadata") and manifest.labelled(
                    line.value, name.removesuffix("-metadata")
                ):
                    found[name.removesuffix("-metadata")] = None
        if len(found) != 1:
            said = f"the labels {', '.join(map(repr, found))}" if found else "no labels"
            raise FormatError(f"{self.uri} has {said}: name the one that is meant, attribute=...")
        return next(iter(found))

    def items(self, found: Found, *, human_only: bool = False) -> Iterator[Item]:
        """Every object, in the manifest's order. Images get a size where their label tells or needs one. Raises FormatError
        for a label that cannot be read."""
        settings = settings_for(found.task, found.attribute, found.labels)
        textual = found.task in TEXT_TASKS
        for number, line in enumerate(self.lines()):
            if textual:
                item = Item(str(number), text=str(line.value.get("source", "")))
            else:
                uri = str(line.value.get("source-ref", ""))
                name = _plain(uri)[len(found.folder) :].lstrip("/") or _plain(uri).rpartition("/")[2]
                item = Item(name, Path(self._objects.resolve(uri).path), uri)
            item = replace(item, split=split_of(str(line.value.get("split", ""))))
            yield self._labelled(item, line, found, settings, human_only)

    def _labelled(
        self, item: Item, line: manifest.Line, found: Found, settings: JobSettings, human_only: bool
    ) -> Item:
        metadata = line.value.get(f"{found.attribute}-metadata", {})
        human = metadata.get("human-annotated") != "no" if isinstance(metadata, dict) else True
        if not manifest.labelled(line.value, found.attribute) or (human_only and not human):
            return item
        value = line.value[found.attribute]
        try:
            width, height = _size(value, item)
            thing = DataObject(line.number - 1, line.value, width, height)
            file = self._objects.read_uri(value) if found.task == PIXELS else None
            answer = tasks.find(found.task).read(value, metadata, thing, settings, file)
        except (BadAnswer, OSError) as error:
            raise FormatError(f"Line {line.number} of {self.uri}: {error}") from None
        if found.task == PIXELS:
            width, height = answer["width"], answer["height"]
        sure, scores = _confidences(found.task, answer, metadata, human)
        crowd = tuple(bool(one.get("iscrowd")) for one in _members(metadata, "objects"))
        return replace(
            item, width=width, height=height, answer=answer, confidence=sure, scores=scores,
            crowd=crowd if any(crowd) else (),
        )  # fmt: skip

    def collection(self, found: Found, *, human_only: bool = False) -> Collection:
        """The whole as a data set."""
        names = tuple(one.name for one in found.labels)
        return Collection(found.task, names, self.items(found, human_only=human_only))


def _named(task: str, value: Any, metadata: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
    """(number, name, colour) of the classes that one label tells of."""
    if task == ENTITIES:
        told = value.get("annotations", {}) if isinstance(value, dict) else {}
        for place, one in enumerate(_members(told, "labels")):
            yield place, str(one.get("label")), ""
        for one in _members(told, "entities"):
            yield 10_000, str(one.get("label")), ""  # behind those that are listed
    elif task == PIXELS:
        for key, one in (metadata.get("internal-color-map") or {}).items():
            if isinstance(one, dict) and one.get("class-name") != BACKGROUND:
                yield _number(key), str(one.get("class-name")), str(one.get("hex-color", ""))
    elif task in (TEXT_CLASS, IMAGE_CLASS):
        if isinstance(metadata.get("class-name"), str):
            yield _number(value), metadata["class-name"], ""
    else:
        for key, name in (metadata.get("class-map") or {}).items():
            yield _number(key), str(name), ""


def _members(value: Any, name: str) -> list[dict[str, Any]]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _number(text: Any) -> int:
    return int(text) if str(text).isdecimal() else 10_000


def _size(value: Any, item: Item) -> tuple[int, int]:
    """The image's size by its boxes, else not known."""
    for one in _members(value, "image_size"):
        return int(one.get("width", 0)), int(one.get("height", 0))
    return item.width, item.height


def _confidences(
    task: str, answer: Mapping[str, Any], metadata: Mapping[str, Any], human: bool
) -> tuple[float | None, tuple[float, ...]]:
    """The label's confidence and those of its parts. A person alone has 0.00 on Ground Truth, which tells nothing."""
    given: list[Any]
    if task in (BOXES, ENTITIES):
        entries = _members(metadata, "objects" if task == BOXES else "entities")
        given = [one.get("confidence") for one in entries]
        if len(given) != len(answer["boxes" if task == BOXES else "entities"]):
            given = []
    elif task in (IMAGE_CLASSES, TEXT_CLASSES):
        by_name = {
            name: (metadata.get("confidence-map") or {}).get(key)
            for key, name in (metadata.get("class-map") or {}).items()
        }
        given = [by_name.get(name) for name in answer["labels"]]
    else:
        sure = metadata.get("confidence")
        known = isinstance(sure, (int, float)) and (sure > 0 or not human)
        return (float(sure) if known and sure is not None else None), ()
    scores = tuple(float(one) for one in given if isinstance(one, (int, float)))
    if len(scores) < len(given) or not scores or (human and not any(scores)):
        return None, ()
    return min(scores), scores


def _plain(uri: str) -> str:
    """An address as a path; what leads up and down in it is gone."""
    scheme, _, rest = uri.partition("://")
    if scheme == "file":
        rest = unquote(rest)
    return f"{scheme}://{os.path.normpath(rest)}" if rest else uri


def _folder(uri: str) -> str:
    return _plain(uri).rpartition("/")[0]


def _common(folder: str, uri: str) -> str:
    """The folder that both lie in."""
    plain = _plain(uri)
    while folder and not plain.startswith(f"{folder}/"):
        folder = folder.rpartition("/")[0]
    return folder
