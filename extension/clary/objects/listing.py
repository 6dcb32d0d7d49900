"""The keys of a bucket in S3's order (UTF-8 bytes), read from its folder one directory at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clary.objects.directory import read
from clary.objects.errors import NoSuchBucket
from clary.objects.folders import is_absent, opened
from clary.objects.names import to_name
from clary.objects.side import Side


@dataclass(frozen=True)
class Found:
    """A key with the status of its file; `status` is None for a folder marker, and for a common prefix."""

    key: str
    status: os.stat_result | None
    is_prefix: bool = False


class Walk:
    """One walk over the keys of `bucket` that begin with `prefix` and come after `after`.

    With `delimiter` ``/`` a folder below the prefix is one entry (a common prefix), and is not read any
    further than to its first key. Other delimiters are grouped by `grouped`.
    """

    def __init__(
        self, root: Path, side: Side, prefix: str = "", after: str = "", delimiter: str = ""
    ) -> None:
        self._root, self._side, self._bucket = root, side, root.name
        self._prefix, self._after, self._delimiter = prefix, after, delimiter

    def __iter__(self) -> Iterator[Found]:
        """Raises NoSuchBucket when the bucket's folder is not there."""
        folder = self._prefix.rpartition("/")[0]
        names = [to_name(part) for part in folder.split("/")] if folder else []
        try:
            with opened(self._root) as descriptor:
                os.fstat(descriptor)
        except OSError as error:
            if is_absent(error):
                raise NoSuchBucket(self._bucket) from None
            raise
        # "." and ".." are no parts of any key, so nothing can begin with such a prefix; the same goes for
        # NUL.
        if any(name in (".", "..") or "\0" in name for name in names) or self._prefix.startswith("/"):
            return
        try:
            with opened(self._root, names) as descriptor:
                yield from self._folder(descriptor, f"{folder}/" if folder else "")
        except OSError as error:
            if not is_absent(error):
                raise

    def _folder(self, descriptor: int, above: str) -> Iterator[Found]:
        """The keys below the open folder whose keys begin with `above`."""
        if above and self._wanted(above) and self._side.has_marker(self._bucket, above):
            yield Found(above, None)
        # Both as seen from this folder: what is to come after, and what is to begin with.
        after = self._after.removeprefix(above) if self._after.startswith(above) else ""
        prefix = self._prefix.removeprefix(above) if self._prefix.startswith(above) else ""
        for order, name in read(descriptor).between(prefix, after):
            key = above + order
            if order.endswith("/"):
                if self._may_hold_wanted(key) and key != "/":
                    yield from self._below(descriptor, name, key)
            elif self._wanted(key):
                status = _regular(descriptor, name)
                if status is not None:
                    yield Found(key, status)

    def _below(self, descriptor: int, name: str, key: str) -> Iterator[Found]:
        try:
            below = os.open(
                name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor
            )
        except OSError as error:
            if is_absent(error):
                return
            raise
        try:
            keys = self._folder(below, key)
            if self._delimiter == "/" and key.startswith(self._prefix) and key != self._prefix:
                if key != self._after and next(keys, None) is not None:
                    yield Found(key, None, is_prefix=True)
                keys.close()  # type: ignore[attr-defined]
            else:
                yield from keys
        finally:
            os.close(below)

    def _wanted(self, key: str) -> bool:
        return key > self._after and key.startswith(self._prefix)

    def _may_hold_wanted(self, folder: str) -> bool:
        """Whether any key that begins with `folder` can come after `after` and begin with the prefix."""
        if not folder.startswith(self._prefix) and not self._prefix.startswith(folder):
            return False
        return folder > self._after or self._after.startswith(folder)


def grouped(found: Iterator[Found], prefix: str, delimiter: str, after: str) -> Iterator[Found]:
    """Rolls keys up to the first `delimiter` behind `prefix`, for delimiters that are not folder
    separators."""
    last = ""
    for one in found:
        cut = one.key.find(delimiter, len(prefix))
        if cut < 0:
            yield one
            continue
        common = one.key[: cut + len(delimiter)]
        if common not in (last, after):
            last = common
            yield Found(common, None, is_prefix=True)


def _regular(descriptor: int, name: str) -> os.stat_result | None:
    try:
        status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return None  # deleted since the folder was read
    return status if stat.S_ISREG(status.st_mode) else None
