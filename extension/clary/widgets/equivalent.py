"""What Launch does, as code to copy: with ``clary.train``, or with boto3 alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clary.sdk import packing
from clary.sdk.api import role, training_image
from clary.sdk.inputs import Input
from clary.sdk.training import parameter
from clary.widgets.settings import Settings

# Members of ``clary.train`` under their own names, in the order of the code that is shown.
_ORDER = (
    "entry", "inputs", "hyperparameters", "metrics", "instance_type", "instance_count", "requirements", "environment",
    "max_runtime", "spot", "max_wait", "retries", "checkpoints", "input_mode", "output", "network_isolation", "name",
)  # fmt: skip


_WIDTH = 88


def literal(value: Any, indent: int = 0) -> str:
    """A value as Python source, broken into lines where it would be too long."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Input):
        more = {key: one for key, one in vars(value).items() if one != getattr(Input(""), key)}
        more.pop("source", None)
        parts = [literal(str(value.source)), *(f"{key}={literal(one)}" for key, one in more.items())]
        return f"clary.Input({', '.join(parts)})"
    if isinstance(value, dict):
        return _broken(
            "{", [f"{literal(key)}: {literal(one, indent + 4)}" for key, one in value.items()], "}", indent
        )
    if isinstance(value, list):
        return _broken("[", [literal(one, indent + 4) for one in value], "]", indent)
    return repr(value)


def _quoted(text: str) -> str:
    """With double quotes; raw where that spares the reader doubled backslashes (a regex)."""
    if "\\" in text and '"' not in text and text.isprintable() and not text.endswith("\\"):
        return f'r"{text}"'
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)


def _broken(start: str, items: list[str], end: str, indent: int) -> str:
    line = start + ", ".join(items) + end
    if len(line) + indent <= _WIDTH and "\n" not in line:
        return line
    space = "\n" + " " * (indent + 4)
    return start + "".join(f"{space}{item}," for item in items) + "\n" + " " * indent + end


def sdk_code(settings: Settings) -> str:
    """The ``clary.train`` call that does what Launch does."""
    values = settings.plain()
    source = values.pop("source", "train.py")
    lines = [f"    {literal(source)},"]
    for name in _ORDER:
        if name in values:
            lines.append(f"    {name}={literal(values[name], 4)},")
    return "import clary\n\njob = clary.train(\n" + "\n".join(lines) + "\n)\njob.wait(logs=True)"


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
            f"    tar.add({literal(source)}, arcname={literal(inside)})",
            'boto3.client("s3").put_object(',
            f"    Bucket={literal(bucket)},",
            f"    Key={literal(key)},",
            "    Body=archive.getvalue(),",
            ")",
        ]
    request = _request(settings, name, program, code, bucket)
    body = "\n".join(f"    {key}={literal(value, 4)}," for key, value in request.items())
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
