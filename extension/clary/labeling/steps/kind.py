"""The job kind of steps: what becomes of a labeling job whose step did not come to its end."""

from __future__ import annotations

import contextlib

from clary.labeling.steps import outcome as outcomes
from clary.labeling.steps.submitting import ensure
from clary.labeling.work import Work, WorkError
from clary.labeling.work.database import get, put
from clary.runner.kinds import Finish, JobKind, Outcome
from clary.runner.runner import Runner
from clary.store.jobs import Job

# So many steps in a row may be lost before the labeling job is given up.
_MOST_CRASHES = 3


class StepKind(JobKind):
    """A step crosses itself off when it has nothing left to do; one that died is crossed off here, and another one started."""

    def finish(self, runner: Runner, job: Job, outcome: Outcome) -> Finish:
        work = _work(runner, job)
        if work is None or outcome.succeeded:
            return Finish("Completed", "Completed")
        number = int(job.spec["payload"]["step"])
        asked = (
            outcome.reason == "stopped"
        )  # by `clary shutdown`, say: whoever asks about the job next starts it again
        with work.transaction() as db:
            crashes = get(db, "crashes", {})
            if not asked:
                crashes = {**crashes, str(number): outcome.describe()}
                put(db, "crashes", crashes)
            step = get(db, "step")
            if step is not None and step["n"] == number:
                put(db, "step", None)
        if outcome.reason == "memory" or len(crashes) >= _MOST_CRASHES:
            outcomes.fail(runner.store, work, f"InternalServerError: {outcome.describe()}")
        return Finish("Stopped", "Stopped") if asked else Finish("Failed", "Failed", outcome.describe())

    def cleanup(self, runner: Runner, job: Job) -> None:
        """Go on where the step ended too soon; forget one that went well, of which there are many."""
        work = _work(runner, job)
        if work is not None and job.status != "Stopped":
            ensure(runner.home, runner, work)
        if job.status == "Completed":
            with contextlib.suppress(Exception):
                runner.remove(job.kind, job.name)


def _work(runner: Runner, job: Job) -> Work | None:
    with contextlib.suppress(WorkError):
        return Work.open(runner.home, job.spec["payload"]["job"])
    return None
