"""Bytes on their way into an object: a temporary file that is either renamed into place whole, or gone."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

CHUNK = 1 << 20
_ORPHAN_AGE_S = 60.0


class Readable(Protocol):
    """Anything with ``read(size) -> bytes``: an open file, a request's body."""

    def read(self, size: int = ..., /) -> bytes: ...


Source = bytes | Path | Readable


@contextlib.contextmanager
def reading(source: Source) -> Iterator[Readable]:
    """`source` as something to read from."""
    if isinstance(source, Path):
        with open(source, "rb") as file:
            yield file
    elif isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source)
    else:
        yield source


class Incoming:
    """A temporary file in `folder`, locked while its writer lives; `receive` fills it, the owner renames
    `path`."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self.path = folder / f"{prefix}{os.urandom(12).hex()}"
        self._file: BinaryIO = self._create(folder)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.size = 0

    def _create(self, folder: Path) -> BinaryIO:
        try:
            file = open(self.path, "xb", buffering=0)  # noqa: SIM115 - closed by close()
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
            file = open(self.path, "xb", buffering=0)  # noqa: SIM115 - closed by close()
        fcntl.flock(file, fcntl.LOCK_SH)
        return file

    @property
    def md5(self) -> str:
        """MD5 of what `receive` got, in hexadecimal."""
        return self._md5.hexdigest()

    def receive(self, source: Readable) -> None:
        """Append all of `source`, hashing it; never more than one chunk in memory."""
        while chunk := source.read(CHUNK):
            self._md5.update(chunk)
            self._write(chunk)

    def append_file(self, descriptor: int, size: int) -> None:
        """Append `size` bytes of an open file unhashed; inside the kernel where it can (on btrfs and xfs even
        shared)."""
        offset = 0
        while offset < size:
            copied = self._copy_in_kernel(descriptor, offset, size - offset)
            if not copied:
                chunk = os.pread(descriptor, min(CHUNK, size - offset), offset)
                if not chunk:
                    raise OSError(errno.EIO, "a file became shorter while it was being copied")
                self._write(chunk)
                copied = len(chunk)
            offset += copied

    def _copy_in_kernel(self, descriptor: int, offset: int, size: int) -> int:
        if not hasattr(os, "copy_file_range"):
            return 0
        try:
            copied = os.copy_file_range(descriptor, self._file.fileno(), min(size, 1 << 30), offset)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            return 0  # this pair of file systems cannot; reading and writing can
        self.size += copied
        return copied

    def _write(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(chunk)

    def finish(self) -> os.stat_result:
        """On disk for certain, with a modification time finer than the kernel's clock tick; its final
        status."""
        now = time.time_ns()
        os.utime(self._file.fileno(), ns=(now, now))
        os.fsync(self._file.fileno())
        return os.fstat(self._file.fileno())

    def close(self) -> None:
        """Close, and remove the file unless it was renamed away."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sweep(folder: Path) -> int:
    """Remove temporary files whose writer was killed; how many there were."""
    removed = 0
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return 0
    for entry in entries:
        with contextlib.suppress(OSError):
            # The age guards the instant between a writer's creating its file and locking it.
            if time.time() - entry.stat().st_mtime < _ORPHAN_AGE_S:
                continue
            with open(entry.path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(entry.path)
                removed += 1
    return removed
