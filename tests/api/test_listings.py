"""List operations of all four families take the same filters and orders; a job lost with its shim is retried as asked."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

import clary
from clary.api.engine import Engine

NAMES = ("alpha-1", "beta-2", "alpha-3", "gamma-4")
FAMILIES = {
    "training-job": ("list_training_jobs", "TrainingJobSummaries", "TrainingJobName"),
    "model": ("list_models", "Models", "ModelName"),
    "endpoint-config": ("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
    "processing-job": ("list_processing_jobs", "ProcessingJobSummaries", "ProcessingJobName"),
    "endpoint": ("list_endpoints", "Endpoints", "EndpointName"),
}
WITH_STATUS = ("training-job", "processing-job", "endpoint")


@pytest.fixture
def listed(home: Any) -> Any:
    """Every family holds four documents, some seconds apart by the store's clock."""
    clary.attach()
    store = Engine.shared().store
    for kind in FAMILIES:
        for number, name in enumerate(NAMES):
            arn = f"arn:aws:sagemaker:us-east-1:000000000000:{kind}/{name}"
            store.documents.create(
                kind,
                name,
                {},
                arn=arn,
                status=["Failed", "Stopped"][number % 2] if kind in WITH_STATUS else "",
            )
            with store.transaction() as db:
                db.execute(
                    "UPDATE documents SET created = ?, modified = ? WHERE kind = ? AND name = ?",
                    (1000 + 10 * number, 2000 - 10 * number, kind, name),
                )
    return boto3.client("sagemaker")


def names(client: Any, kind: str, **filters: Any) -> list[str]:
    operation, summaries, name = FAMILIES[kind]
    pages = client.get_paginator(operation).paginate(**filters, PaginationConfig={"PageSize": 3})
    return [item[name] for page in pages for item in page[summaries]]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_family_is_sorted_and_filtered(listed: Any, kind: str) -> None:
    assert names(listed, kind) == [*reversed(NAMES)]
    assert names(listed, kind, SortBy="Name", SortOrder="Ascending") == sorted(NAMES)
    assert names(listed, kind, SortBy="CreationTime", SortOrder="Ascending") == [*NAMES]
    assert names(listed, kind, NameContains="ALPHA", SortOrder="Ascending") == ["alpha-1", "alpha-3"]
    assert names(listed, kind, CreationTimeAfter=at(1005), CreationTimeBefore=at(1025)) == [
        "alpha-3",
        "beta-2",
    ]


@pytest.mark.parametrize("kind", WITH_STATUS)
def test_a_family_with_statuses_is_filtered_by_them_and_by_its_changes(listed: Any, kind: str) -> None:
    assert names(listed, kind, StatusEquals="Failed") == ["alpha-3", "alpha-1"]
    assert names(listed, kind, SortBy="Status", SortOrder="Ascending") == [
        "alpha-1",
        "alpha-3",
        "beta-2",
        "gamma-4",
    ]
    assert names(listed, kind, LastModifiedTimeAfter=at(1985)) == ["beta-2", "alpha-1"]
    assert names(listed, kind, LastModifiedTimeBefore=at(1985), CreationTimeAfter=at(0)) == [
        "gamma-4",
        "alpha-3",
    ]
    assert names(listed, kind, CreationTimeAfter=datetime.now(UTC) + timedelta(days=1)) == []


TRAIN = """
import os, time
mark = "/opt/ml/checkpoints/mark"
if os.path.exists(mark):
    print("resumed from", open(mark).read(), flush=True)
else:
    open(mark, "w").write("step 7")
    print("saved", flush=True)
    time.sleep(120)
"""


@pytest.mark.slow
def test_a_job_whose_shim_is_killed_goes_on_from_its_checkpoint_as_retry_strategy_says(
    home: Any, tmp_path: Any
) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    clary.attach()
    job = clary.train(tmp_path / "train.py", name="first", wait=False)
    request = {**job.describe()}
    job.stop()
    sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
    bucket = request["OutputDataConfig"]["S3OutputPath"].split("/")[2]
    members = ("AlgorithmSpecification", "HyperParameters", "ResourceConfig", "RoleArn", "StoppingCondition")
    sagemaker.create_training_job(
        TrainingJobName="again",
        **{name: request[name] for name in members},
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/out"},
        CheckpointConfig={"S3Uri": f"s3://{bucket}/checkpoints/"},
        RetryStrategy={"MaximumRetryAttempts": 2},
    )
    engine = Engine.shared()
    deadline = time.monotonic() + 60
    while not s3.list_objects_v2(Bucket=bucket, Prefix="checkpoints/").get("Contents"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    running = engine.runner.get("training-job", "again")
    assert running is not None
    started = engine.runner.attempt(running).started()
    assert started is not None
    os.kill(started["shim"], signal.SIGKILL)
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="again")
    described = sagemaker.describe_training_job(TrainingJobName="again")
    statuses = [item["Status"] for item in described["SecondaryStatusTransitions"]]
    assert described["TrainingJobStatus"] == "Completed"
    assert "Restarting" in statuses
    assert statuses[-2:] == ["Uploading", "Completed"]
    uploading = described["SecondaryStatusTransitions"][-2]
    assert described["TrainingEndTime"] >= uploading["StartTime"]
    assert (
        described["TrainingStartTime"]
        <= described["SecondaryStatusTransitions"][statuses.index("Restarting")]["StartTime"]
    )
    events = boto3.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="again/"
    )["events"]
    assert "resumed from step 7" in [event["message"] for event in events]
