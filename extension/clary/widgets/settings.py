"""What a launcher launches: the arguments of ``clary.train``, and the same as code to copy."""

from __future__ import annotations

import json
import pprint
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from clary.sdk import packing
from clary.sdk.api import role, training_image
from clary.sdk.inputs import Input, Inputs, named
from clary.sdk.training import parameter

# Members of ``clary.train`` under their own names, in the order of the code that is shown.
_ORDER = (
    "entry", "inputs", "hyperparameters", "metrics", "instance_type", "instance_count", "requirements", "environment",
    "max_runtime", "spot", "max_wait", "retries", "checkpoints", "input_mode", "output", "network_isolation", "name",
)  # fmt: skip


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


def sdk_code(settings: Settings) -> str:
    """The ``clary.train`` call that does what Launch does."""
    values = settings.plain()
    source = values.pop("source", "train.py")
    lines = [f"    {source!r},"]
    uses_input = False
    for name in _ORDER:
        if name in values:
            text = pprint.pformat(values[name], width=84, sort_dicts=False)
            uses_input = uses_input or "Input(" in text
            lines.append(f"    {name}={_indented(text)},")
    call = "import clary\n\njob = clary.train(\n" + "\n".join(lines) + "\n)\njob.wait(logs=True)"
    return call.replace("Input(", "clary.Input(") if uses_input else call


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def boto3_code(settings: Settings, bucket: str) -> str:
    """The same with boto3 alone: the code packed and stored, then CreateTrainingJob."""
    name = settings.name or packing.new_name(Path(settings.source or "train").stem)
    source = settings.source or "train.py"
    lines = ["import boto3", "", 'sagemaker = boto3.client("sagemaker")']
    code: str = source
    program = settings.entry or Path(source).name
    if not packing.is_address(source):
        key = f"{name}/source/sourcedir.tar.gz"
        code = f"s3://{bucket}/{key}"
        inside = "." if Path(source).expanduser().is_dir() else Path(source).name
        if settings.entry is None and inside == ".":
            program = _entry(source)
        lines = [
            "import io",
            "import tarfile",
            "",
            *lines,
            "archive = io.BytesIO()",
            'with tarfile.open(fileobj=archive, mode="w:gz") as tar:',
            f"    tar.add({source!r}, arcname={inside!r})",
            f'boto3.client("s3").put_object(Bucket={bucket!r}, Key={key!r}, Body=archive.getvalue())',
        ]
    request = _request(settings, name, program, code, bucket)
    body = "\n".join(
        f"    {key}={_indented(pprint.pformat(value, width=84, sort_dicts=False))},"
        for key, value in request.items()
    )
    return "\n".join([*lines, "sagemaker.create_training_job(", body, ")"])


def _entry(source: str) -> str:
    try:
        return packing.find_entry(Path(source).expanduser(), None)[1]
    except (OSError, ValueError):
        return "train.py"


def _request(settings: Settings, name: str, program: str, code: str, bucket: str) -> dict[str, Any]:
    stopping: dict[str, Any] = {"MaxRuntimeInSeconds": settings.max_runtime}
    if settings.spot:
        stopping["MaxWaitTimeInSeconds"] = settings.max_wait or settings.max_runtime
    request: dict[str, Any] = {
        "TrainingJobName": name,
        "RoleArn": role(),
        "AlgorithmSpecification": {
            "TrainingImage": training_image(),
            "TrainingInputMode": settings.input_mode,
            "MetricDefinitions": [{"Name": key, "Regex": regex} for key, regex in settings.metrics.items()],
        },
        "HyperParameters": {
            **{key: parameter(value) for key, value in settings.hyperparameters.items()},
            "sagemaker_program": program,
            "sagemaker_submit_directory": code,
        },
        "InputDataConfig": [one.channel(key, _address(one)) for key, one in settings.inputs.items()],
        "OutputDataConfig": {"S3OutputPath": settings.output or f"s3://{bucket}/"},
        "ResourceConfig": {
            "InstanceType": settings.instance_type,
            "InstanceCount": settings.instance_count,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": stopping,
        "Environment": settings.environment,
        "CheckpointConfig": {"S3Uri": settings.checkpoints} if settings.checkpoints else None,
        "RetryStrategy": {"MaximumRetryAttempts": settings.retries} if settings.retries else None,
        "EnableManagedSpotTraining": settings.spot,
        "EnableNetworkIsolation": settings.network_isolation,
    }
    return {key: value for key, value in request.items() if value}


def _address(one: Input) -> str:
    """A local input is named where it lies: Clary reads ``file://`` in place (on AWS it must be uploaded first)."""
    text = str(one.source)
    return text if packing.is_address(text) else Path(text).expanduser().resolve().as_uri()
