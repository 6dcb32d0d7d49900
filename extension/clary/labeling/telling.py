"""Telling watchers (JupyterLab's lists and pages) that people go on with a job: soon, but not at every answer."""

from __future__ import annotations

import threading
import time

from clary.home import Home
from clary.store.watch import announce

PAUSE_S = 0.5
_KIND = "labeling-job"

_lock = threading.Lock()
_told: dict[tuple[str, str], float] = {}
_waiting: set[tuple[str, str]] = set()


def tell(home: Home, job: str) -> None:
    """Announce that the job has moved on: at once, or at the end of the pause that the last announcement began.

    Called after every act. Costs some 50 microseconds; of many acts in a row most cost nothing.
    """
    key, now = (str(home.root), job), time.monotonic()
    with _lock:
        if key in _waiting:
            return
        rest = _told.get(key, -PAUSE_S) + PAUSE_S - now
        if rest <= 0:
            _told[key] = now
        else:
            _waiting.add(key)
    if rest <= 0:
        _announce(home, job)
        return
    later = threading.Timer(rest, _later, (home, job, key))
    later.daemon = True
    later.start()


def _later(home: Home, job: str, key: tuple[str, str]) -> None:
    with _lock:
        _waiting.discard(key)
        _told[key] = time.monotonic()
    _announce(home, job)


def _announce(home: Home, job: str) -> None:
    announce(home, {"kind": _KIND, "name": job, "change": "updated"})
