"""Labels in rows (CSV, DataFrames, JSON lines): which column is what, and a row as an item."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from clary.labeling.formats.format import (
    BOXES,
    CLASS_TASKS,
    ENTITIES,
    IMAGE_CLASS,
    IMAGE_CLASSES,
    TEXT_CLASS,
    TEXT_CLASSES,
    TEXT_TASKS,
    Collection,
    Item,
    ReadOptions,
    split_of,
)
from clary.labeling.formats.pictures import inside, measured, missing
from clary.labeling.formats.problems import FormatError
from clary.labeling.formats.row_boxes import EDGES, SIZES, boxed_items
from clary.labeling.formats.row_entities import entities

Row = Mapping[str, Any]
Rows = Callable[[], Iterable[tuple[str, Row]]]
"""Gives the rows, each with where it is ("file, line 3"), as often as it is called."""

# Role to the names that columns of it usually have, the surest first.
NAMES: dict[str, tuple[str, ...]] = {
    "image": (
        "image",
        "file_name",
        "filename",
        "file",
        "path",
        "image_path",
        "filepath",
        "source-ref",
        "img",
    ),
    "text": ("text", "source", "sentence", "content", "document"),
    "labels": ("labels", "tags", "categories", "classes"),
    "label": ("label", "class", "category", "class_name", "target", "sentiment"),
    "entities": ("entities", "spans", "ner"),
    "confidence": ("confidence", "score", "probability"),
    "split": ("split", "subset", "partition"),
    **{name: (name,) for name in (*SIZES, *EDGES)},
}


@dataclass(frozen=True)
class Columns:
    """The names of the columns by role. Raises FormatError when there is neither an image nor a text."""

    by_role: Mapping[str, str]

    @classmethod
    def of(cls, header: Iterable[str], asked: Mapping[str, str], where: str) -> Columns:
        names = list(header)
        for role, name in asked.items():
            if role not in NAMES:
                raise FormatError(f"There is no role {role!r} of columns; there are {', '.join(NAMES)}.")
            if name not in names:
                raise FormatError(f"{where} has no column {name!r}; it has {', '.join(map(repr, names))}.")
        lower = {name.strip().lower(): name for name in reversed(names)}
        taken = set(asked.values())
        by_role = dict(asked)
        for role, usual in NAMES.items():
            found = next((lower[one] for one in usual if one in lower and lower[one] not in taken), None)
            if role not in by_role and found is not None:
                by_role[role] = found
                taken.add(found)
        if "image" not in by_role and "text" not in by_role:
            raise FormatError(
                f"{where} has no column that looks like images or texts; it has {', '.join(map(repr, names))}. "
                'Say which one it is: columns={"image": "..."} or {"text": "..."}.'
            )
        return cls(by_role)

    def has(self, *roles: str) -> bool:
        return all(role in self.by_role for role in roles)

    def value(self, row: Row, role: str) -> Any:
        """The cell, None where it is empty."""
        value = row.get(self.by_role.get(role, ""))
        return (
            None
            if value is None or value == "" or (isinstance(value, float) and math.isnan(value))
            else value
        )

    def task(self) -> str:
        """What the columns hold."""
        if self.has(*SIZES) or self.has(*EDGES):
            return BOXES
        if self.has("entities"):
            return ENTITIES
        if self.has("text"):
            return TEXT_CLASSES if self.has("labels") else TEXT_CLASS
        return IMAGE_CLASSES if self.has("labels") else IMAGE_CLASS


def collection(
    rows: Rows, header: Iterable[str], where: str, root: Path, options: ReadOptions, can: frozenset[str]
) -> Collection:
    """The data set of rows; relative paths of images are below `root`. Raises FormatError."""
    columns = Columns.of(header, options.columns, where)
    task = options.task or columns.task()
    if task not in can:
        raise FormatError(f"{where} can hold no labels for {task!r}; it can hold {', '.join(sorted(can))}.")
    if (task in TEXT_TASKS) != columns.has("text") and not (columns.has("text", "image")):
        raise FormatError(
            f"{where} has no column for {task!r}: columns={{'text' or 'image': ...}} says which it is."
        )
    if task == BOXES and not (columns.has(*SIZES) or columns.has(*EDGES)):
        raise FormatError(
            f"{where} has no columns {', '.join(SIZES)} (or {', '.join(EDGES)}) for boxes; say which they are: columns={{...}}."
        )
    labels = options.labels or _labels(rows, columns, task)
    if task == BOXES:
        return Collection(task, labels, boxed_items(rows, columns, labels, root, options))
    return Collection(task, labels, _items(rows, columns, task, labels, root, options))


def _labels(rows: Rows, columns: Columns, task: str) -> tuple[str, ...]:
    found: set[str] = set()
    for _, row in rows():
        if task == ENTITIES:
            cell = _json(columns.value(row, "entities"))
            found.update(one for one in (_entity_label(entry) for entry in cell) if one) if isinstance(
                cell, list
            ) else None
        elif task in (IMAGE_CLASSES, TEXT_CLASSES):
            found.update(many(columns.value(row, "labels" if columns.has("labels") else "label")) or ())
        elif (label := columns.value(row, "label")) is not None:
            found.add(word(label))
    return tuple(sorted(found, key=_natural))


def _entity_label(entry: Any) -> str | None:
    if isinstance(entry, dict):
        return str(entry["label"]) if "label" in entry else None
    return str(entry[2]) if isinstance(entry, (list, tuple)) and len(entry) == 3 else None


def _natural(label: str) -> tuple[int, float, str]:
    """Numbers by their size, before words."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


