"""AugmentedManifestFile: JSON lines, of which the attributes in AttributeNames reach the program (Pipe mode only)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from clary.objects import Objects
from clary.toolkits.training.channels.errors import DataError
from clary.toolkits.training.channels.manifests import Finder, open_manifest

Value = bytes | Path
"""What one attribute passes on: the text of its value, or the object that it refers to."""


class AugmentedManifest:
    """The manifest at ``uri``, open. ``attributes``: the names whose values are passed on, in this order."""

    def __init__(self, uri: str, attributes: Sequence[str], objects: Objects) -> None:
        """Raises DataError, ObjectsError."""
        self._uri, self._attributes = uri, attributes
        self._file: io.BufferedReader = open_manifest(uri, objects)
        self._finder = Finder(objects)

    def close(self) -> None:
        self._file.close()

    def lines(self, most: int | None = None, most_bytes: int | None = None) -> Iterator[int]:
        """The offset of each line, in order, each seen to be right; no further than ``most`` lines or ``most_bytes`` where
        given. Raises DataError that names the first line which is not."""
        self._file.seek(0)
        offset, found = 0, 0
        for number, line in enumerate(self._file, 1):
            if line.strip():
                self._values(line, f"line {number}")
                found += 1
                yield offset
            offset += len(line)
            if found == most or (most_bytes is not None and offset > most_bytes):
                return
        if not found:
            raise DataError(f'The augmented manifest "{self._uri}" holds no line.')

    def values(self, offset: int) -> list[Value]:
        """What the line at ``offset`` passes on, attribute by attribute. Raises DataError."""
        self._file.seek(offset)
        return self._values(self._file.readline(), f"the line at byte {offset}")

    def _values(self, line: bytes, where: str) -> list[Value]:
        try:
            said = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
        except ValueError as error:
            raise self._wrong(where, f"is not valid JSON: {error}") from None
        if not isinstance(said, dict):
            raise self._wrong(where, "is no JSON object")
        return [self._value(said, name, where) for name in self._attributes]

    def _value(self, said: dict[str, Any], name: str, where: str) -> Value:
        if name not in said:
            raise self._wrong(where, f"has no attribute {name!r}, which is in AttributeNames")
        value = said[name]
        if not name.endswith("-ref"):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            return text.encode("utf-8", "surrogatepass")
        if not isinstance(value, str):
            raise self._wrong(where, f"has no S3 URI in {name!r}")
        return self._finder.find(value, f'{where} of the augmented manifest "{self._uri}"')

    def _wrong(self, where: str, what: str) -> DataError:
        return DataError(f'The augmented manifest "{self._uri}" is not valid: {where} {what}.')
