"""UpdateTrainingJob, and what else the training operations have to do with warm pools."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError, validation
from clary.api.operations import resources
from clary.api.registry import operation
from clary.store.documents import Document
from clary.store.jobs import Job
from clary.toolkits.training import cluster, warm_pool

if TYPE_CHECKING:
    from clary.api.engine import Engine

_UPDATABLE = ("ProfilerConfig", "ProfilerRuleConfigurations", "ResourceConfig", "RemoteDebugConfig")


def check_keep_alive(request: dict[str, Any]) -> None:
    """Whether the job may leave a warm pool, where it asks for one. Raises ApiError."""
    if not warm_pool.keep_alive(request):
        return
    if request["ResourceConfig"].get("InstanceGroups"):
        raise validation(
            "KeepAlivePeriodInSeconds is not supported for heterogeneous clusters. Give InstanceType and InstanceCount instead "
            "of InstanceGroups, or leave KeepAlivePeriodInSeconds out."
        )
    if request.get("EnableManagedSpotTraining"):
        raise validation(
            "KeepAlivePeriodInSeconds is not supported with EnableManagedSpotTraining. Leave one of them out."
        )


@operation("sagemaker", "UpdateTrainingJob")
def update_training_job(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    name = params["TrainingJobName"]
    document = engine.store.documents.find("training-job", name)
    job = engine.runner.get("training-job", name)
    if document is None or job is None:
        known = resources.arn(engine, "training-job", name)
        raise ApiError("ResourceNotFound", f'Could not find training job "{known}".')
    asked = {member: params[member] for member in _UPDATABLE if member in params}
    if not asked:
        raise validation(f"UpdateTrainingJob needs at least one of {', '.join(_UPDATABLE)}.")
    _check_running(document, job, [member for member in asked if member != "ResourceConfig"])
    if asked.get("RemoteDebugConfig", {}).get("EnableRemoteDebug"):
        raise resources.refuse(
            "RemoteDebugConfig.EnableRemoteDebug",
            "The job's processes are this machine's own: attach a debugger to them.",
        )
    with engine.store.transaction():
        if "ResourceConfig" in asked:
            _change_period(engine, document, asked["ResourceConfig"]["KeepAlivePeriodInSeconds"])
        body = dict(document.body)
        for member, value in asked.items():
            body[member] = value if isinstance(value, list) else {**body.get(member, {}), **value}
        engine.store.documents.update("training-job", name, body=body)
    _say(engine, job, {member: asked[member] for member in asked if member.startswith("Profiler")})
    return {"TrainingJobArn": document.arn}


def _check_running(document: Document, job: Job, members: list[str]) -> None:
    if members and job.status != "InProgress":
        raise validation(
            f"{' and '.join(members)} can be updated only while the training job is InProgress; its status is {job.status}. "
            f"({document.arn})"
        )


def _change_period(engine: Engine, document: Document, seconds: int) -> None:
    store = engine.store
    status = (warm_pool.described(store, document.name) or {}).get("Status")
    if status != "Available":
        raise validation(
            "KeepAlivePeriodInSeconds can be updated only while the warm pool of the training job is Available; "
            + (f"its status is {status}." if status else "the job has no warm pool.")
            + f" ({document.arn})"
        )
    until = warm_pool.change_period(store, store.documents.get(warm_pool.KIND, document.name), seconds)
    others = [pool.body["until"] for pool in warm_pool.available(store)]
    if engine.config.zygote:
        from clary.runner import zygote

        spec = store.jobs.find("training-job", document.name)
        for torch in {True, False} if spec is None else {bool(spec.spec.get("torch", True))}:
            zygote.keep(engine.home, max([until, time.time(), *others]), torch=torch, shorten=True)


def _say(engine: Engine, job: Job, changed: dict[str, Any]) -> None:
    """Tell in the job's log what has no effect here, as the job does of its request."""
    log = engine.runner.attempt(job).log()
    if log is None:
        return
    from clary.store.logfile import LogWriter

    for warning in cluster.warnings(changed):
        writer = LogWriter(log, limit_bytes=1 << 62)
        writer.write(f"[clary] {warning}")
        writer.close()


def forget(engine: Engine, document: Document) -> None:
    """A training job is deleted, and its pool with it. Raises ApiError while that is Available, as AWS does."""
    status = (warm_pool.described(engine.store, document.name) or {}).get("Status")
    if status == "Available":
        raise ApiError(
            "ResourceInUse",
            f"The training job {document.name} cannot be deleted while its warm pool is Available: end it with "
            f"UpdateTrainingJob and KeepAlivePeriodInSeconds 0. ({document.arn})",
        )
    if status is not None:
        engine.store.documents.delete(warm_pool.KIND, document.name)


def with_status(engine: Engine, status: str) -> tuple[str, tuple[Any, ...]]:
    """The condition of ListTrainingJobs' WarmPoolStatusEquals (see `Documents.page`)."""
    warm_pool.available(engine.store)  # what is over says so
    return (
        "name IN (SELECT name FROM documents WHERE kind = ? AND status = ?)",
        (warm_pool.KIND, status),
    )
