"""JSON lines of texts: ``{"text", "label"}``, ``{"text", "labels"}``, or ``{"text", "entities": [[start, end, label]]}``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import orjson

from clary.labeling.formats.csv_table import rows_of
from clary.labeling.formats.format import (
    ENTITIES,
    TEXT_TASKS,
    Collection,
    Format,
    ReadOptions,
    WriteOptions,
    wanted_task,
)
from clary.labeling.formats.problems import FormatError
from clary.labeling.formats.rows import Row, collection
from clary.labeling.formats.split_files import split_files, wanted

_EXTENSIONS = (".jsonl", ".ndjson")


class JsonLines(Format):
    """One JSON object a line. Entities are ``[start, end, label]`` or objects with start, end and label (Prodigy's ``spans``,
    Doccano's ``label``); offsets count Unicode characters, the end is exclusive."""

    name = "jsonl"
    title = "JSON lines"
    tasks = TEXT_TASKS

    def matches(self, path: Path) -> bool:
        files = split_files(path, _EXTENSIONS)
        if not files:
            return False
        try:
            _, first = next(_rows(*files[0]), ("", {}))
        except FormatError:
            return path.is_file()
        return any(name in first for name in ("text", "source", "sentence"))

    def read(self, path: Path, options: ReadOptions) -> Collection:
        files = wanted(split_files(path, _EXTENSIONS), path, options)

        def rows() -> Iterator[tuple[str, Row]]:
            for file, split in files:
                yield from _rows(file, split)

        header: dict[str, None] = {}
        for _, row in rows():
            header.update(dict.fromkeys(row))
        if not header:
            raise FormatError(f"{path} holds no lines.")
        wanted_task(options, self.tasks, ENTITIES, self.title)
        return collection(rows, header, str(files[0][0]), path, options, self.tasks)

    def write(self, data: Collection, target: Path, options: WriteOptions) -> None:
        with ExitStack() as stack:
            files: dict[str, IO[bytes]] = {}
            for item in data.items:
                if item.split not in files:
                    place = target / f"{item.split or 'data'}.jsonl"
                    files[item.split] = stack.enter_context(place.open("wb"))
                for row in rows_of(item, item.text, data.task, lambda value: value):
                    row.pop("split", None)
                    files[item.split].write(orjson.dumps(row) + b"\n")


def _rows(file: Path, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{file}, line {number}"
            try:
                row = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
            except orjson.JSONDecodeError as error:
                raise FormatError(f"{where} is not valid JSON: {error}.") from None
            if not isinstance(row, dict):
                raise FormatError(f"{where} is no JSON object.")
            label = row.get("label")
            # Doccano calls a list of whatever kind "label".
            if isinstance(label, list):
                spans = bool(label) and isinstance(label[0], (list, dict))
                row["entities" if spans else "labels"] = row.pop("label")
            cats = row.get("cats")
            if isinstance(cats, dict):  # spaCy's classes: name to 0 or 1
                chosen = [
                    name for name, value in cats.items() if isinstance(value, (int, float)) and value >= 0.5
                ]
                row["labels"] = chosen
            if split:
                row.setdefault("split", split)
            yield where, row
