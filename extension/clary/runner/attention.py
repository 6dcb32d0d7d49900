"""What an engine wakes up for: which of the changes that are told in a home call for a look at the queue."""

from __future__ import annotations

import time

from clary.store.watch import Watcher

# These say nothing about the queue, and come often.
_UNIMPORTANT = frozenset({"log", "metrics"})
# These change what people see, and move no other job: several are looked at together.
_SOON = frozenset({"started", "phase", "status", "updated"})
_SOON_S = 0.2


def wait_for_work(watcher: Watcher, patience_s: float) -> None:
    """Return when something happened that an engine should look at, or after so many seconds."""
    deadline = time.monotonic() + patience_s
    while (left := deadline - time.monotonic()) > 0:
        changes = {event.get("change") for event in watcher.read(left)} - _UNIMPORTANT
        if changes - _SOON:
            return
        if changes:
            deadline = min(deadline, time.monotonic() + _SOON_S)
