"""A folder of images with a folder for each class, perhaps below train/, validation/ and test/ (torchvision's ImageFolder)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clary.labeling.formats.format import (
    IMAGE_CLASS,
    Collection,
    Format,
    Item,
    ReadOptions,
    WriteOptions,
    split_of,
    wanted_task,
)
from clary.labeling.formats.pictures import Names, bring, images_below, measured
from clary.labeling.formats.problems import FormatError


class ClassFolders(Format):
    """Folders' names are the labels; images that lie in no folder are not labelled."""

    name = "folder"
    title = "A folder for each class"
    tasks = frozenset({IMAGE_CLASS})

    def matches(self, path: Path) -> bool:
        return path.is_dir() and next(images_below(path), None) is not None

    def read(self, path: Path, options: ReadOptions) -> Collection:
        task = wanted_task(options, self.tasks, IMAGE_CLASS, self.title)
        if not path.is_dir():
            raise FormatError(f"{path} is no folder.")
        roots = _roots(path)
        found = sorted(
            {one.name for root, _ in roots for one in root.iterdir() if one.is_dir() and one.name[0] != "."}
        )
        labels = options.labels or tuple(found)
        return Collection(task, labels, _items(path, roots, labels, options))

    def write(self, data: Collection, target: Path, options: WriteOptions) -> None:
        for label in data.labels:
            _check(label)
        names = Names()
        for item in data.items:
            if item.answer is None:
                options.note("Objects without a label were left out.")
                continue
            label = str(item.answer["label"])
            parts = [item.split] if item.split else []
            rest = item.name.removeprefix(f"{item.split}/").removeprefix(f"{label}/")
            name = names.give("/".join([*parts, label, rest]))
            bring(item, target / name, options)
            if item.confidence is not None:
                options.note("Folders hold no confidences; they were left out.")
        if options.images == "none":
            raise FormatError('In folders the images are the labels: copy or link them (images="link").')


def _roots(path: Path) -> list[tuple[Path, str]]:
    """The folders that have a folder for each class: `path`, or its splits where all its folders are such."""
    below = [one for one in sorted(path.iterdir()) if one.is_dir() and one.name[0] != "."]
    if below and all(split_of(one.name) for one in below):
        return [(one, split_of(one.name)) for one in below]
    return [(path, "")]


def _items(
    path: Path, roots: list[tuple[Path, str]], labels: tuple[str, ...], options: ReadOptions
) -> Iterator[Item]:
    for root, split in roots:
        if options.split is not None and not options.wants(split):
            continue
        for file in images_below(root):
            inner = file.relative_to(root).parts
            label = inner[0] if len(inner) > 1 else None
            if label is not None and label not in labels:
                options.problems.add(str(file), f"the folder {label!r} is not among the labels asked for")
                continue
            size = measured(file, str(file), options.problems)
            if size is not None:
                answer = None if label is None else {"label": label}
                name = file.relative_to(path).as_posix()
                yield Item(name, file, width=size[0], height=size[1], answer=answer, split=split)


def _check(label: str) -> None:
    if label in ("", ".", "..") or label.startswith(".") or "/" in label or "\0" in label:
        raise FormatError(f"{label!r} cannot be a folder's name. Export as csv, huggingface or jsonl.")
    if len(label.encode()) > 255:
        raise FormatError(f"The label {label[:40]!r}... is too long for a folder's name. Export as csv.")
