"""CSV and TSV: a row an object (or a box), with a header."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from clary.labeling.formats.format import (
    BOXES,
    ENTITIES,
    IMAGE_CLASSES,
    IMAGE_TASKS,
    PIXELS,
    TEXT_CLASSES,
    TEXT_TASKS,
    Collection,
    Format,
    Item,
    ReadOptions,
    WriteOptions,
)
from clary.labeling.formats.pictures import Names, bring
from clary.labeling.formats.problems import FormatError
from clary.labeling.formats.rows import Columns, collection
from clary.labeling.formats.split_files import split_files, wanted

_EXTENSIONS = (".csv", ".tsv")
_LONGEST_CELL = 10_000_000


class Csv(Format):
    """Columns: image or text; label, or labels (a JSON list, or names with | between them); for boxes left, top, width, height
    (or xmin, ymin, xmax, ymax); entities (JSON); and, if they are there, confidence and split."""

    name = "csv"
    title = "CSV"
    tasks = (IMAGE_TASKS | TEXT_TASKS) - {PIXELS}

    def matches(self, path: Path) -> bool:
        files = split_files(path, _EXTENSIONS)
        try:
            if not files:
                return False
            Columns.of(_header(files[0][0]), {}, "")
        except FormatError:
            return path.is_file()
        return True

    def read(self, path: Path, options: ReadOptions) -> Collection:
        files = wanted(split_files(path, _EXTENSIONS), path, options)

        def rows() -> Iterator[tuple[str, dict[str, Any]]]:
            for file, split in files:
                for where, row in _rows(file):
                    yield where, ({**row, "split": split} if split else row)

        header = [*_header(files[0][0]), *(["split"] if files[0][1] else [])]
        root = path if path.is_dir() else path.parent
        return collection(rows, header, str(files[0][0]), root, options, self.tasks)

    def write(self, data: Collection, target: Path, options: WriteOptions) -> None:
        text = data.task in TEXT_TASKS
        names = Names()
        with ExitStack() as stack:
            file = stack.enter_context((target / "labels.csv").open("w", encoding="utf-8", newline=""))
            writer = csv.DictWriter(file, columns_of(data.task))
            writer.writeheader()
            for item in data.items:
                if data.task == BOXES and item.answer is None:
                    options.note(
                        "Objects without a label were left out: a row without a box is an image with nothing on it."
                    )
                    continue
                if item.crowd:
                    options.note("CSV knows no boxes of groups (iscrowd); they are written as plain boxes.")
                name = item.text if text else str(names.give(item.name))
                if not text:
                    bring(item, target / "images" / name, options)
                    name = (item.uri or name) if options.images == "none" else f"images/{name}"
                writer.writerows(rows_of(item, name, data.task, json.dumps))


def columns_of(task: str) -> list[str]:
    """The header for a task."""
    first = "text" if task in TEXT_TASKS else "image"
    if task == BOXES:
        return [first, "label", "left", "top", "width", "height", "confidence", "split"]
    if task == ENTITIES:
        return [first, "entities", "split"]
    return [first, "labels" if task in (IMAGE_CLASSES, TEXT_CLASSES) else "label", "confidence", "split"]


def rows_of(item: Item, name: str, task: str, dump: Any) -> Iterable[dict[str, Any]]:
    """The rows of an item. `name`: the image's path, or the text; `dump`: how lists are put into a cell."""
    header = columns_of(task)
    base: dict[str, Any] = {header[0]: name, "split": item.split}
    if task == BOXES:
        boxes = item.answer["boxes"] if item.answer else []
        for place, box in enumerate(boxes):
            yield {**base, **box, "confidence": item.scores[place] if item.scores else None}
        if not boxes:
            yield base
        return
    if item.answer is not None and task == ENTITIES:
        spans = [[one["startOffset"], one["endOffset"], one["label"]] for one in item.answer["entities"]]
        base["entities"] = dump(spans)
    elif item.answer is not None and header[1] == "labels":
        base["labels"] = dump(item.answer["labels"])
    elif item.answer is not None:
        base["label"] = item.answer["label"]
    if item.confidence is not None and "confidence" in header:
        base["confidence"] = item.confidence
    yield base


def _dialect(file: Path) -> dict[str, Any]:
    with _opened(file) as text:
        first = text.readline()
    if file.suffix.lower() == ".tsv" or ("\t" in first and "," not in first):
        return {"delimiter": "\t"}
    return {"delimiter": ";" if ";" in first and "," not in first else ","}


def _opened(file: Path) -> Any:
    return file.open(encoding="utf-8-sig", newline="")


def _header(file: Path) -> list[str]:
    try:
        with _opened(file) as text:
            return next(csv.reader(text, **_dialect(file)), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{file} is not a CSV file in UTF-8: {error}") from None


def _rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    csv.field_size_limit(_LONGEST_CELL)
    with _opened(file) as text:
        reader = csv.DictReader(text, **_dialect(file))
        try:
            for row in reader:
                where = f"{file}, line {reader.line_num}"
                if None in row:
                    raise FormatError(
                        f"{where}: it has more cells than the header has names. Is a text not in quotes?"
                    )
                yield where, row
        except (UnicodeDecodeError, csv.Error) as error:
            raise FormatError(f"{file}, line {reader.line_num + 1} is not CSV in UTF-8: {error}") from None
