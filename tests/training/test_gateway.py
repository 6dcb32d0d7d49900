"""boto3 in a training script: credentials and the service are there, as in a container, and cost nothing unless used."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

REACH = """
import json, os
import boto3
s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
s3.put_object(Bucket="bucket", Key="from/script", Body=b"hello")
found = [job["TrainingJobName"] for job in sagemaker.list_training_jobs()["TrainingJobSummaries"]]
role = boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com").get_caller_identity()["Arn"]
print("reached", json.dumps([found, role, os.environ["AWS_DEFAULT_REGION"]]))
"""
NEST = """
import os
import boto3
sagemaker = boto3.client("sagemaker")
request = sagemaker.describe_training_job(TrainingJobName=os.environ["TRAINING_JOB_NAME"])
sagemaker.create_training_job(
    TrainingJobName="inner", RoleArn=request["RoleArn"], ResourceConfig=request["ResourceConfig"],
    AlgorithmSpecification={
        "TrainingImage": request["AlgorithmSpecification"]["TrainingImage"], "TrainingInputMode": "File",
        "ContainerEntrypoint": ["/bin/sh", "-c", "echo inner > /opt/ml/model/said"],
    },
    OutputDataConfig=request["OutputDataConfig"], StoppingCondition={"MaxRuntimeInSeconds": 60},
)
"""
SAVE = """
import signal, sys, time
import boto3
def save(*_):
    boto3.client("s3").put_object(Bucket="bucket", Key="saved", Body=b"in time")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
boto3.client("s3").list_buckets()
print("ready", flush=True)
time.sleep(60)
"""
SEEN = """
import json, os
print("seen", json.dumps({name: value for name, value in os.environ.items() if name.startswith("AWS_")}))
"""


def seen(log: str, mark: str = "seen ") -> Any:
    return json.loads(next(line for line in log.splitlines() if line.startswith(mark)).removeprefix(mark))


def servers(home: Path) -> list[psutil.Process]:
    """The API servers of this home's jobs."""
    found = []
    for process in psutil.process_iter():
        try:
            if "clary.api.inherited" in process.cmdline() and str(home) in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
def test_a_script_reaches_s3_sagemaker_and_sts_without_saying_where_they_are(
    trainer: Any, home_path: Path
) -> None:
    trainer.create(REACH)
    trainer.completed()
    jobs, role, region = seen(trainer.log(), "reached ")
    assert jobs == ["job"]
    assert role.startswith("arn:aws:sts::000000000000:assumed-role/")
    assert region == "us-east-1"
    assert trainer.s3.get_object(Bucket="bucket", Key="from/script")["Body"].read() == b"hello"
    assert servers(home_path) == []


@pytest.mark.slow
def test_a_job_that_a_script_creates_is_one_of_its_own_and_outlives_it(trainer: Any) -> None:
    trainer.create(NEST)
    trainer.completed()
    trainer.completed("inner")
    assert trainer.artifact("inner") == {"said": b"inner\n"}


@pytest.mark.slow
def test_a_script_that_is_stopped_can_still_save_with_boto3(trainer: Any, home_path: Path) -> None:
    trainer.create(SAVE)
    trainer.until_said("ready")
    assert len(servers(home_path)) == 1
    trainer.sagemaker.stop_training_job(TrainingJobName="job")
    assert trainer.wait()["TrainingJobStatus"] == "Stopped"
    assert trainer.s3.get_object(Bucket="bucket", Key="saved")["Body"].read() == b"in time"
    assert servers(home_path) == []


def test_a_script_that_never_asks_starts_no_server(trainer: Any, home_path: Path) -> None:
    trainer.create(SEEN + "import time; time.sleep(1)")
    trainer.until_said("seen")
    assert servers(home_path) == []
    trainer.completed()
    address = seen(trainer.log())["AWS_ENDPOINT_URL"]
    assert address.startswith("http://127.0.0.1:")
    assert not list(home_path.glob("jobs/*/*/gateway.log"))


def test_a_server_dies_with_its_job_s_agent(trainer: Any, home_path: Path) -> None:
    trainer.create(SAVE)
    trainer.until_said("ready")
    [server] = servers(home_path)
    psutil.Process(server.ppid()).kill()
    end = time.monotonic() + 20
    while server.is_running() and server.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert trainer.wait()["TrainingJobStatus"] == "Failed"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"Environment": {"AWS_ENDPOINT_URL": "http://elsewhere"}}, {"AWS_ENDPOINT_URL": "http://elsewhere"}),
        ({"Environment": {"AWS_ACCESS_KEY_ID": "mine"}}, {"AWS_ACCESS_KEY_ID": "mine"}),
        ({"Environment": {"CLARY_DOOR": "off"}}, {}),
        ({"EnableNetworkIsolation": True}, {}),
    ],
)
def test_a_job_may_say_otherwise_and_an_isolated_one_has_no_way(
    trainer: Any, request_: dict[str, Any], expected: dict[str, str]
) -> None:
    trainer.create(SEEN, **request_)
    trainer.completed()
    found = seen(trainer.log())
    own = {"AWS_REGION", "AWS_DEFAULT_REGION", *(name for name in os.environ if name.startswith("AWS_"))}
    assert {name: value for name, value in found.items() if name not in own} == expected
