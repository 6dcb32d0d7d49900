"""What CreateTrainingJob accepts beyond the shapes of the service model, and the runner's job it becomes."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

from clary.api.errors import validation
from clary.api.operations.resources import anything_at, refuse
from clary.api.operations.training_channels import check_channels
from clary.api.operations.training_cluster import (
    check_instances,
    check_machine,
    needs_private_network,
    resources_of,
)
from clary.api.operations.training_image import check_image
from clary.api.operations.warm_pool import check_keep_alive
from clary.objects import ObjectsError
from clary.runner import JobSpec
from clary.toolkits.training import cluster

if TYPE_CHECKING:
    from clary.api.engine import Engine

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_A_DAY = 86_400
_REFUSED = {
    "ServerlessJobConfig": "Name an instance type in ResourceConfig.",
    "ModelPackageConfig": "Make a model from the job's artifacts with CreateModel.",
    "MlflowConfig": "Call mlflow in the training script.",
    "SessionChainingConfig": "Leave it out.",
}
_REFUSED_RESOURCES = {
    "TrainingPlanArn": "Leave it out.",
    "InstancePlacementConfig": "Leave it out: there is one machine.",
}


def checked(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    """The request with its defaults, or the ValidationException that says what Clary cannot do with it."""
    for member, instead in _REFUSED.items():
        if member in params:
            raise refuse(member, instead)
    for member in ("AlgorithmSpecification", "ResourceConfig"):
        if member not in params:
            raise validation(f"{member} is required.")
    request = {"StoppingCondition": {"MaxRuntimeInSeconds": _A_DAY}, **params}
    _check_algorithm(request)
    check_image(engine, request)
    _check_code(engine, request.get("HyperParameters", {}))
    _check_resources(request)
    _check_stopping(request)
    check_machine(engine, request)
    check_channels(engine, request)
    _check_destination(engine, "OutputDataConfig.S3OutputPath", request["OutputDataConfig"]["S3OutputPath"])
    if "CheckpointConfig" in request:
        _check_destination(engine, "CheckpointConfig.S3Uri", request["CheckpointConfig"]["S3Uri"])
        local = request["CheckpointConfig"].get("LocalPath", "/opt/ml/checkpoints")
        if not posixpath.normpath(local).startswith("/opt/ml/"):
            raise validation(
                f'CheckpointConfig.LocalPath "{local}" must be a folder below /opt/ml, such as /opt/ml/checkpoints.'
            )
    return request


def spec_of(engine: Engine, request: dict[str, Any]) -> JobSpec:
    """The supervised process that does what the request asks."""
    name = request["TrainingJobName"]
    spot = bool(request.get("EnableManagedSpotTraining"))
    return JobSpec(
        kind="training-job",
        name=name,
        entry="clary.toolkits.training.entry:main",
        environment={},
        resources=resources_of(engine, request),
        hosts=tuple(cluster.hosts(request)),
        private_network=needs_private_network(engine, request),
        log_group=LOG_GROUP,
        log_stream=f"{name}/{{host}}-{{epoch}}",
        metric_definitions=request["AlgorithmSpecification"].get("MetricDefinitions", []),
        max_runtime_s=request["StoppingCondition"].get("MaxRuntimeInSeconds", _A_DAY),
        max_wait_s=request["StoppingCondition"].get("MaxWaitTimeInSeconds"),
        interruptible=spot,
        max_attempts=1 + request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0),
        opt_ml=True,
        warm=True,
        torch="ContainerEntrypoint" not in request["AlgorithmSpecification"],
        payload=request,
    )


def _check_algorithm(request: dict[str, Any]) -> None:
    algorithm = request["AlgorithmSpecification"]
    if "AlgorithmName" in algorithm:
        raise refuse(
            "AlgorithmName", "Bring a script: give TrainingImage, and sagemaker_program in HyperParameters."
        )
    if "TrainingImage" not in algorithm:
        raise validation("AlgorithmSpecification needs TrainingImage.")
    for definition in algorithm.get("MetricDefinitions", []):
        try:
            groups = re.compile(definition["Regex"]).groups
        except re.error as error:
            raise validation(
                f"The regular expression of metric {definition['Name']} is not valid: {error}."
            ) from None
        if not groups:
            raise validation(
                f"The regular expression of metric {definition['Name']} needs a group ( ) around the value."
            )
    hyperparameters = request.get("HyperParameters", {})
    if "sagemaker_program" in hyperparameters and "sagemaker_submit_directory" not in hyperparameters:
        raise validation(
            f"HyperParameters name the script {_plain(hyperparameters['sagemaker_program'])!r} but not where it is: give "
            "sagemaker_submit_directory, the s3:// URI of a sourcedir.tar.gz that holds it."
        )


def _check_code(engine: Engine, hyperparameters: dict[str, str]) -> None:
    """The archive of the code must be there; a path inside the job (network isolation) is known only to the job."""
    uri = _plain(hyperparameters.get("sagemaker_submit_directory", ""))
    if not uri.startswith("s3://"):
        return
    try:
        found = anything_at(engine, uri)
    except ObjectsError as error:
        raise validation(f'sagemaker_submit_directory "{uri}" cannot be used: {error}') from None
    if not found:
        raise validation(
            f'There is no object at sagemaker_submit_directory "{uri}". Upload the sourcedir.tar.gz first.'
        )


def _check_resources(request: dict[str, Any]) -> None:
    resources = request["ResourceConfig"]
    for member, instead in _REFUSED_RESOURCES.items():
        if member in resources:
            raise refuse(f"ResourceConfig.{member}", instead)
    check_instances(resources)
    check_keep_alive(request)


def _check_stopping(request: dict[str, Any]) -> None:
    stopping = request["StoppingCondition"]
    runtime, wait = stopping.get("MaxRuntimeInSeconds", _A_DAY), stopping.get("MaxWaitTimeInSeconds")
    if request.get("EnableManagedSpotTraining") and wait is None:
        raise validation("MaxWaitTimeInSeconds is required when EnableManagedSpotTraining is true.")
    if wait is not None and not request.get("EnableManagedSpotTraining"):
        raise validation("MaxWaitTimeInSeconds is only allowed when EnableManagedSpotTraining is true.")
    if wait is not None and wait < runtime:
        raise validation(
            f"Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds ({runtime})."
        )


def _check_destination(engine: Engine, member: str, uri: str) -> None:
    try:
        location = engine.objects.resolve(uri)
        if location.kind == "s3":
            engine.objects.head_bucket(location.bucket)
    except ObjectsError as error:
        raise validation(
            f'{member} "{uri}" cannot be used: {str(error).rstrip(".")}. Create the bucket first.'
        ) from None


def _plain(value: str) -> str:
    """A hyperparameter as v2 of the SDK quotes it (JSON) or as v3 sends it (plain)."""
    try:
        return str(json.loads(value))
    except ValueError:
        return value
