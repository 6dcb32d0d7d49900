"""The shim's side of metric scraping: a pipe to `metrics_process`. Standard library only (see linux.py)."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

# What the scraper has not taken yet; more than this is not kept, for slow regexes must not eat the memory.
_BACKLOG = 4 << 20


class Scraper:
    """Feeds output to the process that looks for metrics in it, without ever waiting for it."""

    def __init__(self, attempt_folder: str, cookie: str) -> None:
        read, self.descriptor = os.pipe()
        self.words, say = os.pipe()
        null = os.open(os.devnull, os.O_WRONLY)
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics_process.py")
        self.pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", script, attempt_folder],
            {**os.environ, "CLARY_COOKIE": cookie},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, read, 0),
                (os.POSIX_SPAWN_DUP2, say, 1),
                (os.POSIX_SPAWN_DUP2, null, 2),
            ],
        )
        os.close(read)
        os.close(say)
        os.close(null)
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self.words, False)
        self._backlog = bytearray()
        self.alive = True
        self.silent = False

    @property
    def waiting(self) -> bool:
        """Whether there is something to `flush` when the pipe takes it."""
        return bool(self._backlog) and self.alive

    def feed(self, data: bytes) -> None:
        if self.alive and len(self._backlog) < _BACKLOG:
            self._backlog += data
            self.flush()

    def flush(self) -> None:
        try:
            while self._backlog:
                del self._backlog[: os.write(self.descriptor, self._backlog[: 1 << 16])]
        except BlockingIOError:
            pass
        except OSError:
            self.alive = False

    def hear(self) -> bytes:
        """What it has to say to the user, as lines (they are shorter than what a pipe takes at once);
        ``silent`` is set when nothing more will come."""
        try:
            said = os.read(self.words, 1 << 16)
        except BlockingIOError:
            return b""
        self.silent = not said
        return said

    def close(self, patience_s: float) -> None:
        """Let it finish what it has for so long, then kill it. Its pid must not be reaped elsewhere
        meanwhile."""
        deadline = time.monotonic() + patience_s
        while self.waiting and time.monotonic() < deadline:
            self.flush()
            time.sleep(0.002)
        os.close(self.descriptor)
        with contextlib.suppress(ChildProcessError):
            while time.monotonic() < deadline:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    return
                time.sleep(0.002)
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
