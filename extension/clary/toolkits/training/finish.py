"""What remains to be done when a training job's processes are gone: artifacts, metrics, times, the reason of a failure."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.objects import Objects, ObjectsError
from clary.runner import hosts
from clary.runner.attempt import Attempt
from clary.runner.kinds import Finish, JobKind, Outcome
from clary.toolkits import notebook_state
from clary.toolkits.training import artifacts, checkpoints, entry, failure, gathering, record
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.layout import Layout

if TYPE_CHECKING:
    from clary.runner.runner import Runner
    from clary.store.jobs import Job

UPLOADING = "Uploading generated training model"
_MESSAGES = {
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job exceeded its maximum runtime",
    "MaxWaitTimeExceeded": "Training job exceeded its maximum wait time",
}
_STOPPED = {"stopped": "Stopped", "max-runtime": "MaxRuntimeExceeded", "max-wait": "MaxWaitTimeExceeded"}


class TrainingKind(JobKind):
    """Training jobs. ``Finish.result`` has ModelArtifacts, FinalMetricDataList, TrainingStartTime, TrainingEndTime (epoch
    seconds) and BillableTimeInSeconds, each where there is one."""

    def finish(self, runner: Runner, job: Job, outcome: Outcome) -> Finish:
        """Upload and report; repeated from the start when it was cut off, which overwrites what it had stored."""
        result = _times(runner, job, outcome)
        final = _final_metrics(runner.metrics(job))
        if final:
            result["FinalMetricDataList"] = final
        if outcome.started is None or outcome.attempt == 0:
            return _never_ran(outcome, result)
        ending = _Ending(runner, job, outcome)
        try:
            concluded = ending.conclude(result)
            if concluded.status != "Failed":
                # As AWS counts: the end is when the artifacts are stored.
                result |= _times(runner, job, replace(outcome, ended=time.time()))
            return concluded
        finally:
            for folder in ending.folders:
                entry.discard_environment(folder)

    def cleanup(self, runner: Runner, job: Job) -> None:
        """Input copies and outputs are in buckets; logs and metrics lie elsewhere."""
        if "KeptFiles" in job.result:
            return
        for number in range(1, job.attempt + 1):
            attempt = runner.home.jobs / str(job.id) / str(number)
            for folder in dict.fromkeys(
                hosts.folder(attempt, job.spec["hosts"], host) for host in _names(job)
            ):
                for name in _PRIVATE:
                    _remove(folder / name)


# What a host of an attempt has for itself, and nobody needs when the job is done.
_PRIVATE = ("ml", "tmp", "ssh", "ssh-keys", "channels")


def _names(job: Job) -> list[str]:
    """The names of the job's hosts as the runner has them."""
    return list(job.spec.get("hosts") or [""])


def _remove(folder: Path) -> None:
    """Remove a tree, folders that the script made read-only included."""

    def retry(function: Callable[[str], object], path: str, error: object) -> None:
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            shutil.rmtree(path)
        else:
            os.unlink(path)

    if folder.exists():
        shutil.rmtree(folder, onerror=retry)


def _never_ran(outcome: Outcome, result: dict[str, Any]) -> Finish:
    if outcome.reason in _STOPPED:
        secondary = _STOPPED[outcome.reason]
        return Finish("Stopped", secondary, result=result, message=_MESSAGES[secondary])
    return Finish(
        "Failed", "Failed", f"InternalServerError: {outcome.message or outcome.describe()}"[: failure.LIMIT], result,
        _MESSAGES["Failed"],
    )  # fmt: skip


