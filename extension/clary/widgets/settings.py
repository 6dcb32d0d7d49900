"""What a launcher launches: the arguments of ``clary.train``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from clary.sdk.inputs import Input, Inputs, named


@dataclass
class Settings:
    """A job to be: every member as :func:`clary.train` takes it."""

    source: str = ""
    entry: str | None = None
    inputs: dict[str, Input] = field(default_factory=dict)
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    instance_type: str = "ml.m5.xlarge"
    instance_count: int = 1
    requirements: str | Sequence[str] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    max_runtime: int = 86400
    spot: bool = False
    max_wait: int | None = None
    retries: int = 0
    checkpoints: str | None = None
    input_mode: str = "File"
    output: str | None = None
    network_isolation: bool = False
    name: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """From the arguments of :func:`clary.train`; TypeError names one that is not known."""
        known = {one.name for one in fields(cls)}
        for name in values:
            if name not in known:
                raise TypeError(f"There is no setting {name!r}. There are: {', '.join(sorted(known))}.")
        given = {name: value for name, value in values.items() if value is not None}
        if "source" in given:
            given["source"] = str(given["source"])
        if "inputs" in given:
            given["inputs"] = _named(given["inputs"])
        if isinstance(given.get("requirements"), Path):
            given["requirements"] = str(given["requirements"])
        for name in ("hyperparameters", "metrics", "environment"):
            if name in given:
                given[name] = dict(given[name])
        return cls(**given)

    def arguments(self) -> dict[str, Any]:
        """``clary.train``'s keyword arguments; what is as by default is left out."""
        values: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            default = one.default if one.default is not MISSING else {}
            if value != default:
                values[one.name] = value
        return values

    def plain(self) -> dict[str, Any]:
        """The same with channels as plain places where nothing more is said of them."""
        values = self.arguments()
        if "inputs" in values:
            values["inputs"] = {
                name: str(one.source) if one == Input(one.source) else one
                for name, one in self.inputs.items()
            }
        return values


def _named(inputs: Inputs) -> dict[str, Input]:
    return named(inputs)


def of_job(answer: Mapping[str, Any], tags: Mapping[str, str]) -> Settings:
    """The settings of an existing job (DescribeTrainingJob's answer), to run it again under a new name.

    Its code is the local file that it came from, if the launcher noted it in its tags and it is still there; else the
    archive that the job itself used.
    """
    raw = {key: _decoded(value) for key, value in answer.get("HyperParameters", {}).items()}
    program, archive = raw.pop("sagemaker_program", None), raw.pop("sagemaker_submit_directory", "")
    local, entry = tags.get("clary:source", ""), tags.get("clary:entry") or None
    if not (local and Path(local).exists()):
        local, entry = str(archive), str(program) if program else None
    resources, stopping = answer["ResourceConfig"], answer["StoppingCondition"]
    algorithm = answer["AlgorithmSpecification"]
    default_output = answer["OutputDataConfig"]["S3OutputPath"]
    return Settings(
        source=local,
        entry=entry,
        inputs={one["ChannelName"]: _input(one) for one in answer.get("InputDataConfig", [])},
        hyperparameters={key: value for key, value in raw.items() if not key.startswith("sagemaker_")},
        metrics={one["Name"]: one["Regex"] for one in algorithm.get("MetricDefinitions", [])},
        instance_type=resources.get("InstanceType", "ml.m5.xlarge"),
        instance_count=resources.get("InstanceCount", 1),
        environment=dict(answer.get("Environment", {})),
        max_runtime=stopping.get("MaxRuntimeInSeconds", 86400),
        spot=bool(answer.get("EnableManagedSpotTraining")),
        max_wait=stopping.get("MaxWaitTimeInSeconds"),
        retries=answer.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0),
        checkpoints=answer.get("CheckpointConfig", {}).get("S3Uri"),
        input_mode=algorithm.get("TrainingInputMode", "File"),
        output=None if default_output == _default_output() else default_output,
        network_isolation=bool(answer.get("EnableNetworkIsolation")),
    )


def _default_output() -> str:
    from clary.sdk import storage

    return f"s3://{storage.default_bucket()}/"


def _input(channel: Mapping[str, Any]) -> Input:
    source = channel["DataSource"].get("S3DataSource", {})
    return Input(
        source.get("S3Uri", ""),
        mode=channel.get("InputMode"),
        distribution=source.get("S3DataDistributionType", "FullyReplicated"),
        data_type=source.get("S3DataType", "S3Prefix"),
        content_type=channel.get("ContentType"),
    )


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
