"""``clary.train`` and the training job that it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.sdk import packing, pages, storage
from clary.sdk.api import call, get, post
from clary.sdk.distribution import launcher
from clary.sdk.errors import TrainingFailed
from clary.sdk.inputs import Inputs, uploaded
from clary.sdk.job import ENDED, Job
from clary.sdk.logs import TRAINING_GROUP
from clary.sdk.progress import State
from clary.sdk.request import training_request
from clary.sdk.resource import Listing, listed

if TYPE_CHECKING:
    import pandas

    from clary.sdk.model import Model


class TrainingJob(Job):
    """A training job, by its name."""

    kind = "TrainingJob"
    title = "Training job"
    log_group = TRAINING_GROUP
    failed = TrainingFailed

    @property
    def boto3(self) -> str:
        return f"boto3.client('sagemaker').describe_training_job(TrainingJobName={self.name!r})"

    def _state(self, answer: Mapping[str, Any], ended: bool) -> State:
        steps = answer.get("SecondaryStatusTransitions") or [{}]
        # Once it has ended, the last step's message only repeats the failure reason or the status.
        message = "" if ended else steps[-1].get("StatusMessage", "")
        return State(answer["SecondaryStatus"], message, _numbers(answer), ended)

    def metrics(self) -> pandas.DataFrame:
        """What the job's metric regexes found so far: columns ``time`` (UTC), ``name``, ``value``."""
        import pandas

        frame = pandas.DataFrame(self._observed()["metrics"], columns=["time", "name", "value"])
        return frame.assign(time=pandas.to_datetime(frame["time"], unit="s", utc=True))

    def resources(self) -> pandas.DataFrame:
        """What the job used: columns ``time`` (UTC), ``cpu_percent`` (100 is one core), ``rss_mb``, and GPU's
        where it had one.
        """
        import pandas

        rows = self._observed()["resources"]
        frame = (
            pandas.DataFrame(rows) if rows else pandas.DataFrame(columns=["time", "cpu_percent", "rss_mb"])
        )
        return frame.assign(time=pandas.to_datetime(frame["time"], unit="s", utc=True)).dropna(
            axis="columns", how="all"
        )

    def _observed(self) -> dict[str, Any]:
        return get(f"/clary/training-jobs/{self.name}/metrics")

    @property
    def artifacts(self) -> str:
        """Where the trained model is, ``s3://.../model.tar.gz``. Raises RuntimeError when there is none."""
        answer = self.describe()
        status = answer["TrainingJobStatus"]
        place = answer.get("ModelArtifacts", {}).get("S3ModelArtifacts")
        if not place or status not in ENDED:
            raise RuntimeError(f"{self.name} is {status} and has no model yet; wait() for it.")
        # The API names a place even where nothing was stored.
        if status == "Failed":
            reason = answer.get("FailureReason", "no reason was given")
            raise RuntimeError(f"The training job {self.name} failed and has no model: {reason}")
        if status == "Stopped" and not storage.exists(place):
            raise RuntimeError(f"The training job {self.name} was stopped before it had a model.")
        return str(place)

    @property
    def model(self) -> Model:
        """The trained model as a Model of the same name, made when it is first asked for."""
        from clary.sdk.model import Model

        return Model.create(self.artifacts, name=self.name)

    def interrupt(self) -> None:
        """Take the machine away from this job, as spot instances are taken away: SIGTERM, SIGKILL two minutes later, and the
        job starts again from its checkpoints. Raises ClaryError unless it runs under managed spot training."""
        post(f"/clary/training-jobs/{self.name}/interrupt")

    def _repr_html_(self) -> str:
        answer = self.describe()
        facts: dict[str, Any] = {
            "step": answer["SecondaryStatus"]
            if answer["SecondaryStatus"] != answer["TrainingJobStatus"]
            else None,
            "created": answer["CreationTime"],
            "trained for": _seconds(answer),
            **_numbers(answer),
            "model": answer.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
            "failure": answer.get("FailureReason"),
        }
        return pages.card(self.name, answer["TrainingJobStatus"], facts, self.boto3)


def _numbers(answer: Mapping[str, Any]) -> dict[str, float]:
    return {one["MetricName"]: one["Value"] for one in answer.get("FinalMetricDataList", [])}


