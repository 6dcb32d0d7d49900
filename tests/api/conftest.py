"""The engine over real HTTP in a thread of the test's process; raw sockets for what no client would send."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from clary.api import registry
from clary.api.engine import Engine
from clary.api.limits import Limits
from clary.objects import ObjectsError


@dataclass
class Front:
    """A running HTTP front."""

    url: str
    engine: Engine

    def client(self, service: str, *, secret: str = "", key: str = "", **options: Any) -> Any:
        """An unmodified boto3 client that signs for this front."""
        session = boto3.session.Session(
            aws_access_key_id=key or self.engine.credentials.access_key,
            aws_secret_access_key=secret or self.engine.credentials.secret_key,
            region_name="us-east-1",
        )
        options.setdefault("config", Config(retries={"max_attempts": 0}))
        return session.client(service, endpoint_url=self.url, **options)

    def raw(self, data: bytes, *more: bytes, wait_s: float = 10) -> bytes:
        """What comes back for these bytes until the server closes (or nothing comes for `wait_s`)."""
        host, port = self.url.removeprefix("http://").split(":")
        answer = b""
        with socket.create_connection((host, int(port)), timeout=wait_s) as connection:
            try:
                for piece in (data, *more):
                    connection.sendall(piece)
                while piece := connection.recv(65_536):
                    answer += piece
            except TimeoutError:
                answer += b"<timeout>"
            except (ConnectionResetError, BrokenPipeError):
                pass
        return answer


@contextlib.contextmanager
def serving(engine: Engine, limits: Limits | None = None) -> Iterator[Front]:
    """An HTTP front of this engine, in a thread."""
    from clary.api.serve import Server

    ready = threading.Event()
    found: dict[str, Any] = {}

    async def run() -> None:
        server = Server(engine, limits)
        found["url"] = server.listen("127.0.0.1", 0)
        found["loop"], found["stop"] = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await found["stop"].wait()
        await server.close(grace_s=1)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield Front(found["url"], engine)
    finally:
        found["loop"].call_soon_threadsafe(found["stop"].set)
        thread.join(10)


@pytest.fixture
def fronts(engine: Engine) -> Iterator[Callable[..., Front]]:
    """Starts HTTP fronts of this test's engine."""
    with contextlib.ExitStack() as stack:
        yield lambda limits=None: stack.enter_context(serving(engine, limits))


@pytest.fixture
def front(fronts: Callable[..., Front]) -> Front:
    return fronts()


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, Any], None]:
    """Lets a function answer an operation for the length of this test."""

    def put(service: str, name: str, function: Any) -> None:
        registry.find(service, name)
        monkeypatch.setitem(registry._operations, (service, name), function)

    return put


@pytest.fixture
def serve_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    """Lets a function handle a whole service for the length of this test."""

    def put(service: str, handler: Any) -> None:
        monkeypatch.setitem(registry._services, service, handler)

    return put


def submit_to(
    engine: Engine, script: str = "", regexes: dict[str, str] | None = None, name: str = "job", **request: Any
) -> str:
    """Start `script` (Python text, at most 512 characters) as a training job; returns the job's name."""
    with contextlib.suppress(ObjectsError):
        engine.objects.create_bucket("bucket")
    definitions = [{"Name": key, "Regex": regex} for key, regex in (regexes or {}).items()]
    algorithm = {
        "TrainingImage": "clary/python",
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["python", "-c", "exec(__import__('os').environ['SCRIPT'])"],
    }
    if definitions:
        algorithm["MetricDefinitions"] = definitions  # type: ignore[assignment]
    environment = {"SCRIPT": script or "pass", **request.pop("Environment", {})}
    engine.call("sagemaker", "CreateTrainingJob", {
        "TrainingJobName": name, "RoleArn": "arn:aws:iam::000000000000:role/r",
        "AlgorithmSpecification": algorithm, "Environment": environment,
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600}, **request,
    })  # fmt: skip
    return name


def ended(engine: Engine, name: str, timeout_s: float = 60) -> dict[str, Any]:
    """The description of a training job, once it is over."""
    end = time.monotonic() + timeout_s
    while True:
        job = engine.call("sagemaker", "DescribeTrainingJob", {"TrainingJobName": name})
        if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"):
            return job
        assert time.monotonic() < end, job
        time.sleep(0.05)


@pytest.fixture
def submit(engine: Engine) -> Callable[..., str]:
    """`submit_to` this test's engine."""
    return functools.partial(submit_to, engine)


@pytest.fixture
def trained(engine: Engine, submit: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """Runs a training job (see `submit_to`) to its end; returns its description."""
    return lambda *arguments, **options: ended(engine, submit(*arguments, **options))
