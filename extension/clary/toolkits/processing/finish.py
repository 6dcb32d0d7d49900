"""What remains to be done when a processing job's processes are gone: outputs, ExitMessage, times, the reason of a failure."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.objects import Objects, ObjectsError
from clary.runner import hosts
from clary.runner.attempt import Attempt
from clary.runner.kinds import Finish, JobKind, Outcome
from clary.toolkits import remains
from clary.toolkits.processing import message, outputs
from clary.toolkits.processing.entry import ENVIRONMENT
from clary.toolkits.processing.layout import Layout
from clary.toolkits.training import failure, record

if TYPE_CHECKING:
    from clary.runner.runner import Runner
    from clary.store.jobs import Job

UPLOADING = "Uploading outputs"
_MESSAGES = {
    "Completed": "Processing job completed",
    "Failed": "Processing job failed",
    "Stopped": "Processing job stopped",
    "MaxRuntimeExceeded": "Processing job exceeded its maximum runtime",
}
_STOPPED = {"stopped": "Stopped", "max-runtime": "MaxRuntimeExceeded"}


class ProcessingKind(JobKind):
    """Processing jobs. ``Finish.result`` has ProcessingStartTime, ProcessingEndTime (epoch seconds) and ExitMessage, each where
    there is one; KeptFiles where outputs could not be stored."""

    def finish(self, runner: Runner, job: Job, outcome: Outcome) -> Finish:
        """Store and report; repeated from the start when it was cut off, which overwrites what it had stored."""
        result: dict[str, Any] = {}
        if outcome.started is not None:
            result = {
                "ProcessingStartTime": outcome.started,
                "ProcessingEndTime": outcome.ended or outcome.started,
            }
        if outcome.started is None or outcome.attempt == 0:
            return _never_ran(outcome, result)
        ending = _Ending(runner, job, outcome)
        try:
            concluded = ending.conclude(result)
            result["ProcessingEndTime"] = time.time()
            return concluded
        finally:
            for folder in ending.folders:
                shutil.rmtree(folder / ENVIRONMENT, ignore_errors=True)

    def cleanup(self, runner: Runner, job: Job) -> None:
        """Input copies and outputs are in buckets; logs lie elsewhere."""
        if "KeptFiles" not in job.result:
            remains.discard(runner, job)


def _never_ran(outcome: Outcome, result: dict[str, Any]) -> Finish:
    if outcome.reason in _STOPPED:
        secondary = _STOPPED[outcome.reason]
        return Finish("Stopped", secondary, result=result, message=_MESSAGES[secondary])
    reason = f"InternalServerError: {outcome.message or outcome.describe()}"[: failure.LIMIT]
    return Finish("Failed", "Failed", reason, result, _MESSAGES["Failed"])


@dataclass
class _Ending:
    runner: Runner
    job: Job
    outcome: Outcome

    def __post_init__(self) -> None:
        self.attempt_dir: Path = self.runner.attempt_dir(self.job)
        names = remains.host_names(self.job)
        self.folders = [hosts.folder(self.attempt_dir, names, name) for name in names]
        self.layouts = {name: Layout(folder / "ml") for name, folder in zip(names, self.folders, strict=True)}
        # Whose end is the job's: the host that failed, else the first.
        own = names.index(self.outcome.host) if self.outcome.host in names else 0
        self.note = record.read(self.folders[own])
        self.log = Attempt(self.attempt_dir).log(names[own])
        self.host = names[own] if len(names) > 1 else ""
        self.request: dict[str, Any] = self.job.spec["payload"]
        self.objects = Objects(self.runner.home)

    def conclude(self, result: dict[str, Any]) -> Finish:
        status, secondary = self._status()
        said, problem = self._message()
        if said:
            result["ExitMessage"] = said
        reason = self._reason(said) if status == "Failed" else ""
        if problem and status == "Completed":
            status, secondary, reason = "Failed", "Failed", problem
        if self.outcome.reason == "max-runtime":
            limit = self.job.spec.get("max_runtime_s")
            self._say(f"[clary] Stopped: the job ran longer than MaxRuntimeInSeconds ({limit:g}) allows.")
        problem = self._upload()
        if problem:
            # The only copy of what was made: it stays, and the user is told where.
            kept = next(iter(self.layouts.values())).processing
            result["KeptFiles"] = str(kept)
            self._say(problem)
            if status != "Failed":
                told = f"\nWhat the job wrote is still in {kept}."
                status, secondary, reason = "Failed", "Failed", problem[: failure.LIMIT - len(told)] + told
        return Finish(status, secondary, reason, result, _MESSAGES[secondary])

    def _status(self) -> tuple[str, str]:
        if self.outcome.reason in _STOPPED:
            return "Stopped", _STOPPED[self.outcome.reason]
        return ("Completed", "Completed") if self.outcome.succeeded else ("Failed", "Failed")

    def _message(self) -> tuple[str, str]:
        """(ExitMessage, why there is none where the program wrote one)."""
        try:
            return message.exit_message(self.layouts.values()), ""
        except message.NotText:
            return "", "ClientError: The file /opt/ml/output/message is not UTF-8 text."

    def _reason(self, said: str) -> str:
        """FailureReason in AWS's words; the program's own message, or its last error, in the middle."""
        outcome = self.outcome
        if outcome.reason == "lost":
            return f"InternalServerError: {outcome.message}"[: failure.LIMIT]
        if self.note.failure:
            return self.note.failure[: failure.LIMIT]
        if outcome.reason == "memory":
            limit = remains.memory_limit_mb(self.attempt_dir)
            allowed = f" The job used more than the {limit} MB that it may." if limit else ""
            return (
                "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an"
                f" instance.{allowed}"
            )
        code = outcome.exit_code if outcome.exit_code is not None else 128 + (outcome.signal or 9)
        if not self.note.command:
            return failure.unprepared_text(code, self.log)
        text = "\n".join([said or "See job logs for more information", *self._last_words(code)])
        return failure.reason(f"{self.host}: {text}" if self.host else text, code)

    def _last_words(self, code: int) -> list[str]:
        lines = failure.log_tail(self.log) if self.log is not None else []
        return [text for text in (failure.error_message(lines), failure.signal_note(code)) if text]

    def _upload(self) -> str:
        """Store the outputs, of failed and stopped jobs, too, as SageMaker does; returns why that failed, or nothing."""
        wanted = outputs.of(self.request)
        if not wanted or not any(layout.processing.is_dir() for layout in self.layouts.values()):
            return ""
        self.runner.phase(self.job, "Uploading", UPLOADING)
        try:
            for folder, layout in zip(self.folders, self.layouts.values(), strict=True):
                if not record.read(folder).synced:
                    for mirror in outputs.mirrors(self.request, layout):
                        mirror.step(self.objects, final=True)
            outputs.store(self.request, self.layouts, self.objects, lambda text: self._say(f"[clary] {text}"))
        except (ObjectsError, OSError) as error:
            return f"ClientError: Failed to upload data. {error}"[: failure.LIMIT]
        return ""

    def _say(self, text: str) -> None:
        remains.say(self.log, text)
