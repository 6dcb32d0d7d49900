"""Search over 50,000 training jobs: what an answer of 10 costs, by what is asked, beside ten jobs and beside judging every
job's description in Python, as a client without Search would (List and Describe, in process).
"""

from __future__ import annotations

import os
import time
from typing import Any

from tests.benchmarks.bench_control_plane import FEW, MANY, copies, request, wait_for
from tests.benchmarks.measuring import fresh_home, milliseconds, row

from clary.api.engine import Engine


def _filter(name: str, operator: str, value: str) -> dict[str, Any]:
    return {"SearchExpression": {"Filters": [{"Name": name, "Operator": operator, "Value": value}]}}


def _questions(count: int) -> dict[str, dict[str, Any]]:
    nested = {
        "NestedPropertyName": "FinalMetricDataList",
        "Filters": [
            {"Name": "MetricName", "Operator": "Equals", "Value": "loss"},
            {"Name": "Value", "Operator": "LessThan", "Value": f"{5 / count}"},
        ],
    }
    return {
        "the latest": {},
        "TrainingJobStatus = Completed": _filter("TrainingJobStatus", "Equals", "Completed"),
        "HyperParameters.lr < 0.5, by CreationTime": {
            **_filter("HyperParameters.lr", "LessThan", "0.5"),
            "SortBy": "CreationTime",
        },
        "HyperParameters.lr = one job's": _filter("HyperParameters.lr", "Equals", f"{3 / count}"),
        "Tags.team = nobody's": _filter("Tags.team", "Equals", "nobody"),
        "Metrics.loss < 0.5, best first": {
            **_filter("Metrics.loss", "LessThan", "0.5"),
            "SortBy": "Metrics.loss",
            "SortOrder": "Ascending",
        },
        "nested: loss below five jobs' in one element": {"SearchExpression": {"NestedFilters": [nested]}},
        "TrainingJobName contains 99": _filter("TrainingJobName", "Contains", "99"),
    }


def _vary(engine: Engine) -> None:
    """Give each copy its own learning rate and loss, between 0 and 1."""
    with engine.store.transaction() as db:
        (count,) = db.execute("SELECT count(*) FROM jobs").fetchone()
        share = f"CAST(substr(name, 5) AS REAL) / {count}"
        db.execute(
            f"UPDATE documents SET body = json_set(body, '$.HyperParameters.lr', CAST({share} AS TEXT))"
        )
        db.execute(f"UPDATE jobs SET result = json_set(result, '$.FinalMetricDataList[0].Value', {share})")


def _stored(count: int) -> dict[str, float]:
    with fresh_home(zygote="0"):
        engine = Engine.shared()
        engine.call("sagemaker", "CreateTrainingJob", request("job-000001", "echo loss=0.5"))
        wait_for(engine, "job-000001", "Completed")
        copies(engine, count)
        _vary(engine)
        times = 5 if count > 1000 else 50

        def ask(params: dict[str, Any]) -> None:
            engine.call("sagemaker", "Search", {"Resource": "TrainingJob", **params})

        found = {
            label: milliseconds(lambda p=params: ask(p), times)  # type: ignore[misc]
            for label, params in _questions(count).items()
        }
        found["without Search: List and Describe them all"] = _one_by_one(engine, count)
        return found


def _one_by_one(engine: Engine, count: int) -> float:
    """Milliseconds; measured on up to 1,000 jobs and scaled."""
    begun, seen, token = time.perf_counter(), 0, {}
    while seen < min(count, 1000):
        page = engine.call("sagemaker", "ListTrainingJobs", {"MaxResults": 100, **token})
        for one in page["TrainingJobSummaries"]:
            engine.call("sagemaker", "DescribeTrainingJob", {"TrainingJobName": one["TrainingJobName"]})
            seen += 1
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    return (time.perf_counter() - begun) * 1000 * count / seen


def main() -> None:
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    few, many = _stored(FEW), _stored(MANY)
    row("Search, milliseconds for a page of 10", f"{FEW} jobs", f"{MANY:,} jobs", "ratio")
    for label, value in few.items():
        row(f"  {label}", f"{value:.2f}", f"{many[label]:,.2f}", f"{many[label] / value:.1f}")


if __name__ == "__main__":
    main()
