"""Warm pools: the life of what KeepAlivePeriodInSeconds keeps, as SageMaker tells it.

A pool is a document of kind ``warm-pool`` with its training job's name and one of SageMaker's four words as status:
InUse while the job runs, Available from its end on, then Reused (by the next job that matches) or Terminated. What is kept on
this machine is the zygote that starts the job's like.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clary.runner import zygote
from clary.runner.spec import JobSpec
from clary.store import Store
from clary.store.documents import Document
from clary.store.jobs import Job

if TYPE_CHECKING:
    from clary.runner.runner import Runner

KIND = "warm-pool"
# One that goes from job to job ends after so long, whatever comes.
_LONGEST_LIFE_S = 28 * 86_400.0
# A failure of the platform may have harmed what would be kept; one of the script or its request has not.
_HARMLESS = ("AlgorithmError", "ClientError")


def begin(store: Store, name: str, request: Mapping[str, Any]) -> None:
    """A training job is created: it takes a pool that is there and fits, and will leave one if it asks for that. Inside the
    transaction that creates the job."""
    now = time.time()
    key = _key(request)
    born = now
    taken = False
    for pool in available(store, now):
        if pool.body["key"] == key and now - pool.body["born"] < _LONGEST_LIFE_S:
            born, taken = pool.body["born"], True
            _end(store, pool, "Reused", now, by=name)
            break
    if taken or keep_alive(request):
        store.documents.create(KIND, name, {"key": key, "born": born}, status="InUse")


def retain(store: Store, job: Job) -> None:
    """The training job is done: its pool is available from now on, or over. Inside that transaction."""
    pool = store.documents.find(KIND, job.name)
    if pool is None or pool.status != "InUse":
        return
    # What UpdateTrainingJob may have changed is in the document.
    document = store.documents.find("training-job", job.name)
    period = keep_alive({} if document is None else document.body)
    ended = float(job.result.get("TrainingEndTime") or job.ended or time.time())
    unharmed = not job.failure_reason or job.failure_reason.startswith(_HARMLESS)
    if not period or not unharmed or not job.result.get("TrainingStartTime"):
        _end(store, pool, "Terminated", ended)
    else:
        _put(store, pool, "Available", since=ended, until=ended + period)


def warm(runner: Runner, job: Job) -> None:
    """Keep the zygote that starts jobs like this one as long as the pool is available; start it where there is none."""
    pool = runner.store.documents.find(KIND, job.name)
    if pool is None or pool.status != "Available" or not runner.config.zygote:
        return
    spec = JobSpec.from_json(job.spec)
    zygote.keep(runner.home, pool.body["until"], spec.python, torch=spec.torch)
    zygote.ensure(runner.home, spec.python, torch=spec.torch)


def available(store: Store, now: float | None = None) -> list[Document]:
    """The pools that can be reused, the oldest first; those whose time is over become Terminated on the way."""
    now = time.time() if now is None else now
    page = store.documents.page(KIND, limit=100_000, status="Available", sort_by="created", descending=False)
    kept = []
    for pool in page.items:
        if pool.body["until"] > now:
            kept.append(pool)
        else:
            _end(store, pool, "Terminated", pool.body["until"])
    return kept


def change_period(store: Store, pool: Document, seconds: int) -> float:
    """Keep an available pool for so long from the end of its job; returns until when. What is over by then ends now."""
    until = float(pool.body["since"] + seconds)
    if until <= time.time():
        _end(store, pool, "Terminated", time.time())
    else:
        _put(store, pool, "Available", until=until)
    return until


def described(store: Store, name: str) -> dict[str, Any] | None:
    """WarmPoolStatus of a training job; None where it has no pool."""
    pool = store.documents.find(KIND, name)
    if pool is None:
        return None
    if pool.status == "Available" and pool.body["until"] <= time.time():
        pool = _end(store, pool, "Terminated", pool.body["until"])
    answer: dict[str, Any] = {"Status": pool.status}
    if "ended" in pool.body:
        retained = max(0.0, pool.body["ended"] - pool.body.get("since", pool.body["ended"]))
        answer["ResourceRetainedBillableTimeInSeconds"] = round(retained)
    if pool.body.get("by"):
        answer["ReusedByJob"] = pool.body["by"]
    return answer


def keep_alive(request: Mapping[str, Any]) -> int:
    """KeepAlivePeriodInSeconds of a CreateTrainingJob request; 0 where it has none."""
    return int((request.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds") or 0)


def _key(request: Mapping[str, Any]) -> list[Any]:
    """What must be equal for a job to take over the pool of another, as SageMaker's developer guide lists it."""
    resources = request.get("ResourceConfig") or {}
    network = request.get("VpcConfig") or {}
    return [
        request.get("RoleArn"),
        resources.get("InstanceType"),
        resources.get("InstanceCount", 1),
        resources.get("InstanceGroups"),
        resources.get("VolumeSizeInGB"),
        resources.get("VolumeKmsKeyId"),
        sorted(network.get("SecurityGroupIds") or ()),
        sorted(network.get("Subnets") or ()),
        bool(request.get("EnableInterContainerTrafficEncryption")),
        bool(request.get("EnableNetworkIsolation")),
        bool(request.get("EnableManagedSpotTraining")),
    ]


def _put(store: Store, pool: Document, status: str, **more: Any) -> Document:
    return store.documents.update(KIND, pool.name, body={**pool.body, **more}, status=status)


def _end(store: Store, pool: Document, status: str, at: float, by: str = "") -> Document:
    return _put(store, pool, status, ended=at, **({"by": by} if by else {}))
