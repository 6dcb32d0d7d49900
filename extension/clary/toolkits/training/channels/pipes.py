"""Pipe mode: a named pipe for each channel and epoch, ``train_0``, ``train_1``, ..., each a full pass over the data.

The next pipe exists before the end of the one before it can be read. A program may close a pipe early and go on with the next,
leave channels alone that it does not want, and read several at once; nothing of this holds up the end of the job.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from clary.toolkits.training.channels.errors import DataError
from clary.toolkits.training.channels.streams import Stream

_BUFFER = 1 << 20  # bytes; Linux gives a pipe 64 KiB unless asked, and this much to anybody who asks
_SET_PIPE_SIZE = 1031
_TRIES = 20


class Pipe:
    """One channel. ``base``, such as ``/opt/ml/input/data/train``, gets ``_0``, ``_1``, ... for its pipes."""

    def __init__(self, name: str, base: Path, stream: Stream) -> None:
        """The first pipe is there afterwards. Raises OSError."""
        self.name = name
        self._base, self._stream = base, stream
        self._epoch = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._make(0)

    def start(self, on_failure: Callable[[str], None]) -> None:
        """Feed whoever reads, on a thread; so only after the user's program was forked. ``on_failure`` is told, on that
        thread, why data could not be sent; the reader does not see an end before it returns."""
        self._thread = threading.Thread(
            target=self._run, args=(on_failure,), name=f"clary-pipe-{self.name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """The program has ended: end the thread, and remove the pipes."""
        self._ended.set()
        for _ in range(_TRIES):
            if self._thread is None or not self._thread.is_alive():
                break
            # Opening a pipe waits for a reader: be one, for a moment.
            with contextlib.suppress(OSError):
                os.close(os.open(self._path(self._epoch), os.O_RDONLY | os.O_NONBLOCK))
            self._thread.join(0.02)
        else:
            return  # somebody whom the program left behind still holds the pipe; the thread ends with this process
        self._stream.close()
        for epoch in range(max(0, self._epoch - 1), self._epoch + 2):
            self._path(epoch).unlink(missing_ok=True)

    def _run(self, on_failure: Callable[[str], None]) -> None:
        try:
            for self._epoch in itertools.count():
                descriptor = os.open(self._path(self._epoch), os.O_WRONLY)
                with contextlib.suppress(BrokenPipeError), open(descriptor, "wb", _BUFFER) as out:
                    if self._ended.is_set():
                        return
                    if self._epoch:
                        self._path(self._epoch - 1).unlink(missing_ok=True)
                    self._make(self._epoch + 1)
                    _widen(descriptor)
                    try:
                        self._stream.write(self._epoch, out)
                    except BrokenPipeError:
                        continue  # the reader has had enough of this epoch
                    except (DataError, OSError) as error:
                        on_failure(str(error))
                        return
        except OSError as error:
            if not self._ended.is_set():
                on_failure(f"The pipe of channel {self.name!r} cannot be served: {error}.")

    def _path(self, epoch: int) -> Path:
        return self._base.with_name(f"{self._base.name}_{epoch}")

    def _make(self, epoch: int) -> None:
        path = self._path(epoch)
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkfifo(path)


def _widen(descriptor: int) -> None:
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, _SET_PIPE_SIZE, _BUFFER)


class Pipes:
    """All Pipe channels of a job: what has to run while the user's program runs."""

    def __init__(self, pipes: Sequence[Pipe] = ()) -> None:
        self._pipes = list(pipes)

    def start(self, on_failure: Callable[[str], None]) -> None:
        """Called once, right after the user's program was forked; see `Pipe.start`."""
        for pipe in self._pipes:
            pipe.start(on_failure)

    def stop(self) -> None:
        """Called once, when the user's program has ended."""
        for pipe in self._pipes:
            pipe.stop()
