"""The metrics of jobs as CloudWatch has them: what regular expressions found, and what each host used."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clary.store.documents import Document
from clary.store.jobs import Job
from clary.store.samples import Sample

if TYPE_CHECKING:
    from clary.api.engine import Engine

# namespace -> kind of job; the dimension of what a job printed is <name of the kind>Name.
NAMESPACES = {
    "/aws/sagemaker/TrainingJobs": "training-job",
    "/aws/sagemaker/ProcessingJobs": "processing-job",
    "/aws/sagemaker/TransformJobs": "transform-job",
}
_PRINTED = ("/aws/sagemaker/TrainingJobs", "TrainingJobName")
_USED = ("CPUUtilization", "MemoryUtilization", "GPUUtilization")
_PAGE = 100


def samples(engine: Engine, namespace: str, metric: str, dimensions: Mapping[str, str]) -> list[Sample]:
    """All samples of a job's metric, oldest first; none when it is no such metric."""
    kind = NAMESPACES.get(namespace)
    if kind is None or len(dimensions) != 1:
        return []
    ((name, value),) = dimensions.items()
    if name == "Host":
        job_name, _, host = value.rpartition("/")
        job = engine.runner.get(kind, job_name)
        return [] if job is None or metric not in _USED else _used(engine, job, host, metric)
    if (namespace, name) != _PRINTED:
        return []
    job = engine.runner.get(kind, value)
    if job is None:
        return []
    return [
        Sample.of(line["time"], line["value"])
        for line in engine.runner.metrics(job)
        if line["name"] == metric
    ]


def _used(engine: Engine, job: Job, host: str, metric: str) -> list[Sample]:
    found = []
    for line in engine.runner.resources(job):
        if "hosts" in line:
            if host not in line["hosts"]:
                continue
            line = {**line, **line["hosts"][host]}
        elif host != "algo-1":
            continue
        value = _utilization(engine, job, line, metric)
        if value is not None:
            found.append(Sample.of(line["time"], value, "Percent"))
    return found


def _utilization(engine: Engine, job: Job, line: dict[str, Any], metric: str) -> float | None:
    """Percent as SageMaker counts: 100 for each core and each GPU, and of the memory that there is."""
    if metric == "CPUUtilization":
        return float(line["cpu_percent"])
    if metric == "MemoryUtilization":
        return float(line["rss_mb"]) / engine.config.memory_mb * 100
    if "gpu_percent" not in line:
        return None
    return float(line["gpu_percent"]) * max(1, len(job.gpu_list))


def listed(engine: Engine, namespace: str, dimensions: Mapping[str, str | None], after: str) -> Iterator[
    tuple[str, list[tuple[str, dict[str, str]]]]
]:  # fmt: skip
    """(job name, its metrics and their dimensions) of the namespace's jobs whose names follow `after`, by name.
    `dimensions` that name a job narrow it down."""
    kind = NAMESPACES[namespace]
    named = dimensions.get(_PRINTED[1]) or (dimensions.get("Host") or "").rpartition("/")[0]
    if named:
        document = engine.store.documents.find(kind, named)
        if document is not None and document.name > after:
            yield document.name, _of_job(engine, namespace, document)
        return
    for document in _by_name(engine, kind, after):
        yield document.name, _of_job(engine, namespace, document)


def _by_name(engine: Engine, kind: str, after: str) -> Iterator[Document]:
    documents = engine.store.documents
    while True:
        rows = documents.after_name(kind, after, _PAGE)
        yield from rows
        if len(rows) < _PAGE:
            return
        after = rows[-1].name


def _of_job(engine: Engine, namespace: str, document: Document) -> list[tuple[str, dict[str, str]]]:
    job = engine.runner.get(document.kind, document.name)
    if job is None or job.attempt == 0:
        return []
    found: list[tuple[str, dict[str, str]]] = []
    if namespace == _PRINTED[0] and document.body.get("AlgorithmSpecification", {}).get("MetricDefinitions"):
        if job.state == "done":
            names = [metric["MetricName"] for metric in job.result.get("FinalMetricDataList", [])]
        else:
            names = sorted({line["name"] for line in engine.runner.metrics(job)})
        found += [(name, {_PRINTED[1]: document.name}) for name in names]
    hosts = max(1, len(job.spec.get("hosts") or ()))
    used = _USED if job.gpu_list else _USED[:2]
    found += [
        (name, {"Host": f"{document.name}/algo-{number}"})
        for number, name in itertools.product(range(1, hosts + 1), used)
    ]
    return found
