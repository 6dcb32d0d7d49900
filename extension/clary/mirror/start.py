"""Seeing to it that the mirror's process runs while there is something to mirror."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from clary.mirror.entry import any_open
from clary.runner.attempt import Lock
from clary.runner.backends.local import spawn
from clary.runner.environment import inherited

if TYPE_CHECKING:
    from pathlib import Path

    from clary.home import Home
    from clary.store import Store


def lock_path(home: Home) -> Path:
    """Held by the mirror's process as long as it lives."""
    return home.run / "mlflow.lock"


def ensure(home: Home, store: Store) -> None:
    """Start the process, unless nothing is owed or it is there. Cheap to ask."""
    if not any_open(store):
        return
    lock = Lock.take(lock_path(home))
    if lock is None:
        return
    lock.release()  # of two that are started at once, one finds the lock taken and ends
    spawn(
        [sys.executable, "-m", "clary.mirror.process", str(home.root)], home.run / "mlflow.log", inherited()
    )
