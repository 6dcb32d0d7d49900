"""ManifestFile: ``[{"prefix": "s3://bucket/x/"}, "relative/key", ...]``, read as a stream."""

from __future__ import annotations

import io
import itertools
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clary.objects import Objects, ObjectsError, parse_s3
from clary.objects.names import split
from clary.toolkits.training.channels.errors import DataError
from clary.toolkits.training.channels.json_list import elements


@dataclass(frozen=True)
class Entry:
    """One object that a manifest names: its number in the list (the prefix is 1), its name below the channel's folder, its
    URI, its file."""

    number: int
    name: str
    uri: str
    path: Path


def objects_of(uri: str, objects: Objects, limit: int | None = None) -> Iterator[Entry]:
    """The objects that the manifest at ``uri`` names, at most ``limit``, each seen to exist. Raises DataError, ObjectsError."""
    finder = Finder(objects)
    with io.TextIOWrapper(open_manifest(uri, objects), encoding="utf-8-sig") as text:
        try:
            found = elements(text)
            prefix = _prefix(uri, next(found, None))
            count = 0
            for number, key in enumerate(itertools.islice(found, limit), 2):
                if not isinstance(key, str):
                    raise DataError(
                        f'Entry {number} of the manifest "{uri}" is {json.dumps(key)[:80]}, and must be a text: the rest of an'
                        " object's key behind the prefix."
                    )
                count += 1
                place = f"{prefix}{key}"
                yield Entry(
                    number,
                    key.lstrip("/") or prefix.rpartition("/")[2],
                    place,
                    finder.find(place, f'entry {number} of the manifest "{uri}"'),
                )
        except json.JSONDecodeError as error:
            raise DataError(f'The manifest "{uri}" is not valid JSON: {error.msg}.') from None
        except UnicodeDecodeError as error:
            raise DataError(f'The manifest "{uri}" is not UTF-8: {error.reason}.') from None
    if not count:
        raise DataError(
            f'The manifest "{uri}" names no objects: behind the prefix there must be one key or more.'
        )


def open_manifest(uri: str, objects: Objects) -> io.BufferedReader:
    """The manifest, opened; an object that replaces it later changes nothing. Raises DataError, ObjectsError."""
    path = objects.resolve(uri).path
    try:
        return open(path, "rb")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise DataError(
            f'There is no manifest at "{uri}": S3Uri must name an object when S3DataType is a manifest.'
        ) from None


def _prefix(uri: str, first: object) -> str:
    prefix = first.get("prefix") if isinstance(first, dict) else None
    if isinstance(prefix, str) and prefix.startswith(("s3://", "https://", "file://")):
        return prefix
    raise DataError(
        f'The manifest "{uri}" must be a JSON list whose first element is {{"prefix": "s3://bucket/some/prefix/"}}, but that is'
        f" {json.dumps(first)[:80]}."
    )


class Finder:
    """Looks objects up by URI; a folder once seen to be reached over no symbolic link is not examined again."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._folders: dict[tuple[str, str], str] = {}

    def find(self, uri: str, who: str) -> Path:
        """The file of the object; ``who`` names it. Raises DataError."""
        try:
            path = self._path(uri)
            if path is not None:
                return path
        except ObjectsError as error:
            raise DataError(f'{_capital(who)} names "{uri}", which cannot be used: {error}') from None
        raise DataError(f'{_capital(who)} names "{uri}", and there is no such object.')

    def _path(self, uri: str) -> Path | None:
        named = parse_s3(uri)
        if named is None:
            path = self._objects.resolve(uri).path
            return path if path.is_file() else None
        bucket, key = named
        names, marker = split(key)
        above = "/".join(names[:-1])
        folder = self._folders.get((bucket, above))
        if folder is None:
            folder = str(self._objects.path(bucket, key).parent)
            self._folders[bucket, above] = folder
        path = Path(folder, names[-1])
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return path if stat.S_ISREG(status.st_mode) and not marker else None


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
