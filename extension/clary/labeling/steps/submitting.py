"""Starting steps: at most one at a time, and never none when one is due."""

from __future__ import annotations

import contextlib
import time

from clary.home import Home
from clary.labeling.settings import JobSettings
from clary.labeling.steps import outcome
from clary.labeling.work import Work, WorkError
from clary.labeling.work.course import ENDED, due
from clary.labeling.work.database import get, put
from clary.runner.runner import Runner, RunnerError
from clary.runner.spec import JobSpec, Resources
from clary.store import Store

KIND = "labeling-step"
LOG_GROUP = "/aws/sagemaker/LabelingJobs"

# A step that was announced but is unknown to the runner after so long: who announced it has died.
_UNBORN_S = 3.0


def start(home: Home, store: Store, runner: Runner, settings: JobSettings) -> Work:
    """Make the job's folder and begin to prepare it. The document of the kind ``labeling-job`` must be there.

    Raises WorkError when there is a labeling job of this name.
    """
    work = Work.create(home, settings)
    ensure(home, runner, work)
    return work


def stop(home: Home, store: Store, runner: Runner, name: str) -> None:
    """End the job; what is labelled by then is written. Nothing happens to one that has ended. Raises WorkError."""
    work = Work.open(home, name)
    with work.transaction() as db:
        if get(db, "status") in ENDED:
            return
        put(db, "status", "Stopping")
    outcome.show(store, work)
    ensure(home, runner, work)


def retry(home: Home, store: Store, runner: Runner, name: str) -> bool:
    """Do again what a job failed at, or write its output again; False where there is nothing to do (see `course.retry`). Raises
    WorkError."""
    work = Work.open(home, name)
    asked = work.retry()
    outcome.show(store, work)
    ensure(home, runner, work)
    return asked


def tend(home: Home, store: Store, runner: Runner, name: str) -> None:
    """See to what nobody else may have seen to: time that ran out, steps that were lost. Cheap; whoever asks about a job calls
    it. A job whose files are gone is left alone."""
    with contextlib.suppress(WorkError):
        work = Work.open(home, name)
        if work.fact("step") is not None or work.due() is not None:
            ensure(home, runner, work, look=True)
        elif work.status in ENDED:
            outcome.show(store, work)


def ensure(home: Home, runner: Runner, work: Work, now: float | None = None, *, look: bool = False) -> None:
    """Start the step that is due, if any, unless one is at work. `look`: make sure that one at work really is."""
    now = time.time() if now is None else now
    step = work.fact("step")
    job = None
    if step is not None:
        if not look:
            return
        job = runner.get(KIND, job_name(work, step["n"]))
        if job is not None and job.state != "done":
            runner.tend()
            return
        if job is None and now - step["time"] <= _UNBORN_S:
            return
    with work.transaction() as db:
        if get(db, "step") != step:
            return  # somebody else was quicker
        if due(db, work.settings, now) is None:
            put(db, "step", None)
            return
        # One that was announced by somebody who died then keeps its number.
        number = step["n"] if step is not None and job is None else get(db, "steps", 0) + 1
        put(db, "steps", number)
        put(db, "step", {"n": number, "time": now})
    _submit(home, runner, work, number)


def job_name(work: Work, number: int) -> str:
    return f"{work.settings.name}/{number}"


def _submit(home: Home, runner: Runner, work: Work, number: int) -> None:
    name = job_name(work, number)
    automatic = work.settings.automatic is not None
    spec = JobSpec(
        kind=KIND,
        name=name,
        entry="clary.labeling.steps.entry:main",
        log_group=LOG_GROUP,
        log_stream=f"{work.settings.name}/step-{number}",
        resources=Resources(cpus=1.0, memory_mb=2048 if automatic else 512),
        environment={"CLARY_HOME": str(home.root)},
        max_attempts=3,
        grace_s=10.0,
        warm=True,
        torch=False,
        payload={"job": work.settings.name, "step": number},
        # People wait for it: it must not queue behind hours of training.
        holds_slots=False,
    )
    with contextlib.suppress(RunnerError):  # it is there already
        runner.submit(spec)
    runner.schedule()
