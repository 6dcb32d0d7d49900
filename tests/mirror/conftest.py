"""A real MLflow server, in a virtual environment of its own that is kept under build/ for the next time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.api.engine import Engine
from clary.objects import ObjectsError
from clary.store.logfile import read_events, streams

# What `mlflow server` imports beyond mlflow-skinny; numpy and pandas are those of our own environment.
_PACKAGES = (
    "mlflow-skinny==3.17.2", "sqlalchemy==2.1.9", "alembic==1.20.1", "flask==3.1.3", "flask-cors==6.0.5", "graphene==3.4.3",
    "aiohttp==3.14.5",
)  # fmt: skip
_ENVIRONMENT = Path(__file__).parents[2] / "build" / "mlflow"


@pytest.fixture(scope="session")
def mlflow_python() -> Path:
    """The interpreter of an environment with mlflow."""
    _ENVIRONMENT.parent.mkdir(exist_ok=True)
    python, stamp = _ENVIRONMENT / "bin" / "python", _ENVIRONMENT / "packages.txt"
    with open(_ENVIRONMENT.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != "\n".join(_PACKAGES):
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(_ENVIRONMENT)], check=True)
            (site,) = _ENVIRONMENT.glob("lib/python*/site-packages")
            (site / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
            subprocess.run([str(python), "-m", "pip", "install", "-q", *_PACKAGES], check=True)
            stamp.write_text("\n".join(_PACKAGES))
    return python


class Server:
    """An `mlflow server` on SQLite, and what it knows."""

    def __init__(self, python: Path, folder: Path, port: int = 0) -> None:
        self._python, self._folder = python, folder
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        log = os.open(self._folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.process = subprocess.Popen(
            [
                str(self._python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
                "--backend-store-uri", f"sqlite:///{self._folder}/server.db", "--artifacts-destination", str(self._folder / "a"),
            ],
            env=environment, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        os.close(log)
        end = time.monotonic() + 60
        while True:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer,
            ):
                if answer.status == 200:
                    return
            assert time.monotonic() < end, (self._folder / "server.log").read_text()[-3000:]
            time.sleep(0.1)

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(mlflow_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(mlflow_python, tmp_path_factory.mktemp("mlflow"))
    yield running
    running.stop()


@pytest.fixture
def other_server(mlflow_python: Path, tmp_path: Path) -> Iterator[Callable[[], Server]]:
    """A server of this test alone, which it may end."""
    started: list[Server] = []

    def start() -> Server:
        started.append(Server(mlflow_python, tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.stop()


class Studio:
    """Submits training jobs, and reads their runs with mlflow's own client."""

    def __init__(self, engine: Engine, mlflow_python: Path) -> None:
        self.engine = engine
        self._python = mlflow_python
        with contextlib.suppress(ObjectsError):
            engine.objects.create_bucket("bucket")

    def submit(
        self, script: str, name: str = "job", regexes: dict[str, str] | None = None, **request: Any
    ) -> str:
        """`script` is at most 512 characters of Python, run by the interpreter that has mlflow."""
        definitions = [{"Name": key, "Regex": regex} for key, regex in (regexes or {}).items()]
        algorithm: dict[str, Any] = {
            "TrainingImage": "i", "TrainingInputMode": "File",
            "ContainerEntrypoint": [str(self._python), "-c", "exec(__import__('os').environ['SCRIPT'])"],
        }  # fmt: skip
        if definitions:
            algorithm["MetricDefinitions"] = definitions
        self.call("CreateTrainingJob", {
            "TrainingJobName": name, "RoleArn": "arn:aws:iam::000000000000:role/r", "AlgorithmSpecification": algorithm,
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"}, "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}, **request,
            "Environment": {"SCRIPT": script, **request.get("Environment", {})},
        })  # fmt: skip
        return name

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return self.engine.call("sagemaker", operation, params)

    def ended(self, name: str = "job") -> dict[str, Any]:
        return self.until(lambda job: job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"), name)

    def until(self, condition: Callable[[dict[str, Any]], object], name: str = "job") -> dict[str, Any]:
        end = time.monotonic() + 90
        while not condition(job := self.call("DescribeTrainingJob", {"TrainingJobName": name})):
            assert time.monotonic() < end, (job, self.log(name))
            time.sleep(0.05)
        return job

    def run_id(self, name: str = "job") -> str:
        """The run that the job's tags name, once all of the job is in it."""
        self.settled(name)
        arn = self.call("DescribeTrainingJob", {"TrainingJobName": name})["TrainingJobArn"]
        return self.engine.store.tags.list(arn)["mlflow.run_id"]

    def settled(self, name: str = "job") -> None:
        end = time.monotonic() + 60
        while self.engine.store.documents.find("mlflow-run", name) is not None:
            assert time.monotonic() < end, self.mirror_log()
            time.sleep(0.05)

    def mirror_log(self) -> str:
        path = self.engine.home.run / "mlflow.log"
        return path.read_text() if path.exists() else ""

    def log(self, name: str = "job") -> list[str]:
        found = streams(self.engine.home, "/aws/sagemaker/TrainingJobs", f"{name}/")
        return [event.message for stream in found for event in read_events(stream.path)[0]]

    def ask(self, uri: str, code: str) -> Any:
        """What Python `code` prints as JSON; `client` is mlflow's own for the tracking URI."""
        import json

        program = f"import json\nfrom mlflow import MlflowClient\nclient = MlflowClient({uri!r})\nprint(json.dumps({code}))"
        environment = {**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true"}
        done = subprocess.run(
            [str(self._python), "-c", program], capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def run(self, uri: str, run_id: str) -> dict[str, Any]:
        """status, params, tags, and the history of each metric as [step, value]."""
        code = (
            f"(lambda r: dict(status=r.info.status, params=r.data.params, tags=r.data.tags, name=r.info.run_name,"
            f" times=[r.info.start_time, r.info.end_time], experiment=client.get_experiment(r.info.experiment_id).name,"
            f" metrics={{k: [[m.step, m.value] for m in client.get_metric_history({run_id!r}, k)] for k in r.data.metrics}},"
            f" stamps={{k: [m.timestamp for m in client.get_metric_history({run_id!r}, k)] for k in r.data.metrics}}"
            f"))(client.get_run({run_id!r}))"
        )
        found: dict[str, Any] = self.ask(uri, code)
        return found


@pytest.fixture
def studio(engine: Engine, mlflow_python: Path) -> Studio:
    return Studio(engine, mlflow_python)
