"""Finishing one job: what its kind has left to do, and then the final transaction."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from typing import TYPE_CHECKING

from clary.runner.attempt import Lock
from clary.runner.kinds import Finish, Outcome, kind_of
from clary.store.jobs import Job

if TYPE_CHECKING:
    from clary.runner.runner import Runner

_log = logging.getLogger(__name__)

# A `finish` that kills its process every time must not be repeated for ever.
_TRIES = 5
_LOCK = "settle.lock"


def finish_job(runner: Runner, job: Job) -> bool:
    """Settle a job whose state is ``settling``; False when another process is at it.

    Raises sqlite3.Error when the result cannot be written (a full disk): call it again later.
    """
    folder = runner.home.jobs / str(job.id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = Lock.take(folder / _LOCK)
    if lock is None:
        return False
    try:
        current = runner.store.jobs.get(job.id)
        if current is None or current.state != "settling":
            return True
        outcome = outcome_of(runner, current)
        if _note_death(lock) >= _TRIES:
            reason = f"InternalServerError: The job's results could not be saved in {_TRIES} attempts."
            finish = Finish("Failed", "Failed", reason)
        else:
            finish = _finish(runner, current, outcome)
        _cleanup(runner, _write(runner, current, outcome, finish))
        return True
    finally:
        with contextlib.suppress(OSError):  # we live, whatever else went wrong
            os.ftruncate(lock.descriptor, 0)
        lock.release()


def outcome_of(runner: Runner, job: Job) -> Outcome:
    """How the job's last attempt ended, as the shim or a reconciler wrote it down."""
    queued = "max-wait" if job.result.get("GaveUp") else "stopped"
    if job.attempt == 0:
        return Outcome(0, queued, ended=job.stop_requested)
    attempt = runner.attempt(job)
    end = attempt.exit()
    if end is not None and runner.store.jobs.attempts(job.id)[-1].outcome in ("crashed", "interrupted"):
        # Stopped while it waited to be started again: that end was not its last word.
        return Outcome(job.attempt, queued, started=job.started, ended=job.stop_requested or end["ended"])
    if end is not None:
        started = end["started"] if attempt.started() is not None else job.started
        # Interrupted and stopped at once: the wish to stop stands.
        reason = "stopped" if end["reason"] == "interrupted" else end["reason"]
        return Outcome(
            job.attempt,
            reason,
            end["exit_code"],
            end["signal"],
            started,
            end["ended"],
            host=end.get("host", ""),
        )
    lost = attempt.lost() or {}
    ended = lost.get("last_seen") or time.time()
    if job.stop_requested is not None:
        return Outcome(job.attempt, "stopped", started=job.started, ended=ended)
    if lost.get("started"):
        made = sum(row.outcome != "unstarted" for row in runner.store.jobs.attempts(job.id))
        message = (
            "The job's processes were lost: its supervisor was killed, or the machine went down."
            f" Attempts made: {made}."
        )
    else:
        message = f"The job's supervisor could not be started. {_shim_log(runner, job)}"
    return Outcome(job.attempt, "lost", started=job.started, ended=ended, message=message.strip())


def _finish(runner: Runner, job: Job, outcome: Outcome) -> Finish:
    try:
        return kind_of(job.kind).finish(runner, job, outcome)
    except sqlite3.Error:
        raise  # the store's trouble, not the job's
    except Exception as error:
        _log.exception("Settling %s %s failed.", job.kind, job.name)
        return Finish(
            "Failed", "Failed", f"InternalServerError: The job's results could not be saved: {error}"
        )


def _cleanup(runner: Runner, job: Job) -> None:
    try:
        kind_of(job.kind).cleanup(runner, job)
    except Exception:
        _log.exception("The files of %s %s could not all be removed.", job.kind, job.name)


def _write(runner: Runner, job: Job, outcome: Outcome, finish: Finish) -> Job:
    store = runner.store
    with store.transaction():
        ended = outcome.ended or time.time()
        final = store.jobs.update(
            job.id,
            state="done",
            ended=ended,
            failure_reason=finish.failure_reason,
            result={**job.result, **finish.result},
        )
        message = finish.message or finish.failure_reason
        store.jobs.set_status(job.id, status=finish.status, secondary=finish.secondary, message=message)
        final = store.jobs.get(job.id) or final
        kind_of(job.kind).finished(runner, final)
    return final


def deaths(runner: Runner, job: Job) -> int:
    """How many settlers have died while they were at this job, of it or of something else."""
    try:
        return (runner.home.jobs / str(job.id) / _LOCK).stat().st_size
    except OSError:
        return 0


def _note_death(lock: Lock) -> int:
    """How many settlers have died of this job before us: each notes its own in the lock's file in advance, and strikes all out
    if it did not come."""
    try:
        before = os.fstat(lock.descriptor).st_size
        os.pwrite(lock.descriptor, b".", before)
    except OSError:
        return 0
    return before


def _shim_log(runner: Runner, job: Job) -> str:
    try:
        return (runner.attempt(job).folder / "shim.log").read_text(errors="replace")[-500:]
    except OSError:
        return ""
