"""Job kinds of these tests, found in the settlers through a real entry point (see conftest.py)."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from clary.runner import Finish, JobKind, Outcome, Runner
from clary.store.jobs import Job


class SlowKind(JobKind):
    """Leaves a mark at each begin and end of `finish`, and can be told what to do by files."""

    def finish(self, runner: Runner, job: Job, outcome: Outcome) -> Finish:
        folder = Path(job.spec["payload"]["folder"])
        with open(folder / "begun", "a") as file:
            file.write(f"{os.getpid()}\n")
        runner.phase(job, "Uploading", "Uploading generated training model")
        while (folder / "hold").exists():
            time.sleep(0.01)
        if (folder / "kill").exists():
            (folder / "kill").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        with open(folder / "ended", "a") as file:
            file.write(f"{os.getpid()}\n")
        return Finish(
            "Completed", "Completed", result={"reason": outcome.reason, "exit_code": outcome.exit_code}
        )

    def finished(self, runner: Runner, job: Job) -> None:
        with open(Path(job.spec["payload"]["folder"]) / "finished", "a") as file:
            file.write(f"{job.state} {job.status}\n")


class BrokenKind(JobKind):
    def finish(self, runner: Runner, job: Job, outcome: Outcome) -> Finish:
        raise RuntimeError("the bucket is on fire")


class DeadlyKind(JobKind):
    def finish(self, runner: Runner, job: Job, outcome: Outcome) -> Finish:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError
