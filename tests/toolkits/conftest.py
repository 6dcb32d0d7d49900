"""Training jobs end to end, without the API: a request goes to the runner as CreateTrainingJob would hand it over."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from clary.config import Config
from clary.home import Home
from clary.objects import Objects
from clary.runner import zygote
from clary.runner.runner import Runner
from clary.runner.spec import JobSpec, Resources
from clary.store import Store
from clary.store.jobs import Job
from clary.store.logfile import read_events, streams

GROUP = "/aws/sagemaker/TrainingJobs"
BUCKET = "bucket"


def tar_of(files: Mapping[str, str | bytes]) -> bytes:
    """A sourcedir.tar.gz."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Desk:
    """Submits training jobs and waits for them."""

    def __init__(self, home: Home, bucket: str = BUCKET) -> None:
        self.home = home
        self.store = Store(home)
        self.runner = Runner(home, Config.load(home), self.store)
        self.objects = Objects(home)
        if bucket:
            self.objects.create_bucket(bucket)
        self._count = 0

    tar_of = staticmethod(tar_of)

    def put(self, key: str, data: str | bytes) -> str:
        self.objects.put(BUCKET, key, data.encode() if isinstance(data, str) else data)
        return f"s3://{BUCKET}/{key}"

    def submit(
        self,
        files: Mapping[str, str | bytes] | None = None,
        *,
        program: str = "train.py",
        hyperparameters: Mapping[str, str] | None = None,
        cpus: float = 1.0,
        attempts: int = 1,
        warm: bool = False,
        grace_s: float = 120.0,
        max_runtime_s: float | None = None,
        memory_limit_mb: int | None = None,
        metrics: list[dict[str, str]] | None = None,
        **request: Any,
    ) -> Job:
        self._count += 1
        name = request.pop("TrainingJobName", f"job-{self._count}")
        values = dict(hyperparameters or {})
        if files is not None:
            uri = self.put(f"{name}/source/sourcedir.tar.gz", tar_of(files))
            values |= {
                "sagemaker_program": json.dumps(program),
                "sagemaker_submit_directory": json.dumps(uri),
            }
        body: dict[str, Any] = {
            "TrainingJobName": name,
            "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}",
            "HyperParameters": values,
            "AlgorithmSpecification": {"TrainingImage": "clary/python", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            **request,
        }
        job = self.runner.submit(
            JobSpec(
                kind="training-job",
                name=name,
                entry="clary.toolkits.training.entry:main",
                log_group=GROUP,
                log_stream=f"{name}/algo-1-{{epoch}}",
                resources=Resources(cpus=cpus, memory_mb=256),
                max_attempts=attempts,
                grace_s=grace_s,
                max_runtime_s=max_runtime_s,
                memory_limit_mb=memory_limit_mb,
                metric_definitions=metrics or [],
                opt_ml=True,
                warm=warm,
                payload=body,
            )
        )
        self.runner.schedule()
        return job

    def look(self, job: Job) -> Job:
        self.runner.tend()
        found = self.store.jobs.get(job.id)
        assert found is not None
        return found

    def until(self, job: Job, condition: Callable[[Job], object], timeout_s: float = 60.0) -> Job:
        deadline = time.monotonic() + timeout_s
        while True:
            now = self.look(job)
            if condition(now):
                return now
            assert time.monotonic() < deadline, f"{now}\n{self.log(now)}"
            assert now.state != "done", f"{now}\n{self.log(now)}"
            time.sleep(0.02)

    def wait(self, job: Job, timeout_s: float = 90.0) -> Job:
        deadline = time.monotonic() + timeout_s
        while (now := self.look(job)).state != "done":
            assert time.monotonic() < deadline, f"{now}\n{self.log(now)}"
            time.sleep(0.02)
        return now

    def train(self, files: Mapping[str, str | bytes] | None = None, **options: Any) -> Job:
        return self.wait(self.submit(files, **options))

    def log(self, job: Job) -> str:
        lines: list[str] = []
        for stream in streams(self.home, GROUP, f"{job.name}/"):
            events, _ = read_events(stream.path)
            lines += [event.message for event in events]
        return "\n".join(lines)

    def said(self, job: Job, text: str) -> bool:
        return text in self.log(job)

    def attempt_dir(self, job: Job) -> Path:
        return self.runner.attempt_dir(job)

    def artifact(self, job: Job, name: str = "model.tar.gz") -> dict[str, bytes]:
        """The files in model.tar.gz or output.tar.gz of a job."""
        data = self.objects.read(BUCKET, f"out/{job.name}/output/{name}")
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            return {one.name: (tar.extractfile(one) or io.BytesIO()).read() for one in tar if one.isfile()}

    def completed(self, job: Job) -> Job:
        assert (job.status, job.failure_reason) == ("Completed", ""), self.log(job)
        return job

    def failed(self, job: Job) -> str:
        assert job.status == "Failed", self.log(job)
        assert len(job.failure_reason) <= 1024
        return job.failure_reason


class WarmDesk(Desk):
    """Waits for the zygote before it submits a warm job. One that finds a file of Clary changed ends, and another comes."""

    def submit(self, files: Mapping[str, str | bytes] | None = None, **options: Any) -> Job:
        if options.get("warm"):
            self.warm_up()
        return super().submit(files, **options)

    def warm_up(self) -> int:
        deadline = time.monotonic() + 60
        while not (pid := zygote.alive(self.home)):
            zygote.ensure(self.home)
            assert time.monotonic() < deadline, zygote.socket_path(self.home).with_suffix(".log").read_text()
            time.sleep(0.05)
        return pid


@pytest.fixture
def desk(home: Home) -> Desk:
    return Desk(home)


@pytest.fixture
def paths_desk(home: Home, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose jobs get no namespaces."""
    monkeypatch.setenv("CLARY_ISOLATION", "paths")
    return Desk(home)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a tmpfs of the given size (``16m``). Needs root, which the machines that run these tests give."""
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        place = tmp_path / f"disk-{len(mounted)}"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def warm_desk(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[WarmDesk]:
    """A desk with a zygote."""
    monkeypatch.setenv("CLARY_ZYGOTE", "1")
    yield WarmDesk(home)
    zygote.stop(home)


@pytest.fixture
def objects(home: Home) -> Objects:
    """An object store with one bucket."""
    objects = Objects(home)
    objects.create_bucket(BUCKET)
    return objects


@pytest.fixture
def desk_of() -> type[Desk]:
    """The class itself, for tests with a home of their own making."""
    return Desk
