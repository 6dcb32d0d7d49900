"""Kinds of jobs: what remains to be done when one has ended.

A kind is found by name in a static table, which third parties extend through entry points of the group
``clary.job_kinds`` (name = kind, value = ``module:Class``). Clary's own kinds cannot be replaced: to look
through the entry points of everything that is installed takes longer than settling an ordinary job.
"""

from __future__ import annotations

import importlib
import signal
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clary.runner.runner import Runner
    from clary.store.jobs import Job

_KINDS = {
    "training-job": "clary.toolkits.training.finish:TrainingKind",
    "processing-job": "clary.toolkits.processing.finish:ProcessingKind",
    "endpoint": "clary.serving.kind:EndpointKind",
    "labeling-step": "clary.labeling.steps.kind:StepKind",
    "router": "clary.serving.kind:RouterKind",
}


@dataclass(frozen=True)
class Outcome:
    """How the last attempt ended. Times are seconds since the epoch.

    reason: exited | stopped | max-runtime | max-wait | memory | lost. `host`: which of its hosts failed, where it has
    several. `attempt` is 0 and `started` None when the job
    never ran.
    """

    attempt: int
    reason: str
    exit_code: int | None = None
    signal: int | None = None
    started: float | None = None
    ended: float | None = None
    message: str = ""
    host: str = ""

    @property
    def succeeded(self) -> bool:
        return self.reason == "exited" and self.exit_code == 0

    def describe(self) -> str:
        """A sentence for people."""
        if self.reason == "lost":
            return self.message
        if self.reason == "memory":
            return "The job used more memory than it may, and was killed."
        if self.reason == "stopped":
            return "The job was stopped."
        if self.reason == "max-runtime":
            return "The job ran longer than its maximum runtime."
        if self.signal is not None:
            try:
                return f"The job was killed by {signal.Signals(self.signal).name}."
            except ValueError:
                return f"The job was killed by signal {self.signal}."
        return f"The job ended with exit code {self.exit_code}."


@dataclass(frozen=True)
class Finish:
    """What becomes of the job. `status` and `secondary` are SageMaker's words; `result` is merged into the
    job's."""

    status: str
    secondary: str
    failure_reason: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    message: str = ""


class JobKind(ABC):
    """One kind of job. Instances have no state: `finish` runs in any process, and again if that process
    dies."""

    @abstractmethod
    def finish(self, runner: Runner, job: Job, outcome: Outcome) -> Finish:
        """Called in a settler when the job has ended for good. May take long; must be safe to repeat after it
        was killed at any line; may show phases with `runner.phase`. An exception makes the job Failed."""

    def finished(self, runner: Runner, job: Job) -> None:  # noqa: B027 - optional
        """Called inside the transaction that makes the job done, with the job as it is then. Must be
        quick."""

    def cleanup(self, runner: Runner, job: Job) -> None:  # noqa: B027 - optional
        """Called when the job is done and that is on record: remove what nobody needs any more. Best effort."""


class PlainKind(JobKind):
    """Nothing to do: the exit code is the result. For kinds that have no class of their own."""

    def finish(self, runner: Runner, job: Job, outcome: Outcome) -> Finish:
        if outcome.succeeded:
            return Finish("Completed", "Completed")
        if outcome.reason == "stopped":
            return Finish("Stopped", "Stopped")
        if outcome.reason == "max-runtime":
            return Finish("Stopped", "MaxRuntimeExceeded")
        if outcome.reason == "max-wait":
            return Finish("Stopped", "MaxWaitTimeExceeded")
        return Finish("Failed", "Failed", failure_reason(outcome))


def failure_reason(outcome: Outcome) -> str:
    """AWS's two families: what the job did (AlgorithmError), and what was done to it
    (InternalServerError)."""
    if outcome.reason == "lost":
        return f"InternalServerError: {outcome.message}"
    if outcome.exit_code is not None and outcome.reason == "exited":
        return f"AlgorithmError: The job failed, exit code: {outcome.exit_code}"
    return f"AlgorithmError: {outcome.describe()}"


@cache
def kind_of(name: str) -> JobKind:
    """The kind's only instance. Raises ImportError or AttributeError when its class cannot be loaded."""
    reference = _KINDS.get(name, "")
    if not reference:
        from importlib.metadata import entry_points

        for point in entry_points(group="clary.job_kinds", name=name):
            reference = point.value
    if not reference:
        return PlainKind()
    module, _, attribute = reference.partition(":")
    loaded = getattr(importlib.import_module(module), attribute)()
    if not isinstance(loaded, JobKind):
        raise TypeError(f"{reference} is not a JobKind.")
    return loaded
