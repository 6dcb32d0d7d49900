"""CreateProcessingJob, DescribeProcessingJob, ListProcessingJobs, StopProcessingJob, DeleteProcessingJob."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.api import components
from clary.api.errors import ApiError, validation
from clary.api.operations import resources
from clary.api.operations.processing_request import checked, spec_of
from clary.api.paging import listing
from clary.api.registry import operation
from clary.store.documents import AlreadyExists, Document
from clary.store.jobs import Job
from clary.toolkits.processing import machines

if TYPE_CHECKING:
    from clary.api.engine import Engine

KIND = "processing-job"
_OVER = ("Completed", "Failed", "Stopped")
# Members of DescribeProcessingJob that are the request's own, given back as they came.
_ECHOED = (
    "ProcessingInputs", "ProcessingOutputConfig", "ProcessingResources", "StoppingCondition", "AppSpecification", "Environment",
    "NetworkConfig", "RoleArn", "ExperimentConfig",
)  # fmt: skip


@operation("sagemaker", "CreateProcessingJob")
def create_processing_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    name = params["ProcessingJobName"]
    request = checked(engine, params)
    try:
        with resources.creating(engine, KIND, name, request, status="InProgress") as document:
            components.track(engine, document)
            engine.runner.submit(spec_of(engine, {**document.body, "ProcessingJobArn": document.arn}))
    except AlreadyExists:
        known = resources.arn(engine, KIND, name)
        raise ApiError(
            "ResourceInUse",
            "Job name must be unique within an AWS account and region, and a job with this name already exists "
            f"({known})",
        ) from None
    engine.runner.schedule()
    return {"ProcessingJobArn": document.arn}


@operation("sagemaker", "DescribeProcessingJob")
def describe_processing_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    return description(engine, *_found(engine, params["ProcessingJobName"]))


def description(engine: Engine, document: Document, job: Job) -> dict[str, Any]:
    """What DescribeProcessingJob says of a job; reads only."""
    request = document.body
    answer: dict[str, Any] = {key: request[key] for key in _ECHOED if key in request}
    answer |= {
        "ProcessingJobName": document.name,
        "ProcessingJobArn": document.arn,
        "ProcessingJobStatus": job.status,
        "CreationTime": resources.moment(document.created),
        "LastModifiedTime": resources.moment(document.modified),
        **_ending(job),
    }
    if "ProcessingStartTime" in job.result:
        answer["ProcessingStartTime"] = resources.moment(job.result["ProcessingStartTime"])
    elif job.started and job.state != "queued":
        answer["ProcessingStartTime"] = resources.moment(job.started)
    cluster = request["ProcessingResources"]["ClusterConfig"]
    if "InstancePreferences" in cluster:
        kind, count = machines.chosen(request)
        selected = {**cluster, "SelectedInstanceType": kind, "SelectedInstanceCount": count}
        answer["ProcessingResources"] = {"ClusterConfig": selected}
    return answer


@operation("sagemaker", "ListProcessingJobs")
def list_processing_jobs(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()

    def summary(document: Document) -> dict[str, Any]:
        job = engine.runner.get(KIND, document.name)
        answer = {
            "ProcessingJobName": document.name,
            "ProcessingJobArn": document.arn,
            "CreationTime": resources.moment(document.created),
            "LastModifiedTime": resources.moment(document.modified),
            "ProcessingJobStatus": document.status,
        }
        return answer if job is None else answer | _ending(job)

    return listing(engine, KIND, params, "ProcessingJobSummaries", summary)


@operation("sagemaker", "StopProcessingJob")
def stop_processing_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    document, job = _found(engine, params["ProcessingJobName"])
    if job.status in _OVER:
        raise validation(
            f"The request was rejected because the processing job is in status {job.status}. ({document.arn})"
        )
    engine.runner.stop(KIND, document.name)
    return {}


@operation("sagemaker", "DeleteProcessingJob")
def delete_processing_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    """The job's record and files go, and its name is free; its log, its outputs and what experiments know of it stay."""
    engine.runner.reconcile()
    document, job = _found(engine, params["ProcessingJobName"])
    if job.state != "done":
        raise ApiError(
            "ResourceInUse",
            f"The processing job {document.name} cannot be deleted while its status is {job.status}: only jobs that are "
            f"{', '.join(_OVER)} can. ({document.arn})",
        )
    with engine.store.transaction():
        components.forget(engine, document)
        engine.runner.remove(KIND, document.name)
        resources.remove(engine, document)
    return {}


def _ending(job: Job) -> dict[str, Any]:
    """How the job ended, as far as it has."""
    answer: dict[str, Any] = {}
    if job.failure_reason:
        answer["FailureReason"] = job.failure_reason[:1024]
    if job.result.get("ExitMessage"):
        answer["ExitMessage"] = job.result["ExitMessage"]
    if job.result.get("ProcessingEndTime"):
        answer["ProcessingEndTime"] = resources.moment(job.result["ProcessingEndTime"])
    return answer


def _found(engine: Engine, name: str) -> tuple[Document, Job]:
    document = engine.store.documents.find(KIND, name)
    job = engine.runner.get(KIND, name)
    if document is None or job is None:
        raise validation(f"Could not find requested job with name: {name}")
    return document, job
