"""Jobs through boto3, small virtual environments, wheels made by hand, and the real command line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
import venv
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

import clary

_OVER = ("Completed", "Failed", "Stopped")


class Jobs:
    """Training jobs on this test's home, through boto3's in-process door."""

    def __init__(self) -> None:
        clary.attach()
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket="bucket")
        self.sagemaker = boto3.client("sagemaker")
        self._count = 0

    def create(
        self, image: str, files: Mapping[str, str] | None = None, *, program: str = "train.py", **changes: Any
    ) -> str:
        """The name of a new job. ``files``: the content of its sourcedir.tar.gz; None: it names no script."""
        self._count += 1
        name = f"job-{self._count}"
        hyperparameters = changes.pop("HyperParameters", {})
        algorithm = {"TrainingImage": image, "TrainingInputMode": "File", **changes.pop("algorithm", {})}
        if files is not None:
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
                for key, text in files.items():
                    info = tarfile.TarInfo(key)
                    info.size = len(text.encode())
                    archive.addfile(info, io.BytesIO(text.encode()))
            self.s3.put_object(Bucket="bucket", Key=f"{name}.tar.gz", Body=buffer.getvalue())
            hyperparameters |= {
                "sagemaker_program": program,
                "sagemaker_submit_directory": f"s3://bucket/{name}.tar.gz",
            }
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification=algorithm,
            HyperParameters=hyperparameters,
            OutputDataConfig={"S3OutputPath": "s3://bucket/out/"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 100},
            RoleArn="arn:aws:iam::000000000000:role/service-role/Anyone",
            **changes,
        )
        return name

    def wait(self, name: str, timeout_s: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while True:
            answer: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
            if answer["TrainingJobStatus"] in _OVER:
                return answer
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.05)

    def log(self, name: str) -> str:
        return str(clary.TrainingJob(name).logs())

    def completed(self, image: str, files: Mapping[str, str] | None = None, **changes: Any) -> str:
        """The log of a job that must go well."""
        name = self.create(image, files, **changes)
        answer = self.wait(name)
        assert answer["TrainingJobStatus"] == "Completed", (answer.get("FailureReason"), self.log(name))
        return self.log(name)

    def failed(self, image: str, files: Mapping[str, str] | None = None, **changes: Any) -> str:
        """The FailureReason of a job that must not."""
        answer = self.wait(self.create(image, files, **changes))
        assert answer["TrainingJobStatus"] == "Failed"
        return str(answer["FailureReason"])

    def refused(self, image: str, files: Mapping[str, str] | None = None, **changes: Any) -> str:
        """The text of the ValidationException."""
        from botocore.exceptions import ClientError

        with pytest.raises(ClientError) as caught:
            self.create(image, files, **changes)
        assert caught.value.response["Error"]["Code"] == "ValidationException"
        return str(caught.value.response["Error"]["Message"])


@pytest.fixture
def jobs(home: Any) -> Jobs:
    return Jobs()


def write_wheel(folder: Path, name: str, version: str, source: str, *, requires: str = "") -> Path:
    """A wheel with one module, made by hand."""
    folder.mkdir(exist_ok=True)
    stem = name.replace("-", "_")
    path = folder / f"{stem}-{version}-py3-none-any.whl"
    info = f"{stem}-{version}.dist-info"
    more = f"Requires-Dist: {requires}\n" if requires else ""
    files = {
        f"{stem}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as file:
        for target, text in files.items():
            file.writestr(target, text)
        record = "".join(f"{target},,\n" for target in files) + f"{info}/RECORD,,\n"
        file.writestr(f"{info}/RECORD", record)
    return path


@pytest.fixture
def wheel() -> Callable[..., Path]:
    return write_wheel


@pytest.fixture
def environment(tmp_path: Path) -> Callable[..., Path]:
    """Makes a virtual environment that has nothing but the modules given; returns its folder."""

    def make(name: str = "venv", **packages: str) -> Path:
        folder = tmp_path / name
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
        site = next(folder.glob("lib/*/site-packages"))
        for package, version in packages.items():
            made = write_wheel(tmp_path / "made", package, version, f"VERSION = {version!r}\n")
            with zipfile.ZipFile(made) as file:
                file.extractall(site)
        return folder

    return make


@pytest.fixture
def command(home_path: Path, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts ``clary images ...`` with an index that is the folder tmp_path/wheels and nothing else."""

    def start(*arguments: str) -> subprocess.Popen[str]:
        (tmp_path / "wheels").mkdir(exist_ok=True)
        variables = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
        variables |= {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(tmp_path / "wheels"),
            "CLARY_HOME": str(home_path),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "clary.cli", "images", *arguments],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture
def cli(command: Any) -> Callable[..., str]:
    """Runs ``clary images ...`` to its end; its output."""

    def run(*arguments: str, code: int = 0) -> str:
        process = command(*arguments)
        output, _ = process.communicate(timeout=100)
        assert process.returncode == code, output
        return str(output)

    return run


@pytest.fixture
def listed(cli: Any) -> Callable[[], dict[str, Any]]:
    """What ``clary images list --json`` says, by image."""
    return lambda: {row["image"]: row for row in map(json.loads, cli("list", "--json").splitlines())}
