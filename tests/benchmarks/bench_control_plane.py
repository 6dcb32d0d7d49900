"""The control plane: jobs accepted a second through each door, and what 50,000 stored jobs cost a reader.

The machine's slots are taken by a sleeping job first, so that accepting is measured and not starting
processes. The 50,000 are copies of one job that really ran, with its transitions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import fresh_home, milliseconds, per_second, row

from clary.api.engine import Engine
from clary.sdk.storage import default_bucket

COUNT, FEW, MANY = 300, 10, 50_000


def request(name: str, command: str) -> dict[str, Any]:
    """CreateTrainingJob of a shell command that asks for the whole machine."""
    return {
        "TrainingJobName": name,
        "RoleArn": "arn:aws:iam::000000000000:role/bench",
        "AlgorithmSpecification": {
            "TrainingImage": "clary/python",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/sh", "-c"],
            "ContainerArguments": [command],
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
        },
        "HyperParameters": {"epochs": "10", "learning-rate": "0.1"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{default_bucket()}/"},
        "ResourceConfig": {"InstanceType": "ml.m5.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }


def wait_for(engine: Engine, name: str, *statuses: str) -> None:
    end = time.monotonic() + 60
    while True:
        job = engine.call("sagemaker", "DescribeTrainingJob", {"TrainingJobName": name})
        if {job["TrainingJobStatus"], job["SecondaryStatus"]} & set(statuses):
            return
        if time.monotonic() > end:
            raise TimeoutError(f"{name} is {job['SecondaryStatus']}: {job.get('FailureReason')}")
        time.sleep(0.05)


def serving(home: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """A `clary serve` and what `clary env` says of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "clary.cli", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    command = [sys.executable, "-m", "clary.cli", "env", "--format", "json"]
    values: dict[str, str] = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
    )
    return process, values


def client(values: dict[str, str] | None = None) -> Any:
    """boto3's client: through the in-process door, or with ``values`` over HTTP."""
    import boto3

    if values is None:
        return boto3.session.Session().client("sagemaker")
    session = boto3.session.Session(
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
        region_name=values["AWS_DEFAULT_REGION"],
    )
    return session.client("sagemaker", endpoint_url=values["AWS_ENDPOINT_URL"])


def accepted() -> None:
    """CreateTrainingJob a second."""
    with fresh_home(zygote="0") as home:
        engine = Engine.shared()
        engine.call("sagemaker", "CreateTrainingJob", request("sleeper", "exec sleep 600"))
        wait_for(engine, "sleeper", "Training")
        direct = per_second(
            lambda n: engine.call("sagemaker", "CreateTrainingJob", request(f"engine-{n}", "true")), COUNT
        )
        inside = client()
        door = per_second(lambda n: inside.create_training_job(**request(f"door-{n}", "true")), COUNT)
        process, values = serving(home)
        try:
            outside = client(values)
            http = per_second(lambda n: outside.create_training_job(**request(f"http-{n}", "true")), COUNT)
            four = _four_at_once(values)
        finally:
            process.terminate()
            process.wait(20)
        row("CreateTrainingJob accepted per second", "per second", "of in process")
        for label, value in (
            ("in process, Engine.call", direct),
            ("in process, boto3", door),
            ("HTTP with SigV4, boto3, 1 connection", http),
            ("HTTP with SigV4, boto3, 4 connections", four),
        ):
            row(f"  {label}", f"{value:,.0f}", f"{value / direct:.2f}")


def _four_at_once(values: dict[str, str]) -> float:
    clients = threading.local()

    def create(number: int) -> None:
        if not hasattr(clients, "mine"):
            with lock:  # making clients is not thread-safe in boto3
                clients.mine = client(values)
        clients.mine.create_training_job(**request(f"four-{number}", "true"))

    lock = threading.Lock()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, range(1_000_000, 1_000_004)))  # clients are made, connections open
        begun = time.perf_counter()
        list(pool.map(create, range(COUNT)))
        return COUNT / (time.perf_counter() - begun)


def copies(engine: Engine, count: int) -> None:
    """Make ``count`` jobs of the one that is stored, by SQL: rows like those that real jobs leave."""
    with engine.store.transaction() as db:
        columns = [
            r["name"]
            for r in db.execute("PRAGMA table_info(jobs)")
            if r["name"] not in ("id", "name", "created")
        ]
        listed = ", ".join(columns)
        numbers = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        db.execute(
            f"{numbers} INSERT INTO jobs (name, created, {listed}) "
            f"SELECT printf('job-%06d', i), created - i, {listed} FROM jobs, n WHERE name = 'job-000001'",
            (count,),
        )
        db.execute(
            f"{numbers} INSERT INTO documents (kind, name, arn, status, created, modified, body) "
            "SELECT kind, printf('job-%06d', i), replace(arn, 'job-000001', printf('job-%06d', i)), status, "
            "created - i, modified - i, body FROM documents, n WHERE name = 'job-000001'",
            (count,),
        )
        db.execute(
            "INSERT INTO transitions (job_id, status, message, started, ended) "
            "SELECT j.id, t.status, t.message, t.started, t.ended FROM jobs j, transitions t "
            "WHERE j.name != 'job-000001' AND t.job_id = (SELECT id FROM jobs WHERE name = 'job-000001') "
            "ORDER BY j.id, t.id"
        )


def stored(count: int) -> dict[str, float]:
    """Milliseconds of the readers' operations with ``count`` jobs stored."""
    with fresh_home(zygote="0"):
        engine = Engine.shared()
        engine.call("sagemaker", "CreateTrainingJob", request("job-000001", "echo loss=0.5"))
        wait_for(engine, "job-000001", "Completed")
        copies(engine, count)
        middle = f"job-{count // 2:06d}"
        asked: dict[str, tuple[str, dict[str, Any]]] = {
            "DescribeTrainingJob": ("DescribeTrainingJob", {"TrainingJobName": middle}),
            "ListTrainingJobs, first page of 10": ("ListTrainingJobs", {}),
            "ListTrainingJobs, by name": ("ListTrainingJobs", {"SortBy": "Name", "SortOrder": "Ascending"}),
            "ListTrainingJobs, StatusEquals=Completed": ("ListTrainingJobs", {"StatusEquals": "Completed"}),
        }
        return {
            label: milliseconds(lambda o=operation, p=params: engine.call("sagemaker", o, p), 200)  # type: ignore[misc]
            for label, (operation, params) in asked.items()
        }


def main() -> None:
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    accepted()
    few, many = stored(FEW), stored(MANY)
    row("reading, milliseconds", f"{FEW} jobs", f"{MANY:,} jobs", "ratio")
    for label, value in few.items():
        row(f"  {label}", f"{value:.2f}", f"{many[label]:.2f}", f"{many[label] / value:.2f}")


if __name__ == "__main__":
    main()
