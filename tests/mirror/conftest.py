"""A real MLflow server, in an environment that has the packages of SDK 3 (see tests/sdks/environments.py)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Under xdist and with a bare `pytest` the repository is not on the path.
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.sdks import environments

from clary.api.engine import Engine
from clary.objects import ObjectsError
from clary.store.logfile import read_events, streams


@pytest.fixture(scope="session")
def mlflow_site() -> Path:
    """The site-packages with mlflow and its server: those of SDK 3, which depends on both."""
    (site,) = environments.python_of("v3").parents[1].glob("lib/python*/site-packages")
    return site


@pytest.fixture(scope="session")
def mlflow_python(mlflow_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with mlflow, and with Clary's packages where those have none."""
    folder = tmp_path_factory.mktemp("mlflow-python")
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "both.pth").write_text(f"{mlflow_site}\n{sysconfig.get_path('purelib')}\n")
    return folder / "bin" / "python"


class Server:
    """An `mlflow server` on SQLite, and what it knows."""

    def __init__(self, python: Path, folder: Path, port: int = 0) -> None:
        self._python, self.folder = python, folder
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        log = os.open(self.folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.process = subprocess.Popen(
            [
                str(self._python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
                "--backend-store-uri", f"sqlite:///{self.folder}/server.db", "--artifacts-destination", str(self.folder / "a"),
            ],
            env=environment, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        os.close(log)
        end = time.monotonic() + 180  # it takes four seconds, and a minute on a busy machine
        while True:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer,
            ):
                if answer.status == 200:
                    return
            assert time.monotonic() < end, (self.folder / "server.log").read_text()[-3000:]
            time.sleep(0.1)

    def stop(self) -> None:
        if self.process is None:
            return
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
    running.start()
    yield running
    running.stop()


@pytest.fixture
def later_server(mlflow_python: Path, server: Server, tmp_path: Path) -> Iterator[Server]:
    """A server that is not there until its test starts it; its database needs no more making, which takes long."""
    shutil.copy(server.folder / "server.db", tmp_path / "server.db")
    one = Server(mlflow_python, tmp_path)
    yield one
    one.stop()


_ASKED = """
import json, sys
from mlflow import MlflowClient
for line in sys.stdin:
    uri, code = json.loads(line)
    try:
        answer = [True, eval(code, {"client": MlflowClient(uri)})]
    except Exception as error:
        answer = [False, repr(error)]
    print("answer " + json.dumps(answer), flush=True)
"""


class Asker:
    """A process that has mlflow imported, which takes a second or more each time."""

    def __init__(self, python: Path) -> None:
        self.process = subprocess.Popen(
            [str(python), "-c", _ASKED],
            env={**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def ask(self, uri: str, code: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([uri, code]) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("answer "):
                good, value = json.loads(line.removeprefix("answer "))
                assert good, value
                return value
        raise AssertionError("the process that asks mlflow has ended")


@pytest.fixture(scope="session")
def asker(mlflow_python: Path) -> Iterator[Asker]:
    process = Asker(mlflow_python)
    yield process
    process.process.kill()
    process.process.wait()


class Studio:
    """Submits training jobs, and reads their runs with mlflow's own client."""

    def __init__(self, engine: Engine, mlflow_python: Path, asker: Asker) -> None:
        self.engine = engine
        self._python, self._asker = mlflow_python, asker
        with contextlib.suppress(ObjectsError):
            engine.objects.create_bucket("bucket")

    def submit(
        self, script: str, name: str = "job", regexes: dict[str, str] | None = None, **request: Any
    ) -> str:
        """`script` is at most 512 characters of Python, run by the interpreter that has mlflow."""
        definitions = [{"Name": key, "Regex": regex} for key, regex in (regexes or {}).items()]
        algorithm: dict[str, Any] = {
            "TrainingImage": "clary/python", "TrainingInputMode": "File",
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
        end = time.monotonic() + 120
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
        """The value of the Python expression `code`, where `client` is mlflow's own for the tracking URI."""
        return self._asker.ask(uri, code)

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
def studio(engine: Engine, mlflow_python: Path, asker: Asker) -> Studio:
    return Studio(engine, mlflow_python, asker)


@pytest.fixture
def trained(engine: Engine) -> Callable[[str, dict[str, str], dict[str, str]], None]:
    """Runs a script to its end as the training job ``job`` of which MLflow hears nothing: (script, metrics' regexes,
    hyperparameters)."""

    def train(script: str, regexes: dict[str, str], hyperparameters: dict[str, str]) -> None:
        engine.objects.create_bucket("bucket")
        engine.call("sagemaker", "CreateTrainingJob", {
            "TrainingJobName": "job", "RoleArn": "arn:aws:iam::000000000000:role/r", "HyperParameters": hyperparameters,
            "AlgorithmSpecification": {
                "TrainingImage": "clary/python", "TrainingInputMode": "File",
                "ContainerEntrypoint": [sys.executable, "-c", script],
                "MetricDefinitions": [{"Name": key, "Regex": regex} for key, regex in regexes.items()],
            },
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"}, "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        })  # fmt: skip
        end = time.monotonic() + 90
        while engine.runner.get("training-job", "job").state != "done":
            assert time.monotonic() < end
            time.sleep(0.05)

    return train
