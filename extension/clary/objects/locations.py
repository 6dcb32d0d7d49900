"""From the URIs that requests carry (``s3://``, ``file://``, S3's https forms) to places on this machine."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from clary.objects.errors import BadUri, NoSuchKey, NothingFound, disk_errors
from clary.objects.names import split
from clary.objects.reading import Reading

_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?:dualstack\.)?(?P<region>[a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?"
)


@dataclass(frozen=True)
class Location:
    """A place: ``kind`` is ``s3`` (with `bucket` and `key`) or ``file``; `path` is where it is or would be on
    disk."""

    kind: str
    bucket: str
    key: str
    path: Path
    uri: str


def parse_s3(uri: str) -> tuple[str, str] | None:
    """(bucket, key) of ``s3://bucket/key`` or of an https address of S3; None for any other text."""
    if uri.startswith("s3://"):
        bucket, _, key = uri[5:].partition("/")
        return bucket, key
    if not uri.startswith(("https://", "http://")):
        return None
    address = urlsplit(uri)
    matched = _HOST.fullmatch(address.hostname or "")
    if not matched:
        return None
    path = unquote(address.path).removeprefix("/")
    if matched["bucket"]:
        return matched["bucket"], path
    bucket, _, key = path.partition("/")
    return bucket, key


class Locations(Reading):
    """Resolving URIs; part of `Objects`."""

    def resolve(self, uri: str) -> Location:
        """Where `uri` is: ``s3://bucket/key``, ``file:///path``, or S3's https forms. The key need not exist,
        the bucket must. Raises BadUri, NoSuchBucket, BadBucketName, BadKey, KeyTooLong."""
        named = parse_s3(uri)
        if named is not None:
            bucket, key = named
            return Location("s3", bucket, key, self.path(bucket, key), uri)
        if uri.startswith("file://"):
            address = urlsplit(uri)
            path = unquote(address.path)
            if address.netloc not in ("", "localhost") or not path.startswith("/") or "\0" in path:
                raise BadUri(f"{uri!r} is not a file on this machine: write file:///absolute/path.")
            return Location("file", "", "", Path(path), uri)
        raise BadUri(
            f"{uri!r} is not a place Clary can read: it takes s3://bucket/key and file:///absolute/path."
        )

    def expand(self, uri: str) -> list[tuple[str, Path]]:
        """(relative path, file) for everything that `uri` as an S3Prefix means, in order; one entry for a
        single object.

        As on SageMaker, a prefix matches any key that begins with it, and is stripped from the relative paths
        up to a slash. Folder markers are left out. Raises NothingFound when there is nothing, and what
        `resolve` raises.
        """
        location = self.resolve(uri)
        found = _files(location.path) if location.kind == "file" else self._keys(location)
        if not found:
            raise NothingFound(
                f"No S3 objects found under S3 URL {uri!r} given in input data source. Please ensure that"
                " the bucket exists and that objects exist under the specified S3 prefix."
            )
        return found

    def _keys(self, location: Location) -> list[tuple[str, Path]]:
        prefix = location.key
        folder = self.path(location.bucket)
        found = []
        for one in self.walk(location.bucket, prefix):
            if one.status is None:
                continue
            if one.key == prefix:
                relative = prefix.rsplit("/", 1)[-1]
            elif prefix.endswith("/") or one.key.startswith(f"{prefix}/"):
                relative = one.key[len(prefix) :].lstrip("/")
            else:
                relative = one.key[prefix.rfind("/") + 1 :]
            found.append((relative, folder.joinpath(*split(one.key)[0])))
        return found

    def read_uri(self, uri: str) -> bytes:
        """All bytes of the one object or file at `uri`. Raises NoSuchKey, and what `resolve` raises."""
        location = self.resolve(uri)
        if location.kind == "s3":
            with self.open(location.bucket, location.key) as opened:
                return opened.file.read()
        with disk_errors(f"reading {uri}"):
            try:
                return location.path.read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                raise NoSuchKey("", str(location.path)) from None


def _files(path: Path) -> list[tuple[str, Path]]:
    """The files below a folder of this machine (links to files count, links to folders are not entered), or
    the file."""
    if path.is_file():
        return [(path.name, path)]
    found = []
    for folder, folders, names in os.walk(path):
        folders.sort()
        here = Path(folder)
        found += [
            (str((here / name).relative_to(path)), here / name) for name in names if (here / name).is_file()
        ]
    return sorted(found)
