"""CreateTrainingJob's request, from what a user says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from clary.sdk.api import role, training_image

_VOLUME_GB = 30


def training_request(
    name: str,
    program: str,
    code: str,
    *,
    output: str,
    channels: Sequence[Mapping[str, Any]],
    hyperparameters: Mapping[str, Any],
    metrics: Mapping[str, str],
    instance_type: str,
    instance_count: int,
    environment: Mapping[str, str],
    max_runtime: int,
    spot: bool,
    max_wait: int | None,
    retries: int,
    checkpoints: str | None,
    input_mode: str,
    network_isolation: bool,
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """The request of a job in script mode: ``program`` is the entry point in the archive at ``code``.

    What is not asked for is left out. The arguments are those of :func:`clary.train`, ``channels`` as in InputDataConfig.
    """
    stopping = {"MaxRuntimeInSeconds": max_runtime}
    if spot:
        stopping["MaxWaitTimeInSeconds"] = max_wait or max_runtime
    request: dict[str, Any] = {
        "TrainingJobName": name,
        "RoleArn": role(),
        "AlgorithmSpecification": {
            "TrainingImage": training_image(),
            "TrainingInputMode": input_mode,
            "MetricDefinitions": [{"Name": key, "Regex": regex} for key, regex in metrics.items()],
        },
        "HyperParameters": {
            **{key: parameter(value) for key, value in hyperparameters.items()},
            "sagemaker_program": program,
            "sagemaker_submit_directory": code,
        },
        "InputDataConfig": list(channels),
        "OutputDataConfig": {"S3OutputPath": output},
        "ResourceConfig": {
            "InstanceType": instance_type,
            "InstanceCount": instance_count,
            "VolumeSizeInGB": _VOLUME_GB,
        },
        "StoppingCondition": stopping,
        "EnableManagedSpotTraining": spot,
        "EnableNetworkIsolation": network_isolation,
        "Environment": dict(environment),
        "CheckpointConfig": {"S3Uri": checkpoints} if checkpoints else None,
        "RetryStrategy": {"MaximumRetryAttempts": retries} if retries else None,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    return {key: value for key, value in request.items() if value}


def parameter(value: Any) -> str:
    """A hyperparameter as the text that the API carries, such that the job reads the same value back.

    The job decodes JSON where the text is JSON; so text that would read as something else ("1", "true") is
    quoted.
    """
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        json.loads(value)
    except ValueError:
        return value
    return json.dumps(value)
