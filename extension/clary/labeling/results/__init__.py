"""What people look at while a job runs and when it has ended: charts' data, doubtful objects, the certificate in words."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clary.labeling.work import Work

# While answers come, a page may be this many times older than it took to make: looking must not cost more than labeling.
_PATIENCE = 8.0


@dataclass(frozen=True)
class _Made:
    state: tuple[Any, ...]
    document: dict[str, Any]
    seconds: float
    when: float


_made: dict[str, _Made] = {}
_lock = threading.Lock()


def document(work: Work) -> dict[str, Any]:
    """Everything that there is to show of a job, as JSON.

    classes: [{label, human, machine, share}], how often each label was given; share of all. confidence: {edges, human, machine},
    a histogram over 0..1, None where nothing is known (a single person's labels). annotators: [{name, answers, median_seconds,
    items_per_hour, agreement, agreement_low, agreement_high, gold: {right, of} | None}]; agreement with the others, 0..1.
    confusion: {labels, matrix} between annotators, symmetric; None for multi-label tasks. agreement: {measure, value, low, high,
    by_class}; intervals are of 95 %. doubtful: the 24 objects to look at first. certificate: {metadata, words, curve, epsilon} or
    None. rounds: the batches. progress: [{time, labeled}]. Values that nothing is known of are None.

    Made anew when something changed; of a large job that is being worked on, not at every answer.
    """
    from clary.labeling.results.making import make, state_of

    key, state = str(work.folder), state_of(work)
    with _lock:
        made = _made.get(key)
        now = time.monotonic()
        if made is not None:
            fresh = made.state == state
            # The first part is the job's status: its end shows at once.
            patient = made.state[0] == state[0] and now - made.when < min(30.0, made.seconds * _PATIENCE)
            if fresh or (patient and made.seconds > 0.1):
                return made.document
        found = make(work)
        _made[key] = _Made(state, found, time.monotonic() - now, time.monotonic())
        while len(_made) > 20:
            _made.pop(next(iter(_made)))
    return found


__all__ = ["document"]
