"""A home with endpoints in it: real processes under the real runner, reached by real boto3."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


def _load(name: str) -> Any:
    """Modules beside this file, importable by the tests although tests/ is no package."""
    spec = importlib.util.spec_from_file_location(f"serving_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"serving_{name}"] = module
    spec.loader.exec_module(module)
    return module


models = _load("models")
_load("load")
sys.modules["serving_conftest"] = sys.modules[__name__]

ECHO = """
import json, os

def model_fn(model_dir):
    return os.environ.get("NAME", "echo")

def input_fn(body, content_type):
    return json.loads(body)

def predict_fn(data, model):
    if data == "crash":
        os.kill(os.getpid(), 9)
    if data == "raise":
        raise RuntimeError("this cannot be predicted")
    if data == "hang":
        import time
        time.sleep(3600)
    if isinstance(data, dict) and "sleep" in data:
        import time
        time.sleep(data["sleep"])
    return {"model": model, "data": data, "pid": os.getpid()}

def output_fn(prediction, accept):
    return json.dumps(prediction), "application/json"
"""


class Host:
    """The store, the runner and the endpoints of one home, without the API engine on top."""

    def __init__(self, home: Any, folder: Path) -> None:
        from clary.config import Config
        from clary.runner.pump import Pump
        from clary.runner.runner import Runner
        from clary.serving import Endpoints
        from clary.signing import load_or_mint
        from clary.store import Store

        self.home = home
        self.folder = folder
        self.config = Config.load(home)
        self.store = Store(home)
        self.runner = Runner(home, self.config, self.store)
        self.endpoints = Endpoints(home, self.config, self.store, self.runner)
        self.credentials = load_or_mint(home)
        self.pump = Pump(self.runner)
        self.pump.start()
        self._number = 0

    def model(self, name: str, files: dict[str, bytes | str], **environment: str) -> str:
        url = models.archive(self.folder / f"{name}.tar.gz", files)
        body = {
            "ModelName": name,
            "PrimaryContainer": {"Image": "clary", "ModelDataUrl": url, "Environment": environment},
        }
        self.store.documents.create("model", name, body)
        return name

    def config_of(self, variants: list[dict[str, Any]]) -> str:
        self._number += 1
        name = f"config-{self._number}"
        full = [
            {
                "VariantName": "AllTraffic",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "InitialVariantWeight": 1.0,
                **variant,
            }
            for variant in variants
        ]
        self.store.documents.create(
            "endpoint-config", name, {"EndpointConfigName": name, "ProductionVariants": full}
        )
        return name

    def create(self, name: str, *variants: dict[str, Any], wait: bool = True) -> Any:
        config = self.config_of(list(variants))
        with self.store.transaction():
            body = {"EndpointName": name, "EndpointConfigName": config, "generation": 1}
            self.store.documents.create(
                "endpoint",
                name,
                body,
                arn=f"arn:aws:sagemaker:us-east-1:000000000000:endpoint/{name}",
                status="Creating",
            )
            self.endpoints.create(name)
        self.runner.schedule()
        return self.settled(name) if wait else None

    def update(
        self, name: str, *variants: dict[str, Any], kept: tuple[str, ...] = (), wait: bool = True
    ) -> Any:
        self.endpoints.update(name, self.config_of(list(variants)), kept)
        self.runner.schedule()
        return self.settled(name) if wait else None

    def settled(self, name: str, timeout: float = 60) -> Any:
        """The endpoint's document once nothing is under way any more; None when it is gone."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            document = self.store.documents.find("endpoint", name)
            if document is None or document.status not in ("Creating", "Updating", "Deleting"):
                return document
            time.sleep(0.02)
        raise AssertionError(f"{name} is still {document.status} after {timeout} s: {self.log(name)}")

    def log(self, name: str) -> str:
        """Every stream of the endpoint's log group, for asserts and for their messages."""
        from clary.store.logfile import read_events, streams

        text = []
        for stream in streams(self.home, f"/aws/sagemaker/Endpoints/{name}"):
            text += [f"{stream.name}: {event.message}" for event in read_events(stream.path)[0]]
        return "\n".join(text)

    def client(self, **options: Any) -> Any:
        """An unmodified boto3 client at the runtime address."""
        import boto3
        from botocore.config import Config

        options.setdefault("retries", {"max_attempts": 0})
        options.setdefault("read_timeout", 90)
        session = boto3.session.Session(
            aws_access_key_id=self.credentials.access_key,
            aws_secret_access_key=self.credentials.secret_key,
            region_name="us-east-1",
        )
        return session.client(
            "sagemaker-runtime", endpoint_url=self.endpoints.runtime_url(), config=Config(**options)
        )

    def pids(self, name: str, generation: int = 1) -> dict[str, int]:
        """Shim and child of a generation's job."""
        import json

        job = self.runner.get("endpoint", f"{name}:{generation}")
        assert job is not None
        started = json.loads((self.runner.attempt_dir(job) / "started.json").read_text())
        return {"shim": started["shim"], "child": started["child"]}


@pytest.fixture
def host(home: Any, tmp_path: Path) -> Iterator[Host]:
    host = Host(home, tmp_path / "models")
    yield host
    host.pump.stop()


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    def wait(condition: Callable[[], Any], timeout: float = 30, what: str = "") -> Any:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"not within {timeout} s: {what or condition}")

    return wait
