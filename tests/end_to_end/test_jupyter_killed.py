"""The Jupyter server dies of SIGKILL while jobs run and requests are in flight: nothing is lost, nothing runs twice."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from clary import signing
from clary.home import Home

ROLE = "arn:aws:iam::000000000000:role/service-role/Anyone"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6"
TRAIN = """
import os, time
marks = os.environ["MARKS"]
open(os.path.join(marks, os.environ["TRAINING_JOB_NAME"] + "." + str(os.getpid())), "w").close()
time.sleep(float(os.environ["SECONDS"]))
open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w").write("done")
"""
INFERENCE = """
def model_fn(model_dir):
    return 2
def predict_fn(data, model):
    return [model * x for x in data]
"""


class Jupyter:
    """A real Jupyter server with Clary in it, without a browser."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.folder = home, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "jupyter",
                    "server",
                    "--no-browser",
                    "--allow-root",
                    "--ip=127.0.0.1",
                ),
                *(f"--port={self.port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=x"),
            ],
            cwd=self.folder,
            env={**os.environ, "CLARY_HOME": str(self.home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/status?token=x", timeout=2).close()
                return
            except OSError:
                assert time.monotonic() < end, "the Jupyter server did not start"
                time.sleep(0.1)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def client(self, service: str) -> Any:
        keys = signing.load_or_mint(Home.locate(self.home))
        session = boto3.session.Session(keys.access_key, keys.secret_key, region_name="us-east-1")
        return session.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}/clary/aws",
            config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
        )


@pytest.fixture
def jupyter(home_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jupyter]:
    monkeypatch.setenv("CLARY_CPUS", "4")
    server = Jupyter(home_path, tmp_path)
    s3 = server.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="code.tar.gz", Body=tar({"train.py": TRAIN}))
    s3.put_object(Bucket="bucket", Key="model.tar.gz", Body=tar({"code/inference.py": INFERENCE}))
    yield server
    server.kill()


def tar(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def create_job(client: Any, name: str, marks: Path, seconds: float) -> None:
    client.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "s3://bucket/code.tar.gz",
        },
        Environment={"MARKS": str(marks), "SECONDS": str(seconds)},
        OutputDataConfig={"S3OutputPath": "s3://bucket/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 300},
        RoleArn=ROLE,
    )


def all_jobs(client: Any) -> dict[str, str]:
    pages = client.get_paginator("list_training_jobs").paginate(MaxResults=100)
    return {
        job["TrainingJobName"]: job["TrainingJobStatus"]
        for page in pages
        for job in page["TrainingJobSummaries"]
    }


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_jobs_outlive_the_server_and_every_accepted_one_runs_once(jupyter: Jupyter, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    create_job(jupyter.client("sagemaker"), "running", marks, 4)
    deadline = time.monotonic() + 30
    while not list(marks.glob("running.*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    accepted: list[str] = []

    def submit(number: int) -> None:
        client = jupyter.client("sagemaker")
        for count in range(200):
            name = f"job-{number}-{count}"
            try:
                create_job(client, name, marks, 0)
            except Exception:  # the server is gone: this one was not accepted
                return
            accepted.append(name)

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while len(accepted) < 12:
        time.sleep(0.01)
    jupyter.kill()
    for thread in threads:
        thread.join()

    jupyter.start()
    client = jupyter.client("sagemaker")
    deadline = time.monotonic() + 180
    while any(status == "InProgress" for status in all_jobs(client).values()):
        assert time.monotonic() < deadline, all_jobs(client)
        time.sleep(0.5)
    jobs = all_jobs(client)
    assert set(jobs) >= {"running", *accepted}
    assert set(jobs.values()) == {"Completed"}
    ran = [path.name.rpartition(".")[0] for path in marks.iterdir()]
    assert sorted(ran) == sorted(jobs), "each job ran once"
    stored = jupyter.client("s3").list_objects_v2(Bucket="bucket", Prefix="out/running/")["Contents"]
    assert [item["Key"] for item in stored] == ["out/running/output/model.tar.gz"]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_no_invocation_fails_while_the_server_is_killed(jupyter: Jupyter, home_path: Path) -> None:
    sagemaker = jupyter.client("sagemaker")
    sagemaker.create_model(
        ModelName="m",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="c",
        ProductionVariants=[
            {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
    )
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    deadline = time.monotonic() + 60
    while sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"] != "InService":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    address = subprocess.run(
        [sys.executable, "-m", "clary.cli", "env", "--format", "json"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    keys = signing.load_or_mint(Home.locate(home_path))
    runtime = boto3.session.Session(keys.access_key, keys.secret_key, region_name="us-east-1").client(
        "sagemaker-runtime",
        endpoint_url=json.loads(address)["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"],
        config=Config(retries={"max_attempts": 0}),
    )
    answers: list[Any] = []
    over = threading.Event()

    def load() -> None:
        while not over.is_set():
            try:
                body = runtime.invoke_endpoint(
                    EndpointName="e", ContentType="application/json", Body=b"[1, 2]"
                )["Body"]
                answers.append(json.loads(body.read()))
            except Exception as error:
                answers.append(repr(error))

    thread = threading.Thread(target=load)
    thread.start()
    time.sleep(0.5)
    jupyter.kill()
    before = len(answers)
    time.sleep(1.0)
    jupyter.start()
    over.set()
    thread.join()
    assert len(answers) > before > 0
    assert [answer for answer in answers if answer != [2, 4]] == []
    assert jupyter.client("sagemaker").describe_endpoint(EndpointName="e")["EndpointStatus"] == "InService"
