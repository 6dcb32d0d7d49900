"""What CreateProcessingJob accepts beyond the shapes of the service model, and the runner's job it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.api.errors import limit_exceeded, validation
from clary.api.operations.processing_places import check_inputs, check_outputs, check_paths
from clary.api.operations.training_cluster import check_machine, needs_private_network, resources_of
from clary.api.operations.training_image import environment_of
from clary.runner import JobSpec
from clary.toolkits.processing import machines

if TYPE_CHECKING:
    from clary.api.engine import Engine

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
_A_DAY = 86_400
# Each is a process of this machine: more is a slip.
_MOST_HOSTS = 64


def checked(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    """The request with its defaults, or the ValidationException that says what Clary cannot do with it."""
    request = {"StoppingCondition": {"MaxRuntimeInSeconds": _A_DAY}, **params}
    _check_instances(request["ProcessingResources"]["ClusterConfig"])
    _check_program(engine, request["AppSpecification"])
    _check_variables(request.get("Environment", {}))
    check_machine(engine, machines.as_training(request))
    inputs = request.get("ProcessingInputs", [])
    outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    check_inputs(engine, inputs)
    check_outputs(engine, outputs)
    check_paths(inputs, outputs)
    return with_defaults(request)


def with_defaults(request: dict[str, Any]) -> dict[str, Any]:
    """What DescribeProcessingJob, and processingjobconfig.json, say where the request is silent."""
    filled = dict(request)
    if "ProcessingInputs" in request:
        filled["ProcessingInputs"] = [_input(one) for one in request["ProcessingInputs"]]
    if "ProcessingOutputConfig" in request:
        config = request["ProcessingOutputConfig"]
        filled["ProcessingOutputConfig"] = {
            **config,
            "Outputs": [{"AppManaged": False, **one} for one in config["Outputs"]],
        }
    cluster = request["ProcessingResources"]["ClusterConfig"]
    if "InstancePreferences" not in cluster:
        filled["ProcessingResources"] = {"ClusterConfig": {"InstanceCount": 1, **cluster}}
    return filled


def _input(one: dict[str, Any]) -> dict[str, Any]:
    source = one["S3Input"]
    if one.get("AppManaged"):
        return one
    defaults = {
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
        "S3CompressionType": "None",
    }
    return {"AppManaged": False, **one, "S3Input": {**defaults, **source}}


def spec_of(engine: Engine, request: dict[str, Any]) -> JobSpec:
    """The supervised processes that do what the request asks."""
    name = request["ProcessingJobName"]
    asked = machines.as_training(request)
    entrypoint = request["AppSpecification"].get("ContainerEntrypoint") or [""]
    return JobSpec(
        kind="processing-job",
        name=name,
        entry="clary.toolkits.processing.entry:main",
        resources=resources_of(engine, asked),
        hosts=tuple(machines.hosts(request)),
        private_network=needs_private_network(engine, asked),
        log_group=LOG_GROUP,
        log_stream=f"{name}/{{host}}-{{epoch}}",
        max_runtime_s=request["StoppingCondition"]["MaxRuntimeInSeconds"],
        opt_ml=True,
        warm=True,
        torch=entrypoint[0] in ("python", "python3"),
        payload=request,
    )


def _check_instances(cluster: dict[str, Any]) -> None:
    preferences = cluster.get("InstancePreferences", [])
    if bool(preferences) == ("InstanceType" in cluster):
        raise validation("ClusterConfig needs exactly one of InstanceType and InstancePreferences.")
    counted = [one for one in preferences if "InstanceCount" in one]
    if preferences and (
        len(counted) not in (0, len(preferences)) or bool(counted) == ("InstanceCount" in cluster)
    ):
        raise validation(
            "InstanceCount must be given either in ClusterConfig, or in each of its InstancePreferences."
        )
    kinds = [one["InstanceType"] for one in preferences]
    if len(set(kinds)) < len(kinds):
        raise validation(f"An InstanceType can appear only once in InstancePreferences: {', '.join(kinds)}.")
    kind, count = machines.chosen({"ProcessingResources": {"ClusterConfig": cluster}})
    if count > _MOST_HOSTS:
        raise limit_exceeded(
            f"The account-level service limit '{kind} for processing job usage' is {_MOST_HOSTS} Instances, with current "
            f"utilization of 0 Instances and a request delta of {count} Instances: each is a process of this machine."
        )


def _check_program(engine: Engine, application: dict[str, Any]) -> None:
    text = application["ImageUri"]
    image = environment_of(engine, "AppSpecification.ImageUri", text)
    if application.get("ContainerEntrypoint"):
        if not application["ContainerEntrypoint"][0]:
            raise validation("The first element of AppSpecification.ContainerEntrypoint must not be empty.")
        return
    if image.program is None or not image.explicit:
        raise validation(
            f"There is nothing to run: what stands for the image {text} here has no program of its own. Give the command in "
            "AppSpecification.ContainerEntrypoint, such as python3 and the path of a script below /opt/ml/processing, or "
            "register a program for the image (clary images add IMAGE --program PATH)."
        )


def _check_variables(environment: dict[str, str]) -> None:
    for name, text in environment.items():
        if "\0" in text:
            raise validation(f"The value of the environment variable {name} holds a NUL character.")
