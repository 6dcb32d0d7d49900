"""CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob, DeleteTrainingJob."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary import mirror
from clary.api import components
from clary.api.errors import ApiError, validation
from clary.api.mirroring import prepare as mirroring_of
from clary.api.operations import resources
from clary.api.operations.training_request import checked, spec_of
from clary.api.operations.warm_pool import forget, with_status
from clary.api.paging import listing
from clary.api.registry import operation
from clary.store.documents import AlreadyExists, Document
from clary.store.jobs import Job
from clary.toolkits.training import warm_pool

if TYPE_CHECKING:
    from clary.api.engine import Engine

_OVER = ("Completed", "Failed", "Stopped")
# Members of DescribeTrainingJob that are the request's own, given back as they came.
_ECHOED = (
    "HyperParameters", "AlgorithmSpecification", "RoleArn", "InputDataConfig", "ResourceConfig", "VpcConfig", "StoppingCondition",
    "CheckpointConfig", "DebugHookConfig", "ExperimentConfig", "DebugRuleConfigurations", "TensorBoardOutputConfig",
    "ProfilerConfig", "ProfilerRuleConfigurations", "Environment", "RetryStrategy", "RemoteDebugConfig", "InfraCheckConfig",
)  # fmt: skip


@operation("sagemaker", "CreateTrainingJob")
def create_training_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    name = params["TrainingJobName"]
    request = checked(engine, params)
    mirroring = mirroring_of(engine, request)
    try:
        with resources.creating(engine, "training-job", name, request, status="InProgress") as document:
            components.track(engine, document)
            spec = spec_of(engine, {**document.body, "TrainingJobArn": document.arn})
            if mirroring is not None:
                mirroring.owe(engine, document)
                spec = mirroring.told(spec)
            warm_pool.begin(engine.store, name, request)
            engine.runner.submit(spec)
    except AlreadyExists:
        known = resources.arn(engine, "training-job", name)
        raise ApiError(
            "ResourceInUse",
            "Training job names must be unique within an AWS account and region, and a training job with this name "
            f"already exists ({known})",
        ) from None
    engine.runner.schedule()
    if mirroring is not None:
        mirror.ensure(engine.home, engine.store)
    return {"TrainingJobArn": document.arn}


@operation("sagemaker", "DescribeTrainingJob")
def describe_training_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    mirror.ensure(engine.home, engine.store)  # it may have been killed
    return description(engine, *_found(engine, params["TrainingJobName"]))


def description(engine: Engine, document: Document, job: Job) -> dict[str, Any]:
    """What DescribeTrainingJob says of a job; reads only."""
    request, result = document.body, job.result
    answer: dict[str, Any] = {key: request[key] for key in _ECHOED if key in request}
    output = request["OutputDataConfig"]
    answer |= {
        "TrainingJobName": document.name,
        "TrainingJobArn": document.arn,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary,
        "CreationTime": resources.moment(document.created),
        "LastModifiedTime": resources.moment(document.modified),
        # The SDK's Estimator.attach reads KmsKeyId without asking whether it is there.
        "OutputDataConfig": {"KmsKeyId": "", **output},
        "ModelArtifacts": result.get("ModelArtifacts") or {"S3ModelArtifacts": _artifacts(document)},
        "SecondaryStatusTransitions": _transitions(engine, job),
        "ProfilingStatus": "Disabled",
    }
    for flag in (
        "EnableNetworkIsolation",
        "EnableInterContainerTrafficEncryption",
        "EnableManagedSpotTraining",
    ):
        answer[flag] = request.get(flag, False)
    if warm := warm_pool.described(engine.store, document.name):
        answer["WarmPoolStatus"] = warm
    if job.failure_reason:
        answer["FailureReason"] = job.failure_reason[:1024]
    for member in ("TrainingStartTime", "TrainingEndTime"):
        if result.get(member):
            answer[member] = resources.moment(result[member])
    if (
        "TrainingStartTime" not in answer
        and job.started
        and job.status == "InProgress"
        and job.secondary != "Starting"
    ):
        answer["TrainingStartTime"] = resources.moment(job.started)
    for member in ("TrainingTimeInSeconds", "BillableTimeInSeconds"):
        if result.get(member):
            answer[member] = result[member]
    metrics = result.get("FinalMetricDataList") or (
        _latest_metrics(engine, job) if job.status not in _OVER else []
    )
    if metrics:
        answer["FinalMetricDataList"] = [
            {**metric, "Timestamp": resources.moment(metric["Timestamp"])} for metric in metrics
        ]
    return answer


@operation("sagemaker", "ListTrainingJobs")
def list_training_jobs(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    if "TrainingPlanArnEquals" in params:
        return {"TrainingJobSummaries": []}  # no job here has a training plan
    pool = params.get("WarmPoolStatusEquals")
    within = None if pool is None else with_status(engine, pool)

    def summary(document: Document) -> dict[str, Any]:
        job = engine.runner.get("training-job", document.name)
        answer = {
            "TrainingJobName": document.name,
            "TrainingJobArn": document.arn,
            "CreationTime": resources.moment(document.created),
            "LastModifiedTime": resources.moment(document.modified),
            "TrainingJobStatus": document.status,
        }
        if job is not None:
            answer["SecondaryStatus"] = job.secondary
            if job.result.get("TrainingEndTime"):
                answer["TrainingEndTime"] = resources.moment(job.result["TrainingEndTime"])
        if warm := warm_pool.described(engine.store, document.name):
            answer["WarmPoolStatus"] = warm
        return answer

    return listing(engine, "training-job", params, "TrainingJobSummaries", summary, within)


@operation("sagemaker", "StopTrainingJob")
def stop_training_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    document, job = _found(engine, params["TrainingJobName"])
    if job.status in _OVER:
        raise validation(
            f"The request was rejected because the training job is in status {job.status}. ({document.arn})"
        )
    engine.runner.stop("training-job", document.name)
    return {}


@operation("sagemaker", "DeleteTrainingJob")
def delete_training_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    """The job's record and files go; its log, its artifacts and what experiments know of it stay, as on AWS."""
    engine.runner.reconcile()
    document, job = _found(engine, params["TrainingJobName"])
    if job.state != "done":
        raise ApiError(
            "ResourceInUse",
            f"The training job {document.name} cannot be deleted while its status is {job.status}: only jobs that are "
            f"{', '.join(_OVER)} can. ({document.arn})",
        )
    with engine.store.transaction():
        forget(engine, document)
        components.forget(engine, document)
        engine.runner.remove("training-job", document.name)
        resources.remove(engine, document)
    return {}