def _seconds(answer: Mapping[str, Any]) -> str | None:
    if "TrainingStartTime" not in answer:
        return None
    end = answer.get("TrainingEndTime") or datetime.now(UTC)
    return pages.duration((end - answer["TrainingStartTime"]).total_seconds())


def train(
    source: str | Path,
    *,
    entry: str | None = None,
    inputs: Inputs = None,
    hyperparameters: Mapping[str, Any] | None = None,
    metrics: Mapping[str, str] | None = None,
    instance_type: str = "ml.m5.xlarge",
    instance_count: int = 1,
    distribution: str | None = None,
    processes_per_host: int | None = None,
    requirements: str | Path | Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
    max_runtime: int = 86400,
    spot: bool = False,
    max_wait: int | None = None,
    retries: int = 0,
    checkpoints: str | None = None,
    input_mode: str = "File",
    output: str | None = None,
    network_isolation: bool = False,
    tags: Mapping[str, str] | None = None,
    name: str | None = None,
    wait: bool = False,
    logs: bool = False,
) -> TrainingJob:
    """Train with a script, a notebook or a folder of code; returns the started TrainingJob.

    ``source``: ``train.py``, ``train.ipynb`` (run by papermill with the hyperparameters as its parameters), a
    folder, whose entry point is ``entry``, or the ``s3://`` address of a sourcedir.tar.gz that has ``entry``.
    ``inputs``: channel name to local file, folder, ``s3://`` address or :class:`Input`; one alone is the
    channel ``training``. ``metrics``: name to a regex whose first group is the value. ``requirements``:
    packages, or a requirements.txt. ``instance_count``: hosts, each a process;
    ``distribution``: ``torchrun`` or ``mpi`` starts the script on all of them, ``processes_per_host`` times on
    each. ``max_runtime`` in seconds. ``spot``: managed spot training, which may be
    interrupted, of at most ``max_wait`` seconds with all waiting. ``retries``: attempts after the machine lost
    the job (a script that fails is not tried again). ``checkpoints``: ``s3://`` prefix kept in step with
    /opt/ml/checkpoints. ``output``: ``s3://`` prefix for the model. With ``wait`` as with
    :meth:`TrainingJob.wait`, ``logs`` printed.

    Raises FileNotFoundError or ValueError for what is wrong here, ClaryError for what the API refuses.
    """
    launching = launcher(distribution, processes_per_host)
    bucket = storage.default_bucket()
    if isinstance(source, str) and packing.is_address(source):
        if entry is None:
            raise ValueError(f"Name the script in {source} that trains: entry='train.py'.")
        name, program, code = name or packing.new_name(Path(entry).stem), entry, source
    else:
        path, program = packing.find_entry(Path(source).expanduser(), entry)
        name = name or packing.new_name(Path(program).stem if path.is_file() else path.resolve().name)
        code = storage.put(bucket, f"{name}/source/sourcedir.tar.gz", packing.sourcedir(path, requirements))
    request = training_request(
        name,
        program,
        code,
        output=output or f"s3://{bucket}/",
        channels=uploaded(inputs, name),
        hyperparameters={**(hyperparameters or {}), **launching},
        metrics=metrics or {},
        instance_type=instance_type,
        instance_count=instance_count,
        environment=environment or {},
        max_runtime=max_runtime,
        spot=spot,
        max_wait=max_wait,
        retries=retries,
        checkpoints=checkpoints,
        input_mode=input_mode,
        network_isolation=network_isolation,
        tags=tags or {},
    )
    call("CreateTrainingJob", **request)
    job = TrainingJob(name)
    return job.wait(logs=logs) if wait else job


def jobs(
    *, status: str | None = None, name_contains: str | None = None, limit: int = 20
) -> Listing[TrainingJob]:
    """The latest training jobs, newest first; ``status`` as the API's StatusEquals."""
    wanted: dict[str, Any] = {"StatusEquals": status} if status else {}
    if name_contains:
        wanted["NameContains"] = name_contains
    return listed(TrainingJob, "ListTrainingJobs", "TrainingJobSummaries", limit, wanted)
