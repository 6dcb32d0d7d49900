"""What the objects library says about buckets and objects."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO

from clary.objects.side import DEFAULT_CONTENT_TYPE, Properties, Record


@dataclass(frozen=True)
class Bucket:
    """`created` in seconds since the epoch; `region` is empty for a folder that was made by hand."""

    name: str
    created: float
    region: str


@dataclass(frozen=True)
class ObjectInfo:
    """An object without its bytes: `size` in bytes, `modified` in seconds since the epoch, `etag` without
    quotes."""

    bucket: str
    key: str
    size: int
    modified: float
    etag: str
    properties: Properties


@dataclass
class Opened:
    """An object open for reading; what it says and what it reads belong together, whatever is written
    meanwhile."""

    info: ObjectInfo
    file: BinaryIO

    def __enter__(self) -> Opened:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()


@dataclass(frozen=True)
class Listing:
    """One page of keys. `next` is the last key or prefix of it when there are more, else empty."""

    objects: list[ObjectInfo]
    prefixes: list[str]
    next: str


def make_info(bucket: str, key: str, record: Record) -> ObjectInfo:
    """The public face of a record."""
    properties = record.properties
    if not properties.content_type:
        properties = properties.merged(content_type=DEFAULT_CONTENT_TYPE)
    return ObjectInfo(bucket, key, record.size, record.mtime_ns / 1e9, record.etag, properties)
