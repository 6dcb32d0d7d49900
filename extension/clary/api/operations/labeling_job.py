"""CreateLabelingJob, DescribeLabelingJob, ListLabelingJobs, ListLabelingJobsForWorkteam, StopLabelingJob."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError, in_use, validation
from clary.api.operations import resources, workteam
from clary.api.operations.workforce import as_listing
from clary.api.paging import listing
from clary.api.registry import operation
from clary.objects import ObjectsError
from clary.store.documents import AlreadyExists, Document

if TYPE_CHECKING:
    from clary.api.engine import Engine
    from clary.labeling.work import Work

KIND = "labeling-job"
_OVER = ("Completed", "Failed", "Stopped")
_ECHOED = (
    "LabelAttributeName", "InputConfig", "OutputConfig", "RoleArn", "LabelCategoryConfigS3Uri", "StoppingConditions",
    "LabelingJobAlgorithmsConfig", "HumanTaskConfig", "FailureReason", "LabelingJobOutput",
)  # fmt: skip
_REFERENCE = "ClaryJobReferenceCode"


@operation("sagemaker", "CreateLabelingJob")
def create_labeling_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    from clary.api.labeling_request import settings_of
    from clary.labeling import steps
    from clary.labeling.work import Work

    name = params["LabelingJobName"]
    arn = resources.arn(engine, KIND, name)
    try:
        settings = settings_of(engine, params, arn)
    except ObjectsError as error:
        raise validation(str(error)) from None
    request = {
        **params,
        "HumanTaskConfig": {**params["HumanTaskConfig"], "WorkteamArn": settings.workteam},
        _REFERENCE: secrets.token_hex(16),
    }
    try:
        with resources.creating(engine, KIND, name, request, status="Initializing") as document:
            # What a creation that was killed has left; no other can be at it, there is one writer at a time.
            shutil.rmtree(engine.home.root / "labeling" / name.lower(), ignore_errors=True)
            work = Work.create(engine.home, settings)
    except AlreadyExists:
        raise in_use(
            f"Labeling job name must be unique within an AWS account and region, and a job of this name exists: {arn}."
        ) from None
    # Only now, so that the step finds the document. Whoever asks about the job does it, if this process dies here.
    steps.ensure(engine.home, engine.runner, work)
    return {"LabelingJobArn": document.arn}


@operation("sagemaker", "DescribeLabelingJob")
def describe_labeling_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    _tend(engine, found(engine, params["LabelingJobName"]))
    return description(engine, found(engine, params["LabelingJobName"]))


@operation("sagemaker", "ListLabelingJobs")
def list_labeling_jobs(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    _tend_all(engine)

    def summary(document: Document) -> dict[str, Any]:
        human = document.body["HumanTaskConfig"]
        answer = {
            "LabelingJobName": document.name,
            "LabelingJobArn": document.arn,
            "CreationTime": resources.moment(document.created),
            "LastModifiedTime": resources.moment(document.modified),
            "LabelingJobStatus": document.status,
            "LabelCounters": _counters(engine, document),
            "WorkteamArn": human["WorkteamArn"],
            "PreHumanTaskLambdaArn": human.get("PreHumanTaskLambdaArn"),
            "AnnotationConsolidationLambdaArn": human.get("AnnotationConsolidationConfig", {}).get(
                "AnnotationConsolidationLambdaArn"
            ),
        }
        body = document.body
        echoed = ("FailureReason", "LabelingJobOutput", "InputConfig")
        return answer | {key: body[key] for key in echoed if key in body}

    return listing(engine, KIND, as_listing(params), "LabelingJobSummaryList", summary)


@operation("sagemaker", "ListLabelingJobsForWorkteam")
def list_labeling_jobs_for_workteam(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    team = workteam.by_arn(engine, params["WorkteamArn"])
    condition, values = "json_extract(body, '$.HumanTaskConfig.WorkteamArn') = ?", [team.arn]
    if "JobReferenceCodeContains" in params:
        condition += f" AND instr(json_extract(body, '$.{_REFERENCE}'), ?) > 0"
        values.append(params["JobReferenceCodeContains"])

    def summary(document: Document) -> dict[str, Any]:
        counters = _counters(engine, document)
        total = counters["TotalLabeled"] + counters["Unlabeled"] + counters["FailedNonRetryableError"]
        human = {
            "HumanLabeled": counters["HumanLabeled"],
            "PendingHuman": counters["Unlabeled"],
            "Total": total,
        }
        return {
            "LabelingJobName": document.name,
            "JobReferenceCode": document.body[_REFERENCE],
            "WorkRequesterAccountId": engine.config.account_id,
            "CreationTime": resources.moment(document.created),
            "LabelCounters": human,
            "NumberOfHumanWorkersPerDataObject": document.body["HumanTaskConfig"][
                "NumberOfHumanWorkersPerDataObject"
            ],
        }

    return listing(
        engine, KIND, as_listing(params), "LabelingJobSummaryList", summary, within=(condition, tuple(values))
    )


@operation("sagemaker", "StopLabelingJob")
def stop_labeling_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    from clary.labeling import steps

    document = found(engine, params["LabelingJobName"])
    if document.status in _OVER:
        raise validation(
            f"The request was rejected because the labeling job is in status {document.status}. ({document.arn})"
        )
    if _work(engine, document) is None:
        engine.store.documents.update(KIND, document.name, status="Stopped")
        return {}
    steps.stop(engine.home, engine.store, engine.runner, document.name)
    return {}


def found(engine: Engine, name: str) -> Document:
    """The job of this name, whatever its case. Raises ResourceNotFound."""
    document = engine.store.documents.find_by_arn(resources.arn(engine, KIND, name))
    if document is None:
        raise ApiError(
            "ResourceNotFound", f"Could not find labeling job {resources.arn(engine, KIND, name)}."
        )
    return document


def description(engine: Engine, document: Document) -> dict[str, Any]:
    """What DescribeLabelingJob says of a job; reads only."""
    body = document.body
    answer: dict[str, Any] = {key: body[key] for key in _ECHOED if key in body}
    tags = engine.store.tags.list(document.arn)
    return answer | {
        "LabelingJobName": document.name,
        "LabelingJobArn": document.arn,
        "LabelingJobStatus": document.status,
        "LabelCounters": _counters(engine, document),
        "CreationTime": resources.moment(document.created),
        "LastModifiedTime": resources.moment(document.modified),
        "JobReferenceCode": body[_REFERENCE],
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }


def _counters(engine: Engine, document: Document) -> dict[str, int]:
    work = _work(engine, document)
    if work is not None:
        return work.counters()
    names = ("TotalLabeled", "HumanLabeled", "MachineLabeled", "FailedNonRetryableError", "Unlabeled")
    return dict.fromkeys(names, 0)


def _work(engine: Engine, document: Document) -> Work | None:
    """The job's database; None when somebody has removed its files."""
    from clary.labeling.work import Work, WorkError

    with contextlib.suppress(WorkError):
        return Work.open(engine.home, document.name)
    return None


def _tend(engine: Engine, *documents: Document) -> None:
    """See to what nobody else may have seen to."""
    from clary.labeling import steps

    for document in documents:
        if document.status not in _OVER:
            steps.tend(engine.home, engine.store, engine.runner, document.name)


def _tend_all(engine: Engine) -> None:
    """See to every job that has not ended, of which there are few."""
    for status in ("Initializing", "InProgress", "Stopping"):
        _tend(engine, *engine.store.documents.page(KIND, limit=100, status=status).items)