def word(value: Any) -> str:
    """A cell as a label: 3.0, as pandas reads whole numbers beside gaps, is "3"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def many(value: Any) -> list[str] | None:
    """A cell as several labels: a list, a JSON list, or words with ``|`` between them."""
    if value is None:
        return None
    parsed = _json(value)
    if isinstance(parsed, (list, tuple)) or type(parsed).__name__ == "ndarray":
        return [word(one) for one in parsed]
    return [part.strip() for part in str(value).split("|") if part.strip()]


def _json(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _items(
    rows: Rows, columns: Columns, task: str, labels: tuple[str, ...], root: Path, options: ReadOptions
) -> Iterator[Item]:
    known = frozenset(labels)
    names: dict[str, int] = {}
    for number, (where, row) in enumerate(rows()):
        split = split_of(str(columns.value(row, "split") or ""))
        if options.split is not None and not options.wants(split):
            continue
        if task in TEXT_TASKS:
            text = columns.value(row, "text")
            if text is None:
                options.problems.add(where, "it has no text", "Take empty rows out.")
                continue
            item = Item(str(number), text=str(text), split=split)
        else:
            pictured = picture(columns.value(row, "image"), split, where, root, options)
            if pictured is None:
                continue
            item = pictured
            names[item.name] = names.get(item.name, 0) + 1
            if names[item.name] > 1:
                options.problems.add(
                    where, f"the image {item.name!r} has a label already",
                    "Give each image one row; several labels of one image go into a column 'labels', as a JSON list.",
                )  # fmt: skip
                continue
        yield from _labelled(item, row, where, columns, task, known, options)


def picture(value: Any, split: str, where: str, root: Path, options: ReadOptions) -> Item | None:
    """The unlabelled item of an image's cell: a path below `root` (or the images' folder), an absolute one, or an address."""
    if value is None:
        options.problems.add(where, "it has no image", "Take empty rows out.")
        return None
    name = str(value)
    if name.startswith("s3://"):
        return _stored(name, split, where, options)
    folders = [options.images] if options.images else [root, root / "images"]
    # Exports have addresses as manifests do: spaces and letters beyond ASCII are percent-encoded.
    path = (
        Path(unquote(name.removeprefix("file://"))) if name.startswith("file://") else Path(name).expanduser()
    )
    found = path if path.is_absolute() and path.is_file() else inside(folders, name)
    if found is None:
        missing(name, folders, where, options.problems)
        return None
    size = measured(found, where, options.problems)
    if size is None:
        return None
    return Item(path.as_posix().lstrip("/"), found, width=size[0], height=size[1], split=split)


def _stored(uri: str, split: str, where: str, options: ReadOptions) -> Item | None:
    """The item of an image that is in a bucket already."""
    if options.resolve is None:
        raise FormatError(f"{where}: {uri} is in a bucket, which cannot be read here.")
    try:
        found = options.resolve(uri)
    except Exception as error:  # of the floor below: no such bucket, a key that leaves it
        options.problems.add(where, f"{uri}: {error}")
        return None
    size = measured(found, where, options.problems)
    if size is None:
        return None
    return Item(uri.removeprefix("s3://"), found, uri, width=size[0], height=size[1], split=split)


def _labelled(
    item: Item, row: Row, where: str, columns: Columns, task: str, known: frozenset[str], options: ReadOptions
) -> Iterator[Item]:
    confidence = columns.value(row, "confidence")
    try:
        sure = None if confidence is None or task not in CLASS_TASKS else float(confidence)
    except (TypeError, ValueError):
        sure = None
    if task == ENTITIES:
        value = _json(columns.value(row, "entities"))
        if value is None:
            yield item
            return
        answer = entities(value, item.text, known, where, options.problems)
        if answer is not None:
            yield replace(item, answer=answer)
        return
    if task in (IMAGE_CLASSES, TEXT_CLASSES):
        chosen = many(columns.value(row, "labels" if columns.has("labels") else "label"))
    else:
        label = columns.value(row, "label")
        chosen = None if label is None else [word(label)]
    if chosen is None:
        yield item
        return
    strange = [one for one in chosen if one not in known]
    if strange:
        options.problems.add(where, f"the label {strange[0]!r} is not among the labels asked for")
        return
    answer = (
        {"label": chosen[0]} if task in (IMAGE_CLASS, TEXT_CLASS) else {"labels": list(dict.fromkeys(chosen))}
    )
    yield replace(item, answer=answer, confidence=sure)