def _found(engine: Engine, name: str) -> tuple[Document, Job]:
    document = engine.store.documents.find("training-job", name)
    job = engine.runner.get("training-job", name)
    if document is None or job is None:
        raise validation(
            f'Requested resource not found: could not find training job "{resources.arn(engine, "training-job", name)}".'
        )
    return document, job


def _artifacts(document: Document) -> str:
    output = document.body["OutputDataConfig"]
    file = "model/" if output.get("CompressionType") == "NONE" else "model.tar.gz"
    return f"{output['S3OutputPath'].rstrip('/')}/{document.name}/output/{file}"


def _transitions(engine: Engine, job: Job) -> list[dict[str, Any]]:
    answer = []
    for transition in engine.store.jobs.transitions(job.id):
        item: dict[str, Any] = {"Status": transition.status, "StartTime": resources.moment(transition.start)}
        if transition.end is not None:
            item["EndTime"] = resources.moment(transition.end)
        item["StatusMessage"] = transition.message
        answer.append(item)
    return answer


def _latest_metrics(engine: Engine, job: Job) -> list[dict[str, Any]]:
    latest = {metric["name"]: metric for metric in engine.runner.metrics(job)}
    return [
        {"MetricName": name, "Value": metric["value"], "Timestamp": metric["time"]}
        for name, metric in latest.items()
    ][:40]
