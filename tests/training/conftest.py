"""Training jobs as a boto3 user makes them, in process, with a bucket and a sourcedir of the test's files."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Mapping
from typing import Any

import boto3
import pytest

import clary
from clary.api.engine import Engine
from clary.sdk.logs import LogReader

ROLE = "arn:aws:iam::000000000000:role/service-role/Anyone"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6-cpu-py311"
ENDED = ("Completed", "Failed", "Stopped")


class Trainer:
    """boto3 through the in-process door."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sagemaker = boto3.client("sagemaker")
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket="bucket")

    def put(self, key: str, data: str | bytes) -> str:
        self.s3.put_object(Bucket="bucket", Key=key, Body=data)
        return f"s3://bucket/{key}"

    def code(self, files: Mapping[str, str]) -> str:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, text in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
        return self.put("code/sourcedir.tar.gz", buffer.getvalue())

    def create(
        self,
        script: str | None,
        *,
        name: str = "job",
        count: int = 1,
        hyperparameters: Mapping[str, str] | None = None,
        command: list[str] | None = None,
        **request: Any,
    ) -> str:
        values = dict(hyperparameters or {})
        algorithm: dict[str, Any] = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
        if script is not None:
            values |= {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": self.code({"train.py": script}),
            }
        if command is not None:
            algorithm |= {"ContainerEntrypoint": command[:1], "ContainerArguments": command[1:]}
        body: dict[str, Any] = {
            "TrainingJobName": name,
            "AlgorithmSpecification": algorithm,
            "HyperParameters": values,
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 300},
            "RoleArn": ROLE,
            **request,
        }
        self.sagemaker.create_training_job(**body)
        return name

    def describe(self, name: str = "job") -> dict[str, Any]:
        answer: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        return answer

    def until(self, *secondary: str, name: str = "job", timeout: float = 60) -> dict[str, Any]:
        """Until the job is in one of these phases."""
        deadline = time.monotonic() + timeout
        while (answer := self.describe(name))["SecondaryStatus"] not in secondary:
            assert answer["TrainingJobStatus"] not in ENDED, (answer.get("FailureReason"), self.log(name))
            assert time.monotonic() < deadline, (answer["SecondaryStatus"], self.log(name))
            time.sleep(0.05)
        return answer

    def until_said(self, text: str, name: str = "job", timeout: float = 60) -> None:
        deadline = time.monotonic() + timeout
        while text not in self.log(name):
            assert self.describe(name)["TrainingJobStatus"] not in ENDED, self.log(name)
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.05)

    def wait(self, name: str = "job", timeout: float = 100) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while (answer := self.describe(name))["TrainingJobStatus"] not in ENDED:
            assert time.monotonic() < deadline, (answer["SecondaryStatus"], self.log(name))
            time.sleep(0.05)
        return answer

    def completed(self, name: str = "job", timeout: float = 100) -> dict[str, Any]:
        answer = self.wait(name, timeout)
        if answer["TrainingJobStatus"] != "Completed":
            pytest.fail(f"{answer.get('FailureReason')}\n{self.log(name)}")
        return answer

    def log(self, name: str = "job", host: str = "") -> str:
        return str(LogReader("/aws/sagemaker/TrainingJobs", f"{name}/{host}").text())

    def artifact(self, name: str = "job", file: str = "model.tar.gz") -> dict[str, bytes]:
        data = self.s3.get_object(Bucket="bucket", Key=f"out/{name}/output/{file}")["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            return {one.name: (tar.extractfile(one) or io.BytesIO()).read() for one in tar if one.isfile()}


@pytest.fixture
def trainer(home: Any, engine: Engine) -> Trainer:
    clary.attach()
    return Trainer(engine)
