"""Watches one job from a thread of its own, so that the kernel is free and the panel moves while a cell runs."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from clary.sdk.errors import ClaryError
from clary.sdk.training import TrainingJob
from clary.widgets.observing import Look, look

_FIRST_S, _USUAL_S, _LONGEST_S = 0.25, 0.7, 10.0
_AT_FIRST_S = 15.0
# A look may cost so much of a core: with a very long history looks become rarer.
_SHARE = 0.15


class Watcher:
    """Calls ``seen(look)`` at every look until the job has ended, or ``troubled(text)`` when a look fails.

    Both are held weakly (bound methods): a panel that is gone ends its watcher. Both are called on the watcher's
    thread. ``close`` ends it.
    """

    def __init__(
        self,
        job: TrainingJob,
        seen: Callable[[Look], Any],
        troubled: Callable[[str], Any],
        *,
        lines: int = 200,
    ) -> None:
        self.job = job
        self._seen = weakref.WeakMethod(seen)
        self._troubled = weakref.WeakMethod(troubled)
        self._lines = lines
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"clary-watch-{job.name}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self._closed.set()

    def join(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    def _run(self) -> None:
        started = time.monotonic()
        while not self._closed.is_set():
            began = time.thread_time()
            try:
                found = look(self.job, self._lines)
            except ClaryError as error:
                if not self._tell(self._troubled(), str(error)) or error.code == "ValidationException":
                    return  # the job is not there (any more)
                self._closed.wait(_LONGEST_S)
                continue
            except Exception as error:
                # A full disk, a locked database: the job goes on, and so does watching it.
                if not self._tell(self._troubled(), f"{type(error).__name__}: {error}"):
                    return
                self._closed.wait(_LONGEST_S)
                continue
            if not self._tell(self._seen(), found) or found.ended:
                return
            del found
            usual = _FIRST_S if time.monotonic() - started < _AT_FIRST_S else _USUAL_S
            cost = time.thread_time() - began
            self._closed.wait(min(_LONGEST_S, max(usual, cost / _SHARE)))

    def _tell(self, receiver: Callable[[Any], Any] | None, what: Any) -> bool:
        """Whether there is still somebody to tell."""
        if receiver is None or self._closed.is_set():
            return False
        receiver(what)
        return True
