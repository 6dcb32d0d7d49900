"""What keeps jobs going in a long-lived process, such as a server."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING

from clary.runner.attention import wait_for_work
from clary.runner.engine_lock import EngineLock
from clary.store.watch import Watcher

if TYPE_CHECKING:
    from clary.runner.runner import Runner

_log = logging.getLogger(__name__)

_IDLE_S = 10.0
_ACTIVE_S = 2.0
# How soon it is noticed that a settler, who does the pump's work meanwhile, is gone.
_CHANGE_OVER_S = 0.25
# Zygotes outlive a server by so long, and by what they stay anyway.
_WARM_S = 90.0


class Pump:
    """A background thread that reconciles, schedules, and starts settlers, on events and every few seconds.

    The work itself (uploads and the like) is done by settlers, in processes of their own. `start` it once;
    `stop` ends the thread, never a job.
    """

    def __init__(self, runner: Runner, warm_after_s: float = 0.0) -> None:
        """`warm_after_s`: how long after its start it starts the zygotes, so that the first job is warm, too. As long as it
        runs, they stay."""
        self._runner = runner
        self._warm_at = time.monotonic() + warm_after_s
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._watcher: Watcher | None = None
        self._stepped = 0.0

    def start(self) -> None:
        if self._thread is None:
            # Bound before this returns: what happens from now on is heard.
            self._watcher = Watcher(self._runner.home)
            self._thread = threading.Thread(target=self._run, name="clary-pump", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        self._ending.set()
        if self._thread is not None:
            self._runner.wake()
            self._thread.join(timeout_s)
            self._thread = None

    def _run(self) -> None:
        watcher = self._watcher
        if watcher is None:
            return
        try:
            with EngineLock(self._runner.home):
                while not self._ending.is_set():
                    if self._left_to_settler():
                        self._ending.wait(_CHANGE_OVER_S)
                        watcher.read()
                    else:
                        wait_for_work(watcher, self._step())
        finally:
            watcher.close()
        # As a settler does: a shim may have counted on us until a moment ago.
        with contextlib.suppress(Exception):
            self._runner.reconcile()
            self._runner.schedule()
            self._runner.settle()

    def _left_to_settler(self) -> bool:
        """A settler reconciles and schedules as well: while one is at work, a server leaves that to it, looks after things only
        now and then, and keeps its time for requests."""
        return self._runner.is_settling() and time.monotonic() < self._stepped + _ACTIVE_S

    def _step(self) -> float:
        """One round; returns how long to wait at most for the next."""
        now = time.monotonic()
        self._stepped = now
        try:
            self._keep_warm(now)
            self._runner.reconcile()
            self._runner.schedule()
            self._runner.settle(engine=True)
            delayed = self._runner.store.jobs.next_delayed(time.time())
            if delayed is not None:
                return min(_ACTIVE_S, max(0.01, delayed - time.time()))
            if self._runner.store.jobs.any_active():
                return _ACTIVE_S
            left = self._warm_at - time.monotonic()
            return min(_IDLE_S, left) if left > 0 else _IDLE_S
        except Exception:
            _log.exception("Reconciling failed; it will be tried again.")
            return _ACTIVE_S

    def _keep_warm(self, now: float) -> None:
        if now < self._warm_at or not self._runner.config.zygote:
            return
        from clary.runner import zygote

        self._warm_at = now + _WARM_S / 3
        for torch in (False, True):
            zygote.keep(self._runner.home, time.time() + _WARM_S, torch=torch)
            zygote.ensure(self._runner.home, torch=torch)
