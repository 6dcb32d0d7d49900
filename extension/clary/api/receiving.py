"""A request's body on its way in: in memory while small, in a nameless temporary file from a megabyte on."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import BinaryIO

from clary.api.http_types import Body, SpooledFile

_IN_MEMORY = 1 << 20


class BodyReceiver:
    """Collects chunks. `add` is cheap and may run in an event loop; when it says so, `spill` must run in a
    thread.
    """

    def __init__(self, folder: Path, limit: int, *, digest: bool) -> None:
        self.size = 0
        self.limit = limit
        self._folder = folder
        self._pending = bytearray()
        self._file: BinaryIO | None = None
        self._sha256 = hashlib.sha256() if digest else None

    @property
    def over(self) -> bool:
        """Whether more came than may."""
        return self.size > self.limit

    def add(self, chunk: bytes) -> bool:
        """Take a chunk; True when it is time to `spill`."""
        self.size += len(chunk)
        self._pending += chunk
        return len(self._pending) >= _IN_MEMORY

    def spill(self) -> None:
        """Move what is in memory to the file, which vanishes with its process. Raises OSError (a full
        disk).
        """
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by close()
        if self._sha256 is not None:
            self._sha256.update(self._pending)
        self._file.write(self._pending)
        self._pending = bytearray()

    def body(self) -> Body:
        """All of the body; runs in a thread when `in_file`."""
        if self._file is None:
            return bytes(self._pending)
        self.spill()
        self._file.seek(0)
        return SpooledFile(self._file, self.size, self._sha256.hexdigest() if self._sha256 else None)

    @property
    def in_file(self) -> bool:
        return self._file is not None

    def close(self) -> None:
        self._pending = bytearray()
        if self._file is not None:
            self._file.close()
