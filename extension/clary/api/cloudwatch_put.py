"""PutMetricData: values that clients, training scripts among them, bring themselves."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError
from clary.api.registry import operation
from clary.api.statistics import combination, dimensions_of, invalid
from clary.store.samples import Sample

if TYPE_CHECKING:
    from clary.api.engine import Engine

_MOST_DATA, _MOST_VALUES = 1_000, 150
_LARGEST = 2.0**360
_OLDEST_S, _NEWEST_S = 14 * 86_400, 7_200


@operation("cloudwatch", "PutMetricData")
def put_metric_data(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    namespace = params["Namespace"]
    if namespace.startswith("AWS/"):
        raise invalid("The value AWS/ for parameter Namespace is invalid: it is reserved for AWS.")
    data = [*params.get("MetricData", [])]
    for entity in params.get("EntityMetricData", []):
        data += entity.get("MetricData", [])
    if not data:
        raise ApiError("MissingParameter", "The parameter MetricData is required.")
    if len(data) > _MOST_DATA:
        raise invalid(f"The collection MetricData must not have a size greater than {_MOST_DATA}.")
    now = time.time()
    series = [
        (datum["MetricName"], dimensions_of(datum.get("Dimensions", [])), _given(datum, at, now))
        for at, datum in enumerate(data, 1)
    ]
    with engine.store.transaction():
        for metric, dimensions, samples in series:
            engine.store.samples.add(namespace, metric, dimensions, samples)
    return {}


def _given(datum: dict[str, Any], number: int, now: float) -> list[Sample]:
    """What one MetricDatum says. Raises ApiError."""
    where = f"MetricData.member.{number}"
    forms = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    if not forms:
        raise ApiError("MissingParameter", f"At least one of the parameters {where}.Value, {where}.Values and "
                       f"{where}.StatisticValues must be specified.")  # fmt: skip
    if len(forms) > 1:
        raise combination(f"The parameters {where}.{forms[0]} and {where}.{forms[1]} are mutually exclusive.")
    if datum.get("StorageResolution", 60) not in (1, 60):
        raise invalid(f"The parameter {where}.StorageResolution must be 1 or 60.")
    moment = datum["Timestamp"].timestamp() if "Timestamp" in datum else now
    if not now - _OLDEST_S <= moment <= now + _NEWEST_S:
        raise invalid(
            f"The parameter {where}.Timestamp must lie between two weeks ago and two hours from now."
        )
    unit = datum.get("Unit", "None")
    if "StatisticValues" in datum:
        known = datum["StatisticValues"]
        for name, value in known.items():
            _check_number(f"{where}.StatisticValues.{name}", value)
        if known["SampleCount"] <= 0 or known["Minimum"] > known["Maximum"]:
            raise invalid(f"The parameter {where}.StatisticValues is no set of statistics.")
        return [Sample(moment, known["SampleCount"], known["Sum"], known["Minimum"], known["Maximum"], unit)]
    values = datum["Values"] if "Values" in datum else [datum["Value"]]
    counts = datum.get("Counts", [1.0] * len(values))
    if not 0 < len(values) <= _MOST_VALUES or len(counts) != len(values):
        raise invalid(
            f"The parameter {where}.Values must have 1 to {_MOST_VALUES} elements, and {where}.Counts as many."
        )
    for value, count in zip(values, counts, strict=True):
        _check_number(f"{where}.Value", value)
        if not (math.isfinite(count) and count > 0):
            raise invalid(f"The value {count} for parameter {where}.Counts is invalid.")
    return [
        Sample(moment, count, value * count, value, value, unit)
        for value, count in zip(values, counts, strict=True)
    ]


def _check_number(where: str, value: float) -> None:
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise invalid(f"The value {value} for parameter {where} is invalid.")
