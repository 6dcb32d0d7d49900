"""Processing jobs as a boto3 user makes them, in process, with a bucket and a script of the test's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import boto3
import pytest

import clary
from clary.api.engine import Engine
from clary.runner import zygote
from clary.sdk.logs import LogReader

ROLE = "arn:aws:iam::000000000000:role/service-role/Anyone"
IMAGE = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
GROUP = "/aws/sagemaker/ProcessingJobs"
SCRIPT = "/opt/ml/processing/input/code/process.py"
ENDED = ("Completed", "Failed", "Stopped")


def given(name: str, uri: str, **source: Any) -> dict[str, Any]:
    """A ProcessingInput at /opt/ml/processing/input/<name>."""
    path = f"/opt/ml/processing/input/{name}"
    return {
        "InputName": name,
        "S3Input": {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", **source},
    }


def wanted(name: str, uri: str, **target: Any) -> dict[str, Any]:
    """A ProcessingOutput of /opt/ml/processing/output/<name>."""
    path = f"/opt/ml/processing/output/{name}"
    return {
        "OutputName": name,
        "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob", **target},
    }


class Processor:
    """boto3 through the in-process door."""

    given = staticmethod(given)
    wanted = staticmethod(wanted)

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sagemaker = boto3.client("sagemaker")
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket="bucket")

    def put(self, key: str, data: str | bytes) -> str:
        self.s3.put_object(Bucket="bucket", Key=key, Body=data)
        return f"s3://bucket/{key}"

    def stored(self, prefix: str = "out/") -> dict[str, bytes]:
        """The objects below a prefix, by the rest of their keys."""
        keys = [
            one["Key"] for one in self.s3.list_objects_v2(Bucket="bucket", Prefix=prefix).get("Contents", [])
        ]
        return {
            key.removeprefix(prefix): self.s3.get_object(Bucket="bucket", Key=key)["Body"].read()
            for key in keys
        }

    def request(
        self,
        script: str | None = None,
        *,
        name: str = "job",
        arguments: Sequence[str] = (),
        command: Sequence[str] = ("python3", SCRIPT),
        inputs: Sequence[dict[str, Any]] = (),
        outputs: Sequence[dict[str, Any]] = (),
        count: int = 1,
        **more: Any,
    ) -> dict[str, Any]:
        inputs = list(inputs)
        if script is not None:
            inputs.append(given("code", self.put(f"code/{name}/process.py", script)))
        application: dict[str, Any] = {"ImageUri": IMAGE, "ContainerEntrypoint": list(command)}
        if arguments:
            application["ContainerArguments"] = list(arguments)
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 1}
        body: dict[str, Any] = {
            "ProcessingJobName": name,
            "ProcessingResources": {"ClusterConfig": cluster},
            "AppSpecification": application,
            "RoleArn": ROLE,
        }
        if inputs:
            body["ProcessingInputs"] = inputs
        if outputs:
            body["ProcessingOutputConfig"] = {"Outputs": list(outputs)}
        return body | more

    def create(self, script: str | None = None, **options: Any) -> str:
        body = self.request(script, **options)
        self.sagemaker.create_processing_job(**body)
        return str(body["ProcessingJobName"])

    def describe(self, name: str = "job") -> dict[str, Any]:
        answer: dict[str, Any] = self.sagemaker.describe_processing_job(ProcessingJobName=name)
        return answer

    def wait(self, name: str = "job", timeout: float = 90) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while (answer := self.describe(name))["ProcessingJobStatus"] not in ENDED:
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.05)
        return answer

    def completed(self, name: str = "job", timeout: float = 90) -> dict[str, Any]:
        answer = self.wait(name, timeout)
        if answer["ProcessingJobStatus"] != "Completed":
            pytest.fail(f"{answer.get('FailureReason')}\n{self.log(name)}")
        return answer

    def failed(self, name: str = "job") -> str:
        answer = self.wait(name)
        assert answer["ProcessingJobStatus"] == "Failed", self.log(name)
        assert len(answer["FailureReason"]) <= 1024
        return str(answer["FailureReason"])

    def until_said(self, text: str, name: str = "job", timeout: float = 60) -> None:
        deadline = time.monotonic() + timeout
        while text not in self.log(name):
            assert self.describe(name)["ProcessingJobStatus"] not in ENDED, self.log(name)
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.05)

    def log(self, name: str = "job", host: str = "") -> str:
        return str(LogReader(GROUP, f"{name}/{host}").text())

    def said(self, name: str = "job", host: str = "") -> list[str]:
        """The lines of the log that are the program's own."""
        return [line for line in self.log(name, host).splitlines() if not line.startswith("[clary]")]


@pytest.fixture
def processor(home: Any, engine: Engine) -> Processor:
    clary.attach()
    return Processor(engine)


@pytest.fixture
def warm_processor(home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processor]:
    """One whose jobs are forked from a zygote."""
    monkeypatch.setenv("CLARY_ZYGOTE", "1")
    zygote.ensure(home)
    deadline = time.monotonic() + 60
    while not zygote.alive(home):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    clary.attach()
    yield Processor(Engine.shared())
    zygote.stop(home)


@pytest.fixture
def processor_of(home: Any) -> Callable[[], Processor]:
    """Makes one, for tests that change the settings before."""

    def make() -> Processor:
        clary.attach()
        return Processor(Engine.shared())

    return make
