"""SageMaker Metrics: the values of experiment runs, put by the SDK's Run, and read back by step or by time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from clary.api import components, lineage
from clary.api.errors import ApiError
from clary.api.job_facts import KINDS
from clary.api.registry import operation
from clary.store.samples import Sample

if TYPE_CHECKING:
    from clary.api.engine import Engine

_PERIODS = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3_600}


@operation("sagemaker-metrics", "BatchPutMetrics")
def batch_put_metrics(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    """Values that are no numbers are reported one by one, the others are stored."""
    component = lineage.find(engine, components.KIND, params["TrialComponentName"])
    key = {"TrialComponent": component.name}
    errors = []
    with engine.store.transaction():
        for index, datum in enumerate(params["MetricData"]):
            if not math.isfinite(datum["Value"]):
                errors.append({"Code": "VALIDATION_ERROR", "MetricIndex": index})
                continue
            sample = Sample.of(datum["Timestamp"].timestamp(), datum["Value"], step=datum.get("Step"))
            engine.store.samples.add(components.NAMESPACE, datum["MetricName"], key, [sample])
    return {"Errors": errors} if errors else {}


@operation("sagemaker-metrics", "BatchGetMetrics")
def batch_get_metrics(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return {"MetricQueryResults": [_answer(engine, query) for query in params["MetricQueries"]]}


def _answer(engine: Engine, query: dict[str, Any]) -> dict[str, Any]:
    by_step = query["XAxisType"] == "IterationNumber"
    try:
        if by_step != (query["Period"] == "IterationNumber"):
            raise ApiError(
                "ValidationException", "Period and XAxisType must both be IterationNumber, or neither."
            )
        samples = _samples(engine, query["ResourceArn"], query["MetricName"])
    except ApiError as error:
        return {"Status": "ValidationError", "Message": error.message, "XAxisValues": [], "MetricValues": []}
    start, end = query.get("Start", -math.inf), query.get("End", math.inf)
    groups: dict[int, list[Sample]] = {}
    for number, sample in enumerate(samples):
        if by_step:
            place = number if sample.step is None else sample.step
        else:
            period = _PERIODS[query["Period"]]
            place = int(sample.time // period * period)
        if start <= place <= end:
            groups.setdefault(place, []).append(sample)
    values = {place: _statistic(query["MetricStat"], part) for place, part in sorted(groups.items())}
    return {"Status": "Complete", "XAxisValues": list(values), "MetricValues": list(values.values())}


def _samples(engine: Engine, arn: str, metric: str) -> list[Sample]:
    document = engine.store.documents.find_by_arn(arn)
    if document is not None and document.kind == components.KIND:
        key = {"TrialComponent": document.name}
        found = engine.store.samples.between(components.NAMESPACE, metric, key, 0, math.inf)
        for kind, name in document.body.get("Jobs", []):
            found += _of_job(engine, kind, name, metric)
        return found
    if document is not None and document.kind in KINDS:
        return _of_job(engine, document.kind, document.name, metric)
    raise ApiError("ValidationException", f"There is no trial component and no job {arn}.")


def _of_job(engine: Engine, kind: str, name: str, metric: str) -> list[Sample]:
    job = engine.runner.get(kind, name)
    lines = [] if job is None else engine.runner.metrics(job)
    return [Sample.of(line["time"], line["value"]) for line in lines if line["name"] == metric]


def _statistic(name: str, samples: list[Sample]) -> float:
    value: float = components.summary("", samples, "")[name]
    return float(value)
