"""``clary.process`` and the processing job that it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clary.sdk import packing, pages, storage
from clary.sdk.api import call, get, role, training_image
from clary.sdk.errors import ProcessingFailed
from clary.sdk.job import ENDED, Job
from clary.sdk.logs import PROCESSING_GROUP
from clary.sdk.progress import State
from clary.sdk.resource import Listing, listed

_INPUT, _OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"


class ProcessingJob(Job):
    """A processing job, by its name."""

    kind = "ProcessingJob"
    title = "Processing job"
    log_group = PROCESSING_GROUP
    failed = ProcessingFailed

    @property
    def boto3(self) -> str:
        return f"boto3.client('sagemaker').describe_processing_job(ProcessingJobName={self.name!r})"

    def _state(self, answer: Mapping[str, Any], ended: bool) -> State:
        status = answer["ProcessingJobStatus"]
        if ended or status == "Stopping":
            return State(status, answer.get("ExitMessage", ""), done=ended)
        phase = self._observed()["phases"][-1]
        if phase["Status"] in ENDED:  # it ended between the two questions: the next look tells how
            return State(status, "")
        return State(phase["Status"], phase["StatusMessage"])

    def _observed(self) -> dict[str, Any]:
        return get(f"/clary/processing-jobs/{self.name}/phases")

    @property
    def outputs(self) -> dict[str, str]:
        """Where the outputs are stored: name to ``s3://`` (or ``file://``) address."""
        config = self.describe().get("ProcessingOutputConfig", {})
        return {one["OutputName"]: one["S3Output"]["S3Uri"] for one in config.get("Outputs", [])}

    def _repr_html_(self) -> str:
        answer = self.describe()
        application = answer["AppSpecification"]
        command = [*application.get("ContainerEntrypoint", []), *application.get("ContainerArguments", [])]
        facts: dict[str, Any] = {
            "command": " ".join(command) or None,
            "created": answer["CreationTime"],
            "processed for": _seconds(answer),
            **{f"input {name}": uri for name, uri in _addresses(answer)},
            **{f"output {name}": uri for name, uri in self.outputs.items()},
            "message": answer.get("ExitMessage"),
            "failure": answer.get("FailureReason"),
        }
        return pages.card(self.name, answer["ProcessingJobStatus"], facts, self.boto3)


def _addresses(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(one["InputName"], one["S3Input"]["S3Uri"]) for one in answer.get("ProcessingInputs", [])]


def _seconds(answer: Mapping[str, Any]) -> str | None:
    if "ProcessingStartTime" not in answer:
        return None
    end = answer.get("ProcessingEndTime") or datetime.now(UTC)
    return pages.duration((end - answer["ProcessingStartTime"]).total_seconds())


def process(
    script: str | Path,
    *,
    inputs: Mapping[str, str | Path] | None = None,
    outputs: Sequence[str] | Mapping[str, str] = ("output",),
    arguments: Sequence[Any] = (),
    instance_type: str = "ml.m5.xlarge",
    instance_count: int = 1,
    environment: Mapping[str, str] | None = None,
    max_runtime: int = 86400,
    continuous: bool = False,
    name: str | None = None,
    wait: bool = False,
    logs: bool = False,
) -> ProcessingJob:
    """Run a Python (``.py``) or shell (``.sh``) script as a processing job; returns the started ProcessingJob.

    ``inputs``: name to local file, folder or ``s3://`` address; the script finds it in /opt/ml/processing/input/<name>.
    ``outputs``: names of folders below /opt/ml/processing/output, or name to the ``s3://`` address where it is to be stored;
    with ``continuous`` while the script runs. ``arguments`` go to the script as text. ``max_runtime`` in seconds. With ``wait``
    as with :meth:`ProcessingJob.wait`, ``logs`` printed.

    Raises FileNotFoundError or ValueError for what is wrong here, ClaryError for what the API refuses.
    """
    path = Path(script).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"There is no script {path} in {Path.cwd()} to process with.")
    programs = {".py": "python3", ".sh": "/bin/bash"}
    if path.suffix not in programs:
        raise ValueError(f"{path.name} is neither a Python script (.py) nor a shell script (.sh).")
    if "code" in (inputs or {}):
        raise ValueError("The input name 'code' is taken: the script itself comes to the job by it.")
    name = name or packing.new_name(path.stem)
    bucket = storage.default_bucket()
    sources = {
        key: packing.upload_input(value, f"{name}/input/{key}") for key, value in (inputs or {}).items()
    }
    sources["code"] = storage.put(bucket, f"{name}/input/code/{path.name}", path.read_bytes())
    targets = (
        dict(outputs)
        if isinstance(outputs, Mapping)
        else {key: f"s3://{bucket}/{name}/output/{key}" for key in outputs}
    )
    application: dict[str, Any] = {
        "ImageUri": training_image(),
        "ContainerEntrypoint": [programs[path.suffix], f"{_INPUT}/code/{path.name}"],
    }
    if arguments:
        application["ContainerArguments"] = [str(one) for one in arguments]
    cluster = {"InstanceType": instance_type, "InstanceCount": instance_count, "VolumeSizeInGB": 30}
    request: dict[str, Any] = {
        "ProcessingJobName": name,
        "RoleArn": role(),
        "AppSpecification": application,
        "ProcessingInputs": [_input(key, address) for key, address in sources.items()],
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": max_runtime},
    }
    if targets:
        mode = "Continuous" if continuous else "EndOfJob"
        request["ProcessingOutputConfig"] = {
            "Outputs": [_output(key, address, mode) for key, address in targets.items()]
        }
    if environment:
        request["Environment"] = dict(environment)
    call("CreateProcessingJob", **request)
    job = ProcessingJob(name)
    return job.wait(logs=logs) if wait else job


def _input(name: str, address: str) -> dict[str, Any]:
    source = {"S3Uri": address, "S3DataType": "S3Prefix", "LocalPath": f"{_INPUT}/{name}"}
    return {"InputName": name, "S3Input": source}


def _output(name: str, address: str, mode: str) -> dict[str, Any]:
    target = {"S3Uri": address, "LocalPath": f"{_OUTPUT}/{name}", "S3UploadMode": mode}
    return {"OutputName": name, "S3Output": target}


def processing_jobs(
    *, status: str | None = None, name_contains: str | None = None, limit: int = 20
) -> Listing[ProcessingJob]:
    """The latest processing jobs, newest first; ``status`` as the API's StatusEquals."""
    wanted: dict[str, Any] = {"StatusEquals": status} if status else {}
    if name_contains:
        wanted["NameContains"] = name_contains
    return listed(ProcessingJob, "ListProcessingJobs", "ProcessingJobSummaries", limit, wanted)