@dataclass
class _Ending:
    runner: Runner
    job: Job
    outcome: Outcome

    def __post_init__(self) -> None:
        self.attempt_dir: Path = self.runner.attempt_dir(self.job)
        attempt = Attempt(self.attempt_dir)
        names = _names(self.job)
        self.folders = [hosts.folder(self.attempt_dir, names, name) for name in names]
        self.layouts = [Layout(folder / "ml") for folder in self.folders]
        # Whose end is the job's: the host that failed, else the first.
        own = names.index(self.outcome.host) if self.outcome.host in names else 0
        self.layout = self.layouts[own]
        self.note = record.read(self.folders[own])
        self.log = attempt.log(names[own])
        self.host = names[own] if len(names) > 1 else ""
        self.request: dict[str, Any] = self.job.spec["payload"]
        self.objects = Objects(self.runner.home)

    def conclude(self, result: dict[str, Any]) -> Finish:
        status, secondary, reason = self._verdict()
        self._settle_notebooks()
        problem = self._upload(status, result)
        if problem and status != "Failed":
            # The only copy of what was trained: it stays, and the user is told where.
            result["KeptFiles"] = str(self.layout.base)
            kept = f"\nWhat the job wrote is still in {self.layout.base}."
            status, secondary, reason = "Failed", "Failed", problem[: failure.LIMIT - len(kept)] + kept
            result.pop("ModelArtifacts", None)
        return Finish(status, secondary, reason, result, _MESSAGES[secondary])

    def _verdict(self) -> tuple[str, str, str]:
        outcome = self.outcome
        if outcome.reason in _STOPPED:
            return "Stopped", _STOPPED[outcome.reason], ""
        if outcome.succeeded:
            return "Completed", "Completed", ""
        if outcome.reason == "lost":
            return "Failed", "Failed", f"InternalServerError: {outcome.message}"[: failure.LIMIT]
        if self.note.failure:
            return "Failed", "Failed", self.note.failure[: failure.LIMIT]
        code = outcome.exit_code if outcome.exit_code is not None else 128 + (outcome.signal or 9)
        extra = ""
        if outcome.reason == "memory":
            code, extra = 137, self._memory_text()
        if not self.note.command:
            return "Failed", "Failed", failure.unprepared_text(code, self.log, extra)
        text = failure.user_text(self.layout, self.note, code, self.log, extra)
        return "Failed", "Failed", failure.reason(f"{self.host}: {text}" if self.host else text, code)

    def _memory_text(self) -> str:
        limit = self._spec().get("shim", {}).get("memory_limit_mb")
        size = f" ({limit} MB)" if limit else ""
        return (
            f"OutOfMemory: Process killed by SIGKILL (signal 9): the job used more memory than it may{size}."
            " Use an instance type with more memory, or smaller batches"
        )

    def _spec(self) -> dict[str, Any]:
        try:
            spec: dict[str, Any] = json.loads((self.attempt_dir / "spec.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return spec

    def _settle_notebooks(self) -> None:
        """An executed notebook whose processes were all killed still says that it runs."""
        for folder, layout in zip(self.folders, self.layouts, strict=True):
            if (folder / "notebook.json").exists():
                executed = json.loads((folder / "notebook.json").read_bytes())["executed"]
                notebook_state.settle(
                    layout.output_data / Path(executed).name, stopped=self.outcome.reason in _STOPPED
                )

    def _upload(self, status: str, result: dict[str, Any]) -> str:
        """Store model, output data, checkpoints; returns why that failed, or nothing. The model of a failed job is not
        stored, as on SageMaker; its output data and checkpoints are."""
        config = self.request.get("OutputDataConfig") or {}
        if not config.get("S3OutputPath") or not self.layout.output.is_dir():
            return ""
        self.runner.phase(self.job, "Uploading", UPLOADING)
        base = f"{config['S3OutputPath'].rstrip('/')}/{self.job.name}/output"
        problem = ""
        first = self.layouts[0]
        try:
            for folder, layout in zip(self.folders, self.layouts, strict=True):
                for mirror in checkpoints.mirrors(self.request, layout):
                    if mirror is not None and not record.read(folder).synced and mirror.folder.is_dir():
                        mirror.step(self.objects, final=True)
            gathering.gather(self._named("model"), self._skipped)
            gathering.gather(self._named("output_data"), self._skipped)
            if any(first.output_data.iterdir()):
                artifacts.store_archive(
                    self.objects, f"{base}/output.tar.gz", first.output_data, self._skipped
                )
            if status != "Failed":
                result["ModelArtifacts"] = {"S3ModelArtifacts": self._store_model(base, config)}
        except JobFailure as error:
            problem = error.reason
        except (ObjectsError, OSError) as error:
            problem = f"ClientError: Artifact upload failed: {error}"[: failure.LIMIT]
        if problem:
            self._say(problem)
        return problem

    def _named(self, part: str) -> dict[str, Path]:
        """The folder of that name on each host."""
        return {
            name: getattr(layout, part) for name, layout in zip(_names(self.job), self.layouts, strict=True)
        }

    def _store_model(self, base: str, config: dict[str, Any]) -> str:
        model = self.layouts[0].model
        if config.get("CompressionType") == "NONE":
            return artifacts.store_folder(self.objects, f"{base}/model", model)
        return artifacts.store_archive(self.objects, f"{base}/model.tar.gz", model, self._skipped)

    def _skipped(self, text: str) -> None:
        self._say(f"[clary] {text}")

    def _say(self, text: str) -> None:
        """Add a line to the job's log; its shim is gone, so nobody else writes there."""
        if self.log is None:
            return
        from clary.store.logfile import LogWriter

        try:
            writer = LogWriter(self.log, limit_bytes=1 << 62)
        except OSError:
            return
        try:
            writer.write(text)
        except OSError:
            pass  # the disk is full; the failure reason still tells
        finally:
            writer.close()


def _times(runner: Runner, job: Job, outcome: Outcome) -> dict[str, Any]:
    """Start, end and length of the job's work, from its first attempt on. What it waited for between attempts of managed
    spot training counts for neither."""
    if outcome.started is None:
        return {}
    ended = outcome.ended if outcome.ended is not None else outcome.started
    attempts = [row for row in runner.store.jobs.attempts(job.id) if row.outcome != "unstarted"]
    if len(attempts) < 2:
        return _duration(outcome.started, ended)
    times = _duration(min(row.claimed for row in attempts), ended)
    if any(row.outcome == "interrupted" for row in attempts):
        last = attempts[-1]
        ends = [row.ended or ended for row in attempts[:-1]]
        ends.append(last.ended or ended if last.outcome == "interrupted" else ended)
        spans = [end - row.claimed for row, end in zip(attempts, ends, strict=True)]
        times["TrainingTimeInSeconds"] = times["BillableTimeInSeconds"] = max(1, math.ceil(sum(spans)))
    return times


def _duration(start: float, end: float) -> dict[str, Any]:
    seconds = max(1, math.ceil(end - start))
    return {
        "TrainingStartTime": start,
        "TrainingEndTime": end,
        "TrainingTimeInSeconds": seconds,
        "BillableTimeInSeconds": seconds,
    }


def _final_metrics(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last value of each metric, as FinalMetricDataList."""
    last = {metric["name"]: metric for metric in metrics}
    return [
        {"MetricName": name, "Value": float(metric["value"]), "Timestamp": metric["time"]}
        for name, metric in last.items()
    ]
