"""Who may run next: the queue and its slots."""

from __future__ import annotations

import logging
import time
from dataclasses import astuple, dataclass

from clary.runner.attempt import Attempt, Lock
from clary.runner.spec import Resources
from clary.store import Store
from clary.store.jobs import Job

_log = logging.getLogger("clary.runner")
# Seconds until a job whose attempt folder is in somebody's hands is tried again.
_HELD_S = 1.0
# Later jobs may overtake one that does not fit for so long; then what is free is kept for it.
_OVERTAKING_S = 300.0
# A queue is looked through no further than this many jobs that do not fit.
_FARTHEST = 64
_TINY = 1e-9


@dataclass(frozen=True)
class Claim:
    """A job that is now ours to launch; we hold its new attempt's lock."""

    job: Job
    attempt: Attempt
    lock: Lock


def claim(store: Store, capacity: Resources, gpus: tuple[int, ...]) -> list[Claim]:
    """Take as many queued jobs as fit, oldest first; one transaction, so that no two schedulers take the
    same.

    The lock of the new attempt is taken inside the transaction and passes on to the shim: from the commit on,
    the lock is free only if the launcher, or the shim, has died, and no time-out has to tell a slow launcher
    from a dead one.
    """
    now = time.time()
    if not store.jobs.any_due(now):
        return []
    free, _ = _free(store, capacity, gpus)
    if not store.jobs.any_fits(now, (free.cpus + _TINY, free.memory_mb, free.gpus), astuple(capacity)):
        return []  # the usual case where a queue is long: every slot is taken
    claims: list[Claim] = []
    try:
        with store.transaction() as db:
            free, idle = _free(store, capacity, gpus)
            blocked = 0
            for waiting in store.jobs.due(now):
                need = Resources(
                    min(waiting.cpus, capacity.cpus),
                    min(waiting.memory_mb, capacity.memory_mb),
                    min(waiting.gpus, capacity.gpus),
                )
                if _fits(need, free):
                    db.execute("SAVEPOINT one")
                    taken = _take(store, store.jobs.claim(waiting.id, idle[: need.gpus]))
                    if taken is None:
                        db.execute("ROLLBACK TO one")
                        store.jobs.update(waiting.id, not_before=now + _HELD_S)
                    else:
                        claims.append(taken)
                        free, idle = _minus(free, need), idle[need.gpus :]
                    db.execute("RELEASE one")
                    continue
                blocked += 1
                if blocked >= _FARTHEST:
                    break
                if now - waiting.created > _OVERTAKING_S:
                    free = _minus(free, need)
                    idle = idle[need.gpus :]
    except BaseException:
        for taken_claim in claims:
            taken_claim.lock.release()
        raise
    return claims


def _take(store: Store, job: Job) -> Claim | None:
    """None when somebody holds the lock of an attempt that was never given out: a process of an older home at this path,
    say. The other jobs must not wait for it."""
    attempt = Attempt(store.home.jobs / str(job.id) / str(job.attempt))
    attempt.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = attempt.lock()
    if lock is None:
        _log.warning(
            "The lock of %s is held by a process of another time; the job waits for it.", attempt.folder
        )
        return None
    return Claim(job, attempt, lock)


def _free(store: Store, capacity: Resources, gpus: tuple[int, ...]) -> tuple[Resources, tuple[int, ...]]:
    used, busy = store.jobs.occupied()
    free = _minus(capacity, Resources(*used))
    return free, tuple(index for index in gpus if index not in busy)


def _fits(need: Resources, free: Resources) -> bool:
    # What needs nothing (a service) runs whatever else is there.
    return (
        (need.cpus <= free.cpus + _TINY or need.cpus == 0)
        and (need.memory_mb <= free.memory_mb or need.memory_mb == 0)
        and (need.gpus <= free.gpus or need.gpus == 0)
    )


def _minus(some: Resources, other: Resources) -> Resources:
    return Resources(some.cpus - other.cpus, some.memory_mb - other.memory_mb, some.gpus - other.gpus)
