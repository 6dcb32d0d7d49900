"""Labeling jobs through the API: a bucket with an input manifest, jobs whose steps run in the test's process, people."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.api.engine import Engine

ROLE = "arn:aws:iam::000000000000:role/labeling"
TEAM = "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/default"
LAMBDA = "arn:aws:lambda:us-east-1:432418664414:function:"


@pytest.fixture
def memory() -> Iterator[Path | None]:
    """A folder in memory, where the system has such a place; removed when the processes of the test's home are dead."""
    place = Path("/dev/shm")
    if not os.access(place, os.W_OK):
        yield None
        return
    folder = tempfile.mkdtemp(prefix="clary-", dir=place)
    yield Path(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home_path(memory: Path | None, home_path: Path) -> Path:
    """In memory: every act waits for the disk, and a busy one takes its time."""
    if memory is not None:
        home_path.symlink_to(memory)
    return home_path


@pytest.fixture
def put(engine: Engine) -> Callable[[str, Any], str]:
    """Stores an object in the bucket "data" and returns its URI; anything but bytes and texts as JSON."""
    engine.objects.create_bucket("data")

    def store(key: str, content: Any) -> str:
        if not isinstance(content, bytes | str):
            content = json.dumps(content)
        uri = f"s3://data/{key}"
        engine.objects.write_uri(uri, content.encode() if isinstance(content, str) else content)
        return uri

    return store


@pytest.fixture
def request_of(put: Callable[[str, Any], str]) -> Callable[..., dict[str, Any]]:
    """A CreateLabelingJob request that is accepted, about texts that are good or bad. `human`: members of HumanTaskConfig to
    set, or to leave out (None); other members likewise."""
    put("in.manifest", "".join(json.dumps({"source": f"text {number}"}) + "\n" for number in range(3)))
    put("labels.json", {"document-version": "2018-11-28", "labels": [{"label": "good"}, {"label": "bad"}]})

    def make(name: str = "mood", human: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        task = {
            "WorkteamArn": TEAM,
            "UiConfig": {},
            "PreHumanTaskLambdaArn": f"{LAMBDA}PRE-TextMultiClass",
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": f"{LAMBDA}ACS-TextMultiClass"
            },
            "TaskTitle": "Mood",
            "TaskDescription": "Is it good?",
            "NumberOfHumanWorkersPerDataObject": 1,
            "TaskTimeLimitInSeconds": 600,
        }
        request = {
            "LabelingJobName": name,
            "LabelAttributeName": "mood",
            "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://data/in.manifest"}}},
            "OutputConfig": {"S3OutputPath": "s3://data/out"},
            "RoleArn": ROLE,
            "LabelCategoryConfigS3Uri": "s3://data/labels.json",
            "HumanTaskConfig": {
                key: value for key, value in {**task, **(human or {})}.items() if value is not None
            },
        }
        return {key: value for key, value in {**request, **members}.items() if value is not None}

    return make


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step is started by itself: a process each would be most of the time of a test that is about something else."""
    monkeypatch.setattr("clary.labeling.steps.submitting._submit", lambda *_: None)


@pytest.fixture
def run_step(engine: Engine, quiet: None) -> Callable[[str], None]:
    """Does what a job has to do, here and now, as the process of a step does it."""
    from clary.labeling.steps import entry
    from clary.labeling.work import Work

    def run(name: str) -> None:
        work = Work.open(engine.home, name)
        context = entry.Context(engine.home, engine.config, engine.store, engine.objects, work)
        try:
            entry.run(context, work.fact("steps", 0))
        except (entry.StepFailed, entry.ObjectsError) as error:
            entry._failed(context, str(error))

    return run


@pytest.fixture
def job(
    engine: Engine, request_of: Callable[..., dict[str, Any]], run_step: Callable[[str], None]
) -> Callable[..., str]:
    """A labeling job that people can work on; returns its name."""

    def make(name: str = "mood", **members: Any) -> str:
        engine.call("sagemaker", "CreateLabelingJob", request_of(name, **members))
        run_step(name)
        return name

    return make


@pytest.fixture
def describe(engine: Engine) -> Callable[[str], dict[str, Any]]:
    return lambda name: engine.call("sagemaker", "DescribeLabelingJob", {"LabelingJobName": name})


class Front:
    """The engine over HTTP in a thread of this process, as `clary serve` has it."""

    def __init__(self, engine: Engine, url: str) -> None:
        self.engine, self.url = engine, url

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer; `body`: bytes, or anything else as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        host = self.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request(method, path, data, headers or {})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, names, answer.read()
        finally:
            connection.close()

    @property
    def login(self) -> dict[str, str]:
        """Headers of somebody with Clary's own token."""
        return {"Authorization": f"Bearer {self.engine.credentials.token}"}

    def invite(self, name: str = "Anna", team: str = "default") -> dict[str, str]:
        """Headers of a new annotator."""
        status, _, body = self.ask("POST", f"/clary/workteams/{team}/members", self.login, {"name": name})
        assert status == 200, body
        return {"X-Clary-Annotator": json.loads(body)["link"].partition("#")[2]}


@pytest.fixture
def front(engine: Engine) -> Iterator[Front]:
    from clary.api.presence import Presence
    from clary.api.serve import Server

    ready = threading.Event()
    found: dict[str, Any] = {}

    async def run() -> None:
        server = Server(engine)
        found["url"] = server.listen("127.0.0.1", 0)
        found["loop"], found["stop"] = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await found["stop"].wait()
        await server.close(grace_s=1)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    presence = Presence(engine.home, found["url"])
    yield Front(engine, found["url"])
    presence.leave()
    found["loop"].call_soon_threadsafe(found["stop"].set)
    thread.join(10)
