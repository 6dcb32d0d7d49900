"""What a trial component tells of its job: SageMaker's names for parameters, artifacts and states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clary.api.search_expression import decimal
from clary.store.samples import Sample

if TYPE_CHECKING:
    from clary.api.engine import Engine
    from clary.store.documents import Document
    from clary.store.jobs import Job

_STATES = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")


@dataclass(frozen=True)
class Kind:
    """A kind of job that can be part of an experiment."""

    suffix: str
    source_type: str
    member: str
    facts: Callable[[Engine, Document, Job], dict[str, Any]]
    describe: Callable[[Engine, Document, Job], dict[str, Any]]

    def detail(self, engine: Engine, name: str) -> dict[str, Any]:
        """The member of TrialComponentSourceDetail that shows the job; none when it has gone."""
        kind = next(key for key, value in KINDS.items() if value is self)
        document, job = engine.store.documents.find(kind, name), engine.runner.get(kind, name)
        if document is None or job is None:
            return {}
        from clary.api.wire import wire_for

        members = wire_for("sagemaker").model.shape_for(self.member).members
        shown = self.describe(engine, document, job)
        return {self.member: {key: value for key, value in shown.items() if key in members}}


def facts(engine: Engine, kind: str, name: str) -> dict[str, Any]:
    """Members of a trial component that follow from a job; none when the job has gone."""
    document, job = engine.store.documents.find(kind, name), engine.runner.get(kind, name)
    if document is None or job is None:
        return {}
    return KINDS[kind].facts(engine, document, job)


def _state(job: Job) -> dict[str, Any]:
    status = job.status if job.status in _STATES else "InProgress"
    reason = job.failure_reason[:900]
    message = f"Status: {status}, secondary status: {job.secondary}, failure reason: {reason}."
    return {"PrimaryStatus": status, "Message": message}


def _parameter(text: str) -> dict[str, Any]:
    number = decimal(text)
    return {"StringValue": text} if number is None else {"NumberValue": number}


def _metrics(engine: Engine, document: Document, job: Job) -> list[dict[str, Any]]:
    from clary.api.components import summary

    found: dict[str, list[Sample]] = {}
    for line in engine.runner.metrics(job):
        found.setdefault(line["name"], []).append(Sample.of(line["time"], line["value"]))
    return [summary(name, samples, document.arn) for name, samples in found.items()]


def _sizes(resources: dict[str, Any]) -> dict[str, Any]:
    """The parameters that tell of the machines."""
    parameters = {}
    for member in ("InstanceType", "InstanceCount", "VolumeSizeInGB"):
        if member in resources:
            value = resources[member]
            parameters[f"SageMaker.{member}"] = (
                {"StringValue": value} if isinstance(value, str) else {"NumberValue": float(value)}
            )
    return parameters


def _training(engine: Engine, document: Document, job: Job) -> dict[str, Any]:
    shown = _describe_training(engine, document, job)
    parameters = {key: _parameter(value) for key, value in document.body.get("HyperParameters", {}).items()}
    parameters |= _sizes(document.body.get("ResourceConfig", {}))
    inputs = {
        "SageMaker.ImageUri": {"Value": document.body["AlgorithmSpecification"].get("TrainingImage", "")}
    }
    for channel in document.body.get("InputDataConfig", []):
        inputs[channel["ChannelName"]] = _artifact(
            channel["DataSource"].get("S3DataSource", {}).get("S3Uri", ""), channel.get("ContentType")
        )
    outputs = {"SageMaker.ModelArtifact": {"Value": shown["ModelArtifacts"]["S3ModelArtifacts"]}}
    hook = document.body.get("DebugHookConfig", {}).get("S3OutputPath")
    if hook:
        outputs["SageMaker.DebugHookOutput"] = {"Value": hook}
    result: dict[str, Any] = {
        "Parameters": parameters,
        "InputArtifacts": {name: value for name, value in inputs.items() if value["Value"]},
        "OutputArtifacts": outputs,
        "Status": _state(job),
        "Metrics": _metrics(engine, document, job),
    }
    for member, known in (("StartTime", "TrainingStartTime"), ("EndTime", "TrainingEndTime")):
        if known in shown:
            result[member] = shown[known]
    return result


def _artifact(value: str, media_type: str | None) -> dict[str, str]:
    return {"Value": value, "MediaType": media_type} if media_type else {"Value": value}


def _describe_training(engine: Engine, document: Document, job: Job) -> dict[str, Any]:
    from clary.api.operations.training_job import description

    return description(engine, document, job)


def _processing(engine: Engine, document: Document, job: Job) -> dict[str, Any]:
    shown, body = _describe_processing(engine, document, job), document.body
    application = body["AppSpecification"]
    parameters = {key: _parameter(value) for key, value in body.get("Environment", {}).items()}
    for member in ("ContainerEntrypoint", "ContainerArguments"):
        if member in application:
            parameters[f"SageMaker.{member}"] = {"StringValue": " ".join(application[member])[:2500]}
    parameters |= _sizes(body["ProcessingResources"]["ClusterConfig"])
    inputs = {"SageMaker.ImageUri": {"Value": application["ImageUri"]}}
    inputs |= {
        one["InputName"]: {"Value": one["S3Input"]["S3Uri"]} for one in body.get("ProcessingInputs", [])
    }
    outputs = {
        one["OutputName"]: {"Value": one["S3Output"]["S3Uri"]}
        for one in body.get("ProcessingOutputConfig", {}).get("Outputs", [])
    }
    result: dict[str, Any] = {
        "Parameters": parameters,
        "InputArtifacts": inputs,
        "OutputArtifacts": outputs,
        "Status": _state(job),
    }
    for member, known in (("StartTime", "ProcessingStartTime"), ("EndTime", "ProcessingEndTime")):
        if known in shown:
            result[member] = shown[known]
    return result


def _describe_processing(engine: Engine, document: Document, job: Job) -> dict[str, Any]:
    from clary.api.operations.processing_job import description

    return description(engine, document, job)


KINDS = {
    "training-job": Kind(
        "-aws-training-job", "SageMakerTrainingJob", "TrainingJob", _training, _describe_training
    ),
    "processing-job": Kind(
        "-aws-processing-job", "SageMakerProcessingJob", "ProcessingJob", _processing, _describe_processing
    ),
}
