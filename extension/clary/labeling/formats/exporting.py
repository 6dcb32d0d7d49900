"""Export: an output manifest's labels in another format, whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from clary.labeling import formats
from clary.labeling.formats.format import (
    BOXES,
    IMAGE_TASKS,
    PIXELS,
    Collection,
    Item,
    WriteOptions,
    known_split,
)
from clary.labeling.formats.manifests import Manifest
from clary.labeling.formats.pictures import size
from clary.labeling.formats.problems import FormatError

if TYPE_CHECKING:
    from clary.objects import Objects

Images = Literal["copy", "link", "none"]
_SINGLE = (".json", ".csv", ".jsonl", ".conll")


@dataclass(frozen=True)
class Exported:
    """What an export made: the folder or file, how many labelled objects are in it, and in words what the format could not
    hold."""

    path: Path
    task: str
    labels: tuple[str, ...]
    labelled: int
    notes: list[str] = field(default_factory=list)


def export_labels(
    objects: Objects,
    manifest_uri: str,
    path: Path,
    *,
    format: str,
    attribute: str | None = None,
    classes: Sequence[str] | None = None,
    images: Images = "copy",
    splits: Mapping[str, float] | None = None,
    seed: int = 0,
    human_only: bool = False,
) -> Exported:
    """Write the labels under `attribute` to `path`: a new folder, or a single file where it ends in .json, .csv, .jsonl or
    .conll (images are then left where they are).

    classes: all classes in their order, those that occur if None. splits: shares by name, {"train": 0.8, "validation": 0.2},
    drawn by the objects' names and `seed`, so that an object stays in its split when others are added; None: those that the
    manifest has. human_only: without what a machine labelled.
    Raises FormatError, ManifestError, ObjectsError.
    """
    kind = formats.find(format)
    single = path.suffix.lower() in _SINGLE
    if path.exists() and (single or not path.is_dir() or any(path.iterdir())):
        raise FormatError(f"{path} is there already; export to a new {'file' if single else 'folder'}.")
    source = Manifest(objects, manifest_uri)
    found = source.look(attribute, classes)
    if found.task not in kind.tasks:
        able = ", ".join(name for name in formats.names() if found.task in formats.find(name).tasks)
        raise FormatError(f"{kind.title} holds no labels for {found.task!r}; these formats do: {able}.")
    options = WriteOptions("none" if single else images)
    data = source.collection(found, human_only=human_only)
    counted = _Counted(data, _shares(splits), seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        target = Path(folder) / "data"
        target.mkdir()
        kind.write(replace(data, items=iter(counted)), target, options)
        _move(target, path, single)
    return Exported(path, found.task, data.labels, counted.labelled, options.notes)


class _Counted:
    """The items with their splits and sizes, counted as they pass."""

    def __init__(self, data: Collection, shares: list[tuple[str, float]], seed: int) -> None:
        self._data, self._shares, self._seed = data, shares, seed
        self.labelled = 0

    def __iter__(self) -> Iterator[Item]:
        for item in self._data.items:
            if item.answer is not None:
                self.labelled += 1
            if self._data.task in (BOXES, PIXELS) and not item.width and item.file is not None:
                width, height = size(item.file)
                item = replace(item, width=width, height=height)
            yield replace(item, split=self._split(item)) if self._shares else item

    def _split(self, item: Item) -> str:
        key = item.text if self._data.task not in IMAGE_TASKS else item.uri or item.name
        digest = hashlib.blake2b(
            f"{self._seed}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8
        ).digest()
        place = int.from_bytes(digest) / 2**64
        for split, end in self._shares:
            if place < end:
                return split
        return self._shares[-1][0]


def _shares(splits: Mapping[str, float] | None) -> list[tuple[str, float]]:
    """(split, end of its part of 0..1)."""
    total, ends = 0.0, []
    for name, share in (splits or {}).items():
        if not 0 <= share <= 1:
            raise FormatError(f"The share of {name!r} is {share}; shares are numbers from 0 to 1.")
        total += share
        ends.append((known_split(name), total))
    if splits and abs(total - 1) > 1e-6:
        raise FormatError(f"The shares of the splits sum to {total:g}; they must sum to 1.")
    return ends


def _move(target: Path, path: Path, single: bool) -> None:
    if not single:
        if path.is_dir():
            path.rmdir()
        target.replace(path)
        return
    files = [one for one in target.rglob("*") if one.is_file() and one.suffix == path.suffix.lower()]
    if len(files) != 1:
        raise FormatError(
            f"This makes {len(files) or 'no'} {path.suffix} files, one for each split: export to a folder instead."
            if files
            else f"The format makes no {path.suffix} file: export to a folder instead."
        )
    shutil.move(files[0], path)
