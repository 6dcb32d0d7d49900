"""ListMetrics: what jobs have measured and what clients have put, page by page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from clary.api import job_series
from clary.api.cloudwatch_token import bad_token, opened, sealed
from clary.api.registry import operation
from clary.api.statistics import invalid

if TYPE_CHECKING:
    from clary.api.engine import Engine

_PAGE = 500
_ACTIVE_S = 3 * 3_600


@operation("cloudwatch", "ListMetrics")
def list_metrics(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    """First the jobs' metrics by namespace and job, then those that were put; the token says how far that went."""
    if params.get("IncludeLinkedAccounts") or "OwningAccount" in params:
        raise invalid("There are no linked accounts: leave IncludeLinkedAccounts and OwningAccount out.")
    namespace, metric = params.get("Namespace"), params.get("MetricName")
    wanted = {one["Name"]: one.get("Value") for one in params.get("Dimensions", [])}
    active_since = time.time() - _ACTIVE_S if "RecentlyActive" in params else 0.0
    spaces = [name for name in job_series.NAMESPACES if namespace in (None, name)]
    stage, after = _place(params.get("NextToken"))
    found: list[dict[str, Any]] = []

    def keep(space: str, name: str, dimensions: dict[str, str]) -> None:
        fits = all(key in dimensions and value in (None, dimensions[key]) for key, value in wanted.items())
        if fits and metric in (None, name):
            pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
            found.append({"Namespace": space, "MetricName": name, "Dimensions": pairs})

    for at, space in enumerate(spaces):
        if at < stage:
            continue
        for job_name, metrics in job_series.listed(engine, space, wanted, str(after) if at == stage else ""):
            job = engine.runner.get(job_series.NAMESPACES[space], job_name)
            if job is not None and (job.ended or time.time()) >= active_since:
                for name, dimensions in metrics:
                    keep(space, name, dimensions)
            if len(found) >= _PAGE:
                return {"Metrics": found, "NextToken": sealed([at, job_name])}
    last = int(after) if stage >= len(spaces) and str(after).isdigit() else 0
    while rows := engine.store.samples.series(namespace, metric, after=last, limit=_PAGE):
        for row in rows:
            last = row.id
            if row.last >= active_since:
                keep(row.namespace, row.metric, row.dimensions)
            if len(found) >= _PAGE and engine.store.samples.series(namespace, metric, after=last, limit=1):
                return {"Metrics": found, "NextToken": sealed([len(spaces), str(last)])}
    return {"Metrics": found}


def _place(token: str | None) -> tuple[int, str]:
    at, after = [0, ""] if token is None else opened(token)
    if not (type(at) is int and isinstance(after, str) and at >= 0):
        raise bad_token()
    return at, after
