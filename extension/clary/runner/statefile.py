"""Small JSON files that must survive a crash and a full disk. Standard library only (see linux.py)."""

from __future__ import annotations

import contextlib
import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RESERVED = 1024


class StateFile:
    """A file that will be written once, whole or not at all, and whose place on the disk is taken in advance.

    The shim reserves ``exit.json`` when the job starts: when the job itself has filled the disk by the time
    it ends, its end can be recorded all the same.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._draft = f"{os.path.dirname(path)}/.{os.path.basename(path)}.{os.getpid()}"

    def reserve(self) -> None:
        """Take a block of the disk. A full disk is no error here: `write` will meet it again."""
        with contextlib.suppress(OSError):
            if hasattr(os, "posix_fallocate"):
                descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    os.posix_fallocate(descriptor, 0, _RESERVED)
                    return
                except OSError:
                    pass  # a file system that cannot, or a full one
                finally:
                    os.close(descriptor)
            self._put(b" " * _RESERVED)

    def write(self, value: dict[str, Any]) -> None:
        """Write and rename into place. Raises OSError when there is no room; calling it again later is
        fine."""
        self._put(json.dumps(value).encode().ljust(_RESERVED))
        os.replace(self._draft, self._path)
        with contextlib.suppress(OSError):
            folder = os.open(os.path.dirname(self._path), os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _put(self, data: bytes) -> None:
        # Not truncated: blocks that are there are written over, which needs no new ones.
        descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], written)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_state(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The JSON object in `path`; None when the file is missing or was torn."""
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
