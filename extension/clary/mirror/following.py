"""One job followed into its run: what has happened since the last look goes to MLflow."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clary.mirror.entry import KIND, Entry
from clary.mirror.settings import shown
from clary.mirror.tracker import (
    LONGEST_PARAM,
    LONGEST_TAG,
    MOST_METRICS,
    MOST_PARAMS,
    Metric,
    Tracker,
    TrackerError,
)
from clary.runner.runner import Runner
from clary.store.documents import NotFound
from clary.store.jobs import Job
from clary.store.logfile import format_events

_STATUSES = {"Completed": "FINISHED", "Failed": "FAILED", "Stopped": "KILLED"}
# A request that was never followed by a job (its client has died in between) is forgotten after this time.
_PATIENCE_S = 60.0


class Following:
    """A job and its run. `step` is called again and again until it returns True."""

    def __init__(self, runner: Runner, entry: Entry) -> None:
        self._runner = runner
        self._entry = entry
        self._sizes: tuple[int, ...] = ()
        self._steps: dict[str, int] = {}
        self._counted = 0

    @property
    def entry(self) -> Entry:
        return self._entry

    def refresh(self, entry: Entry) -> None:
        """Take over what the store has of it."""
        self._entry = entry

    def step(self, tracker: Tracker) -> bool:
        """Bring the run up to date; True when nothing more will come. Raises TrackerError."""
        job = self._runner.get("training-job", self._entry.job)
        self._reread()
        if not self._entry.run_id:
            if job is None and time.time() - self._entry.created > _PATIENCE_S:
                return True
            self._create(tracker, job)
        if job is None:
            return self._orphaned(tracker)
        if "tagged" not in self._entry.told:
            self._send_tags(tracker, job)
        self._tell(job, "run", f"MLflow run {self._entry.run_id} of experiment {self._entry.experiment} at"
                               f" {shown(self._entry.uri)}")  # fmt: skip
        self._tag(job)
        over = job.state == "done"
        if not self._entry.params_sent and (over or not self._entry.joined):
            self._send_params(tracker, job)
        self._send_metrics(tracker, job, over)
        if over:
            self._finish(tracker, job)
        return over

    def failed(self, error: TrackerError, *, final: bool) -> bool:
        """Say in the job's log, once, that the mirror does not work; False where the job has no log yet."""
        job = self._runner.get("training-job", self._entry.job)
        if job is None:
            if final:
                self._forget_request()
            return False
        address = shown(self._entry.uri)
        if final:
            return self._tell(job, "failed", f"This job is not mirrored to MLflow at {address}: {error}.")
        text = f"MLflow at {address} cannot be reached: {error}. The job goes on; its metrics are sent later."
        return self._tell(job, "unreachable", text)

    def forget(self) -> None:
        """Strike the job off."""
        with contextlib.suppress(NotFound):
            self._runner.store.documents.delete(KIND, self._entry.job)

    def _forget_request(self) -> None:
        """Strike off what was asked for before there is a job, unless the job has come meanwhile: its log is to say it."""
        with self._runner.store.transaction():
            if self._runner.get("training-job", self._entry.job) is None:
                self.forget()

    def _create(self, tracker: Tracker, job: Job | None) -> None:
        started = job.created if job is not None else self._entry.created
        self._save(run_id=tracker.create_run(self._entry.experiment, self._entry.job, {}, started))

    def _send_tags(self, tracker: Tracker, job: Job) -> None:
        own = self._runner.store.tags.list(self._entry.arn)
        tags = run_tags(self._entry.job, self._entry.arn, job.spec["payload"], own)
        tracker.log(self._entry.run_id, params={}, metrics=(), tags=tags)
        self._save(told=(*self._entry.told, "tagged"))

    def _orphaned(self, tracker: Tracker) -> bool:
        """There is a run, but no job: it was refused, or deleted before all was sent."""
        if time.time() - self._entry.created < _PATIENCE_S:
            return False
        if self._entry.sent or self._entry.params_sent or self._entry.told:
            if not self._entry.theirs:
                tracker.finish(self._entry.run_id, "KILLED", time.time())
        elif not self._entry.theirs:
            tracker.delete(self._entry.run_id)
        return True

    def _send_params(self, tracker: Tracker, job: Job) -> None:
        wanted = params(job.spec["payload"].get("HyperParameters") or {})
        if self._entry.joined:
            there = tracker.state(self._entry.run_id).params
            wanted = {name: value for name, value in wanted.items() if name not in there}
        items = list(wanted.items())
        for start in range(0, len(items), MOST_PARAMS):
            part = dict(items[start : start + MOST_PARAMS])
            tracker.log(self._entry.run_id, params=part, metrics=(), tags={})
        self._save(params_sent=True)

    def _send_metrics(self, tracker: Tracker, job: Job, over: bool) -> None:
        sizes = self._file_sizes(job)
        if sizes == self._sizes and not over:
            return
        lines = self._runner.metrics(job)
        fresh = []
        for number, line in enumerate(lines[self._counted :], start=self._counted):
            step = self._steps.get(line["name"], 0)
            self._steps[line["name"]] = step + 1
            if number >= self._entry.sent:
                fresh.append(Metric(key(line["name"]), line["value"], line["time"], step))
        self._counted = len(lines)
        if self._entry.joined:
            self._settle_whose(tracker, {metric.name for metric in fresh if metric.step == 0})
        for start in range(0, len(fresh), MOST_METRICS):
            part = fresh[start : start + MOST_METRICS]
            mine = [metric for metric in part if metric.name not in self._entry.scripts]
            try:
                if mine:
                    tracker.log(self._entry.run_id, params={}, metrics=mine, tags={})
            except TrackerError:
                self._counted, self._steps = 0, {}  # counted again from what was sent
                raise
            self._save(sent=self._entry.sent + len(part))
        self._sizes = sizes

    def _settle_whose(self, tracker: Tracker, names: set[str]) -> None:
        """Decide, once and before anything of them is sent, which metrics the script logs itself: the same values twice would
        only spoil the charts. A mirror that is killed and comes again must not take its own values for the script's."""
        new = names.difference(self._entry.mirrored, self._entry.scripts)
        if new:
            theirs = new & tracker.state(self._entry.run_id).metrics
            self._save(
                mirrored=(*self._entry.mirrored, *sorted(new - theirs)),
                scripts=(*self._entry.scripts, *sorted(theirs)),
            )

    def _file_sizes(self, job: Job) -> tuple[int, ...]:
        folder = self._runner.home.jobs / str(job.id)
        sizes = []
        for number in range(1, job.attempt + 1):
            try:
                sizes.append(os.stat(folder / str(number) / "metrics.jsonl").st_size)
            except OSError:
                sizes.append(0)
        return tuple(sizes)

    def _finish(self, tracker: Tracker, job: Job) -> None:
        tags = {"sagemaker.status": job.status}
        if job.failure_reason:
            tags["sagemaker.failure_reason"] = job.failure_reason[:LONGEST_TAG]
        artifacts = (job.result.get("ModelArtifacts") or {}).get("S3ModelArtifacts")
        if artifacts:
            tags["sagemaker.model_artifacts"] = artifacts[:LONGEST_TAG]
        tracker.log(self._entry.run_id, params={}, metrics=(), tags=tags)
        if not self._entry.theirs:
            tracker.finish(self._entry.run_id, _STATUSES.get(job.status, "KILLED"), job.ended or time.time())

    def _tag(self, job: Job) -> None:
        known = self._runner.store.tags.list(self._entry.arn)
        if known.get("mlflow.run_id") != self._entry.run_id:
            self._runner.store.tags.add(self._entry.arn, {"mlflow.run_id": self._entry.run_id})

    def _tell(self, job: Job, what: str, text: str) -> bool:
        """Write a line into the job's log, unless it is there; False where there is no log yet."""
        if what in self._entry.told:
            return True
        log = self._runner.attempt(job).log()
        if log is None:
            return job.state == "done"  # it never ran, and will have no log
        # Appended whole, between lines of the job: so writes of its shim, too.
        with contextlib.suppress(OSError), open(log, "ab", buffering=0) as file:
            file.write(format_events(f"[clary] {text}".encode(), int(time.time() * 1000)))
            self._save(told=(*self._entry.told, what))
        return True

    def _reread(self) -> None:
        """Take over what CreateTrainingJob has written with the job: whether its script joins the run."""
        document = self._runner.store.documents.find(KIND, self._entry.job)
        if document is not None and document.created == self._entry.created:
            self._entry = Entry.of(document)

    def _save(self, **changes: Any) -> None:
        """Change the entry; whoever made the job may have changed other members meanwhile."""
        store = self._runner.store
        with store.transaction():
            document = store.documents.find(KIND, self._entry.job)
            if document is None or document.created != self._entry.created:
                self._entry = replace(self._entry, **changes)
                return
            self._entry = replace(Entry.of(document), **changes)
            store.documents.update(KIND, self._entry.job, body=self._entry.body())


