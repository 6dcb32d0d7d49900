"""Inputs of mode Pipe: the objects as one stream in named pipes, a pipe for each time the program reads them."""

from __future__ import annotations

import gzip
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Pipe:
    """One input. ``base`` with ``_0``, ``_1``, ... are its pipes; ``unzip``: the objects are gzip files, the stream is what is
    in them."""

    name: str
    base: Path
    files: Sequence[Path]
    unzip: bool

    @classmethod
    def prepared(cls, name: str, base: Path, files: Sequence[Path], *, unzip: bool) -> Pipe:
        """A pipe whose first FIFO can be opened already. Raises OSError."""
        base.parent.mkdir(parents=True, exist_ok=True)
        pipe = cls(name, base, files, unzip)
        pipe._make(0)
        return pipe

    def serve(self, on_error: Callable[[str], None]) -> None:
        """Feed whoever reads, for as long as this process lives, on a thread of its own: so only after the program was forked.
        ``on_error`` is told why the data cannot be read; the reader does not take that for the end of it."""
        threading.Thread(
            target=self._run, args=(on_error,), name=f"clary-pipe-{self.name}", daemon=True
        ).start()

    def _run(self, on_error: Callable[[str], None]) -> None:
        number = 0
        while True:
            path = self._make(number)
            with closing(os.fdopen(os.open(path, os.O_WRONLY), "wb", buffering=0)) as out:
                self._make(number + 1)  # before the reader can see the end of this one
                try:
                    for file in self.files:
                        with self._opened(file) as content:
                            shutil.copyfileobj(content, out, _CHUNK)
                except BrokenPipeError:
                    pass  # the reader has had enough
                except (OSError, EOFError) as error:
                    on_error(f"ClientError: Failed to download data. Input {self.name!r}: {file}: {error}")
                    threading.Event().wait()
            number += 1

    def _make(self, number: int) -> Path:
        path = self.base.with_name(f"{self.base.name}_{number}")
        if not path.exists():
            os.mkfifo(path)
        return path

    def _opened(self, file: Path) -> gzip.GzipFile | IO[bytes]:
        return gzip.open(file, "rb") if self.unzip else open(file, "rb")
