"""The settler: a short-lived process that finishes jobs which have ended, and keeps the queue going
meanwhile.

Run as ``python -m clary.runner.settle <home>``, or forked from a zygote, by a shim that found no engine alive, by a server's
`Pump`, or by whoever stops a queued job. Of several, one works; the others wait to take its place should it be killed. Each
job is finished under a lock of its own, all the same.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from clary.config import Config
from clary.home import Home
from clary.runner import linux
from clary.runner.attention import wait_for_work
from clary.runner.engine_lock import EngineLock
from clary.runner.finishing import deaths, finish_job
from clary.runner.processes import SETTLER_NAME
from clary.runner.runner import Runner
from clary.store import Store
from clary.store.jobs import Job
from clary.store.watch import Watcher

_log = logging.getLogger(__name__)

# It stays so long after its last work: the next job's end then finds it here, and need not start another.
_LINGER_S = 5.0
_AT_ONCE = 8
_LONGEST_WAIT_S = 1.0


class Settler:
    """The settler's loop."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._pool = ThreadPoolExecutor(_AT_ONCE, "settle")
        self._quarantine = ThreadPoolExecutor(1, "settle-suspect")
        self._at_work: dict[int, Future[None]] = {}
        self._retry_at: dict[int, float] = {}

    def run(self) -> None:
        """Returns when there has been nothing to do for a while."""
        home = self._runner.home
        while True:
            with EngineLock(home), Watcher(home) as watcher:
                self._work(watcher)
            # A shim that ended just now may have counted on us: look once more, now that others can see us
            # gone.
            if not home.database.exists() or not self._step():
                return

    def _work(self, watcher: Watcher) -> None:
        busy_at = time.monotonic()
        while self._runner.home.database.exists():
            if self._step():
                busy_at = time.monotonic()
            left = busy_at + _LINGER_S - time.monotonic()
            if left <= 0:
                return
            wait_for_work(watcher, min(left, self._patience_s()))

    def _step(self) -> bool:
        """One round; whether there is a reason to stay."""
        try:
            self._runner.reconcile()
            self._runner.schedule()
            self._start()
            # A job that waits for its time, and not just for room, has only us to wake it.
            return bool(self._at_work or self._retry_at) or self._delayed() is not None
        except Exception:
            _log.exception("The settler will try again.")
            time.sleep(0.5)
            return self._runner.home.database.exists()

    def _delayed(self) -> float | None:
        return self._runner.store.jobs.next_delayed(time.time())

    def _patience_s(self) -> float:
        due = self._delayed()
        return _LONGEST_WAIT_S if due is None else min(_LONGEST_WAIT_S, max(0.01, due - time.time()))

    def _start(self) -> None:
        now = time.monotonic()
        self._at_work = {job_id: future for job_id, future in self._at_work.items() if not future.done()}
        settling = self._runner.store.jobs.in_states("settling")
        present = {job.id for job in settling}
        self._retry_at = {job_id: at for job_id, at in self._retry_at.items() if job_id in present}
        for job in settling:
            if (
                job.id not in self._at_work
                and self._retry_at.get(job.id, 0.0) <= now
                and not self._is_suspect(job)
            ):
                self._at_work[job.id] = self._pool.submit(self._finish, job)
        if 0 not in self._at_work and self._next_suspect() is not None:
            self._at_work[0] = self._quarantine.submit(self._finish_suspects)

    def _is_suspect(self, job: Job) -> bool:
        return deaths(self._runner, job) > 0

    def _next_suspect(self) -> Job | None:
        """Of the jobs that were being settled when a settler died, the one that was so least often."""
        now = time.monotonic()
        suspects = [
            (count, job.id, job)
            for job in self._runner.store.jobs.in_states("settling")
            if job.id not in self._at_work
            and self._retry_at.get(job.id, 0.0) <= now
            and (count := deaths(self._runner, job))
        ]
        return min(suspects, key=lambda one: one[:2])[2] if suspects else None

    def _finish_suspects(self) -> None:
        """One at a time: whichever of them it is that kills settlers then takes no other with it."""
        while (job := self._next_suspect()) is not None:
            self._finish(job)

    def _finish(self, job: Job) -> None:
        try:
            if finish_job(self._runner, job):
                self._retry_at.pop(job.id, None)
            else:
                self._retry_at[job.id] = time.monotonic() + 0.5  # another settler is at it
        except Exception:
            _log.exception("Job %s %s could not be settled; it will be tried again.", job.kind, job.name)
            self._retry_at[job.id] = time.monotonic() + 1.0


def main(home_path: str) -> int:
    linux.set_name(SETTLER_NAME)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    home = Home.locate(home_path)
    with _first_place(home):
        Settler(Runner(home, Config.load(home), Store(home))).run()
    return 0


@contextlib.contextmanager
def _first_place(home: Home) -> Iterator[None]:
    """Wait until no other settler of the home is at work; its end, however it comes, lets the next one in."""
    lock = os.open(home.run / "settler.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