def key(name: str) -> str:
    """A name as MLflow takes it: letters, digits and "_-. :/", and no path that leads out."""
    return re.sub(r"[^\w\-. :/]|^[/.]+|\.\.+", "_", name)[:250]


def params(hyperparameters: Mapping[str, str]) -> dict[str, str]:
    """Hyperparameters as MLflow has parameters: without the SDK's own, and without the quotes that it puts round texts."""
    found = {}
    for name, text in hyperparameters.items():
        if name.startswith(("sagemaker_", "_tuning")):
            continue
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        found[key(name)] = (value if isinstance(value, str) else text)[:LONGEST_PARAM]
    return found


def run_tags(job: str, arn: str, request: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a job's run: where it comes from, and what its user has tagged it with."""
    program = params({"p": request.get("HyperParameters", {}).get("sagemaker_program", "")})["p"]
    found = {
        **{
            key[:250]: value[:LONGEST_TAG]
            for key, value in list(tags.items())[:50]
            if not key.startswith("mlflow.")
        },
        "sagemaker.job_name": job,
        "sagemaker.job_arn": arn,
        "mlflow.source.type": "JOB",
        "mlflow.source.name": program or job,
    }
    kind = request.get("ResourceConfig", {}).get("InstanceType")
    if kind:
        found["sagemaker.instance_type"] = kind
    return found
