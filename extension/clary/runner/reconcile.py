"""Bringing the store to what has really happened: ends, losses, phases, wishes to stop."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from clary.runner.attempt import Attempt, Lock
from clary.runner.spec import JobSpec
from clary.store.jobs import AttemptRow, Job

if TYPE_CHECKING:
    from clary.runner.runner import Runner

_log = logging.getLogger(__name__)

# A shim that cannot even start is tried again so often.
_MOST_UNSTARTED = 10
# A service that ran so long before it ended counts as healthy: its next delay is the shortest again.
_HEALTHY_S = 60.0
_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 60.0
INTERRUPTED = "The job's instances were taken away; it will go on from its checkpoints"


def reconcile(runner: Runner) -> tuple[bool, bool]:
    """Look at every running job. Costs a lock and two looks at files for each; the finished ones cost
    nothing. Returns (whether any has ended or was lost, whether any still runs)."""
    ended = running = False
    for job in runner.store.jobs.given_up(time.time()):
        _give_up(runner, job)
        ended = True
    for job in runner.store.jobs.in_states("running"):
        try:
            if _look_at(runner, job):
                running = True
            else:
                ended = True
        except Exception:
            # A full disk, say: it stays as it is, and is looked at again. The other jobs must not suffer.
            _log.exception("Job %s %s could not be reconciled; it will be tried again.", job.kind, job.name)
            running = True
    return ended, running


def _look_at(runner: Runner, job: Job) -> bool:
    """Whether the job runs on."""
    attempt = runner.attempt(job)
    vanished = not attempt.folder.exists()
    end = attempt.exit()
    lock: Lock | None = None
    if end is None:
        lock = runner.backend.abandoned(attempt)
        if lock is None:
            _alive(runner, job, attempt)
            return True
    try:
        # The shim may have written its last words between the two looks.
        end = end or attempt.exit()
        copy_phases(runner, job, attempt)
        if end is not None:
            _ended(runner, job, end)
        else:
            _lost(runner, job, attempt, vanished)
    finally:
        if lock is not None:
            lock.release()
    return False


def _alive(runner: Runner, job: Job, attempt: Attempt) -> None:
    if job.started is None:
        started = attempt.started()
        if started is not None:
            runner.store.jobs.update(job.id, started=started["started"])
    copy_phases(runner, job, attempt)
    if job.stop_requested is not None and not (attempt.folder / "stop").exists():
        runner.backend.stop(attempt)  # who asked died before the wish reached the shim


def copy_phases(runner: Runner, job: Job, attempt: Attempt) -> None:
    """Make transitions of what the job has reported since the last time."""
    jobs = runner.store.jobs
    path = attempt.folder / "phases.jsonl"
    try:
        size = path.stat().st_size
    except OSError:
        return
    if size <= _attempt_row(runner, job).phases:
        return
    with runner.store.transaction():
        current = jobs.get(job.id)
        if current is None or current.attempt != job.attempt or current.state != "running":
            return
        seen = _attempt_row(runner, job).phases
        with open(path, "rb") as file:
            file.seek(seen)
            data = file.read()
        data = data[: data.rfind(b"\n") + 1]
        for phase in parse_phases(data):
            if current.stop_requested is None:
                jobs.set_status(
                    job.id, secondary=phase["secondary"], message=phase["message"], at=phase["time"]
                )
        jobs.update_attempt(job.id, job.attempt, phases=seen + len(data))


def parse_phases(data: bytes) -> list[dict[str, Any]]:
    import json

    phases = []
    for line in data.splitlines():
        try:
            value = json.loads(line)
            phases.append(
                {
                    "secondary": str(value["secondary"]),
                    "message": str(value["message"]),
                    "time": float(value["time"]),
                }
            )
        except (ValueError, KeyError, TypeError):
            continue  # torn by a crash
    return phases


def _ended(runner: Runner, job: Job, end: dict[str, Any]) -> None:
    jobs = runner.store.jobs
    with runner.store.transaction():
        current = _still_running(runner, job)
        if current is None:
            return
        jobs.update_attempt(job.id, job.attempt, ended=end["ended"], outcome="exited")
        spec = JobSpec.from_json(current.spec)
        on_purpose = end["reason"] == "exited" and end["exit_code"] == 0
        if end["reason"] == "interrupted" and current.stop_requested is None:
            jobs.update_attempt(job.id, job.attempt, outcome="interrupted")
            jobs.update(job.id, state="queued", not_before=0.0, started=current.started or end["started"])
            jobs.set_status(job.id, secondary="Interrupted", message=INTERRUPTED)
            jobs.set_status(job.id, secondary="Starting", message="Waiting for the instances again")
            return
        if spec.restart and current.stop_requested is None and not on_purpose:
            jobs.update_attempt(job.id, job.attempt, outcome="crashed")
            _again(runner, current, f"The process ended ({_how(end)}) and will be restarted.")
        else:
            jobs.update(job.id, state="settling", started=current.started or end["started"])


def _give_up(runner: Runner, job: Job) -> None:
    """A queued job has waited too long."""
    jobs = runner.store.jobs
    with runner.store.transaction():
        current = jobs.get(job.id)
        if current is not None and current.state == "queued" and current.stop_requested is None:
            jobs.update(job.id, state="settling", result={**current.result, "GaveUp": True})


def _lost(runner: Runner, job: Job, attempt: Attempt, vanished: bool) -> None:
    """The shim is gone and has left no word. We hold the attempt's lock, so nobody else is here, and no shim
    can come. `vanished`: somebody deleted the folder; whether the job has run, nobody knows, so it counts as
    having run."""
    started = {"started": job.started or time.time()} if vanished else attempt.started()
    last_seen = attempt.last_sign_of_life()
    runner.backend.clean(attempt)
    if attempt.lost() is None:
        attempt.mark_lost({"time": time.time(), "last_seen": last_seen, "started": started is not None})
    jobs = runner.store.jobs
    with runner.store.transaction():
        current = _still_running(runner, job)
        if current is None:
            return
        outcome = "lost" if started is not None else "unstarted"
        jobs.update_attempt(
            job.id, job.attempt, ended=max(last_seen, _attempt_row(runner, job).claimed), outcome=outcome
        )
        attempts = jobs.attempts(job.id)
        spec = JobSpec.from_json(current.spec)
        used = sum(row.outcome not in ("unstarted", "interrupted") for row in attempts)
        if started is not None and current.started is None:
            jobs.update(job.id, started=started["started"])
        if current.stop_requested is not None:
            jobs.update(job.id, state="settling")
        elif started is None:
            failures = _trailing(attempts, "unstarted")
            if failures < _MOST_UNSTARTED:
                delay = 0.0 if failures == 1 else _delay(failures - 1)
                jobs.update(job.id, state="queued", not_before=time.time() + delay)
            else:
                jobs.update(job.id, state="settling")
        elif spec.restart or used < spec.max_attempts:
            _again(
                runner,
                current,
                "The process was lost (its supervisor was killed, or the machine went down); restarting.",
            )
        else:
            jobs.update(job.id, state="settling")


def _again(runner: Runner, job: Job, message: str) -> None:
    jobs = runner.store.jobs
    delay = 0.0
    spec = JobSpec.from_json(job.spec)
    if spec.restart:
        failures = 0
        for row in reversed(jobs.attempts(job.id)):
            if row.ended is not None and row.ended - row.claimed >= _HEALTHY_S:
                break
            failures += 1
        delay = _delay(failures)
    jobs.update(job.id, state="queued", not_before=time.time() + delay)
    jobs.set_status(job.id, secondary="Restarting", message=message)


def _delay(failures: int) -> float:
    return min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** max(0, failures - 1))


def _trailing(attempts: list[AttemptRow], outcome: str) -> int:
    count = 0
    for row in reversed(attempts):
        if row.outcome != outcome:
            break
        count += 1
    return count


def _still_running(runner: Runner, job: Job) -> Job | None:
    """The job as it is now, unless another reconciler was quicker."""
    current = runner.store.jobs.get(job.id)
    return (
        current
        if current is not None and current.state == "running" and current.attempt == job.attempt
        else None
    )


def _attempt_row(runner: Runner, job: Job) -> AttemptRow:
    return runner.store.jobs.attempts(job.id)[job.attempt - 1]


def _how(end: dict[str, Any]) -> str:
    return f"signal {end['signal']}" if end["signal"] is not None else f"exit code {end['exit_code']}"
