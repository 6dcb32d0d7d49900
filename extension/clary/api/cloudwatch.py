"""CloudWatch metrics: those of jobs (`job_series`), and those that clients put."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clary.api import job_series
from clary.api.cloudwatch_token import bad_token, opened, sealed
from clary.api.errors import ApiError
from clary.api.registry import operation
from clary.api.statistics import (
    by_period,
    check_period,
    check_statistic,
    combination,
    dimensions_of,
    invalid,
    percentile,
    span,
    statistic,
)
from clary.store.samples import Sample

if TYPE_CHECKING:
    from clary.api.engine import Engine

_MOST_POINTS = 1_440
_MOST_DATA_POINTS = 100_800
_MOST_QUERIES = 500


@operation("cloudwatch", "GetMetricStatistics")
def get_metric_statistics(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    names, extended = params.get("Statistics", []), params.get("ExtendedStatistics", [])
    if bool(names) == bool(extended):
        raise combination(
            "Exactly one of the parameters Statistics and ExtendedStatistics must be specified."
        )
    for name in extended:
        if percentile(name) is None:
            raise invalid(
                f"The value {name} for parameter ExtendedStatistics is not offered by Clary: give percentiles from p0 to p100."
            )
    period = params["Period"]
    check_period(period)
    start, end = _span(params, period)
    points = math.ceil((end - start) / period)
    if points > _MOST_POINTS:
        raise combination(
            f"You have requested up to {points:,} datapoints, which exceeds the limit of {_MOST_POINTS:,}. You may reduce the "
            "datapoints requested by increasing Period, or decreasing the time range."
        )
    metric = {
        "Namespace": params["Namespace"],
        "MetricName": params["MetricName"],
        "Dimensions": params.get("Dimensions", []),
    }
    found = []
    for (begin, unit), samples in by_period(
        _samples(engine, metric, start, end, params.get("Unit")), period
    ).items():
        point: dict[str, Any] = {"Timestamp": _moment(begin), "Unit": unit}
        point |= {name: statistic(name, samples) for name in names}
        values = {name: value for name in extended if (value := statistic(name, samples)) is not None}
        if extended:
            if not values:
                continue
            point["ExtendedStatistics"] = values
        found.append(point)
    return {"Label": params["MetricName"], "Datapoints": found}


@operation("cloudwatch", "GetMetricData")
def get_metric_data(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    queries = params["MetricDataQueries"]
    _check_queries(queries)
    descending = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    room = params.get("MaxDatapoints", _MOST_DATA_POINTS)
    if room < 1:
        raise invalid("The parameter MaxDatapoints must be at least 1.")
    asked = [query for query in queries if query.get("ReturnData", True)]
    first, skip = _place(params.get("NextToken"), len(asked))
    results = []
    for at in range(first, len(asked)):
        query = asked[at]
        points = _points(engine, query["MetricStat"], params, descending)[skip:]
        taken, left = points[:room], len(points) - room
        room -= len(taken)
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or query["MetricStat"]["Metric"].get("MetricName", ""),
                "Timestamps": [_moment(begin) for begin, _ in taken],
                "Values": [value for _, value in taken],
                "StatusCode": "PartialData" if left > 0 else "Complete",
            }
        )
        if left > 0 or (room == 0 and at + 1 < len(asked)):
            place = [at, skip + len(taken)] if left > 0 else [at + 1, 0]
            return {"MetricDataResults": results, "NextToken": sealed(place), "Messages": []}
        skip = 0
    return {"MetricDataResults": results, "Messages": []}


def _check_queries(queries: list[dict[str, Any]]) -> None:
    if len(queries) > _MOST_QUERIES:
        raise _validation(f"The collection MetricDataQueries must have at most {_MOST_QUERIES} elements.")
    if len({query["Id"] for query in queries}) < len(queries):
        raise _validation("The values for parameter id in MetricDataQueries are not unique.")
    for query in queries:
        if "Expression" in query:
            raise _validation(
                f"Expression (query {query['Id']}) is not offered by Clary. Ask for the metrics with MetricStat and calculate "
                "with their values."
            )
        if "MetricStat" not in query:
            raise _validation(f"The query {query['Id']} needs MetricStat.")
        stat = query["MetricStat"]
        if not {"Namespace", "MetricName"} <= stat["Metric"].keys():
            raise _validation(f"The metric of query {query['Id']} needs Namespace and MetricName.")
        check_period(stat["Period"])
        check_statistic(stat["Stat"])


def _points(
    engine: Engine, stat: dict[str, Any], params: dict[str, Any], descending: bool
) -> list[tuple[int, float]]:
    start, end = _span(params, stat["Period"])
    samples = _samples(engine, stat["Metric"], start, end, stat.get("Unit"))
    found = [
        (begin, value)
        for (begin, _), part in by_period(samples, stat["Period"]).items()
        if (value := statistic(stat["Stat"], part)) is not None
    ]
    return found[::-1] if descending else found


def _samples(
    engine: Engine, metric: dict[str, Any], start: float, end: float, unit: str | None
) -> list[Sample]:
    """Samples of a metric with start <= time < end."""
    dimensions = dimensions_of(metric.get("Dimensions", []))
    namespace, name = metric["Namespace"], metric["MetricName"]
    found = [s for s in job_series.samples(engine, namespace, name, dimensions) if start <= s.time < end]
    found += engine.store.samples.between(namespace, name, dimensions, start, end)
    return [s for s in found if unit in (None, s.unit)]


def _span(params: dict[str, Any], period: int) -> tuple[float, float]:
    start, end = params["StartTime"].timestamp(), params["EndTime"].timestamp()
    if start >= end:
        raise combination("The parameter StartTime must be less than the parameter EndTime.")
    return span(start, end, period)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _place(token: str | None, most: int) -> tuple[int, int]:
    at, skip = [0, 0] if token is None else opened(token)
    if not (type(at) is int and type(skip) is int and 0 <= at <= most and skip >= 0):
        raise bad_token()
    return at, skip


def _validation(message: str) -> ApiError:
    return ApiError("ValidationError", message)
