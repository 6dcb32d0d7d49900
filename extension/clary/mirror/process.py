"""The mirror's process: ``python -m clary.mirror.process <home>``. One at a time; ends when nothing has been owed for a while."""

from __future__ import annotations

import logging
import sys
import time

from clary.config import Config
from clary.home import Home
from clary.mirror.entry import KIND, Entry, any_open
from clary.mirror.following import Following
from clary.mirror.start import lock_path
from clary.mirror.tracker import Tracker, TrackerError, Unreachable, open_tracker
from clary.runner.attempt import Lock
from clary.runner.runner import Runner
from clary.store import Store
from clary.store.watch import Watcher

_log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
# Between two batches of a job's metrics: what a chart can use.
_SHORTEST_S = 0.25
_LINGER_S = 20.0
_TIMEOUT_S = 10.0
_LONGEST_BACKOFF_S = 30.0
# A store that stays away so long after the job's end is given up.
_GIVE_UP_S = 3_600.0


class _Store:
    """One tracking store, and when to try it again."""

    def __init__(self) -> None:
        self.tracker: Tracker | None = None
        self.backoff_s = 0.0
        self.not_before = 0.0

    def failed(self) -> None:
        self.backoff_s = min(_LONGEST_BACKOFF_S, max(1.0, 2 * self.backoff_s))
        self.not_before = time.monotonic() + self.backoff_s


class Mirror:
    """The loop over all jobs that are owed a run."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._runner = Runner(home, Config.load(home), Store(home))
        self._following: dict[str, Following] = {}
        self._stores: dict[tuple[str, tuple[tuple[str, str], ...]], _Store] = {}

    def run(self) -> None:
        busy_at = time.monotonic()
        with Watcher(self._home) as watcher:
            while self._home.database.exists():
                if self._round():
                    busy_at = time.monotonic()
                elif time.monotonic() - busy_at > _LINGER_S:
                    return
                watcher.read(_LOOK_EVERY_S)
                time.sleep(_SHORTEST_S)

    def _round(self) -> bool:
        """Look after every job that is owed something; whether there are any."""
        documents = self._runner.store.documents
        after, names = "", set()
        while rows := documents.after_name(KIND, after, 200):
            after = rows[-1].name
            for row in rows:
                names.add(row.name)
                known = self._following.get(row.name)
                if known is None or known.entry.created != row.created:
                    self._following[row.name] = Following(self._runner, Entry.of(row))
                else:
                    known.refresh(Entry.of(row))
        for name in list(self._following):
            if name not in names:
                del self._following[name]
            else:
                self._look_after(self._following[name])
        return bool(names)

    def _look_after(self, following: Following) -> None:
        entry = following.entry
        key = (entry.uri, tuple(sorted(entry.variables.items())))
        store = self._stores.setdefault(key, _Store())
        if time.monotonic() < store.not_before:
            return
        try:
            if store.tracker is None:
                store.tracker = open_tracker(entry.uri, entry.variables, _TIMEOUT_S)
            if following.step(store.tracker):
                following.forget()
            store.backoff_s = 0.0
        except Unreachable as error:
            store.failed()
            following.failed(error, final=False)
            if self._over_for(entry.job) > _GIVE_UP_S:
                following.failed(error, final=True)
                following.forget()
        except TrackerError as error:
            if following.failed(error, final=True):
                following.forget()
        except Exception:
            _log.exception("The mirror of %s will be tried again.", entry.job)
            store.failed()

    def _over_for(self, name: str) -> float:
        """Seconds since the job's end; 0 before it."""
        job = self._runner.get("training-job", name)
        return time.time() - job.ended if job is not None and job.state == "done" and job.ended else 0.0


def main(root: str) -> int:
    home = Home.locate(root)
    store = Store(home)
    while True:
        lock = Lock.take(lock_path(home))
        if lock is None:
            return 0
        try:
            Mirror(home).run()
        finally:
            lock.release()
        # Whoever came while we were about to end saw our lock, and started nobody.
        if not home.database.exists() or not any_open(store):
            return 0


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s")
    sys.exit(main(sys.argv[1]))
