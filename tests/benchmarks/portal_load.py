"""Many annotators at once through the portal, while its server is killed: the load of a test and of a benchmark."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clary.api.engine import Engine
from clary.home import Home
from clary.labeling.people import People
from clary.labeling.work import Work

JOB = "crowd"
TEAM = "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/default"


@dataclass
class Server:
    """`clary serve` at one port, killed and started again."""

    home: Path
    port: int = 0
    process: Any = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clary.cli", "serve", "--port", str(self.port)],
            env={**os.environ, "CLARY_HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        line = self.process.stdout.readline()
        self.port = int(line.split("http://")[1].split()[0].rpartition(":")[2])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass
class Annotator:
    """One person: takes items and answers them, and repeats what got no answer, with the same nonce."""

    name: str
    secret: str
    server: Server
    over: threading.Event
    acknowledged: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    repeated: int = 0
    _connection: http.client.HTTPConnection | None = None

    def work(self) -> None:
        while not self.over.is_set():
            items = self.call("next", {"n": 4})["result"]["items"]
            if not items:
                if self.call("open", {})["result"]["progress"]["left"] == 0:
                    return
                time.sleep(0.05)
            for one in items:
                nonce = f"{self.name}-{one['id']}"
                label = ("good", "bad")[one["id"] % 2]
                act = {
                    "action": "answer",
                    "object": one["id"],
                    "answer": {"label": label},
                    "nonce": nonce,
                    "seconds": 1.5,
                }
                begun = time.perf_counter()
                answer = self.call("act", act)
                self.seconds.append(time.perf_counter() - begun)
                if "result" in answer:
                    self.acknowledged[nonce] = answer["result"]["seq"]

    def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps({"method": method, "params": params})
        headers = {"X-Clary-Annotator": self.secret, "Content-Type": "application/json"}
        while True:
            try:
                if self._connection is None:
                    self._connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
                self._connection.request("POST", f"/clary/portal/jobs/{JOB}/canvas", body, headers)
                answer = self._connection.getresponse()
                found: dict[str, Any] = json.loads(answer.read())
                assert answer.status in (200, 409), (answer.status, found)
                return found
            except (OSError, http.client.HTTPException):
                # What a canvas does when the server is gone: it keeps the act and tries again.
                self._connection = None
                self.repeated += 1
                time.sleep(0.05)


@dataclass
class Outcome:
    """What came of it. `seconds`: of each answer, from sending to acknowledgement; `wall_s`: of all."""

    annotators: list[Annotator]
    work: Work
    wall_s: float
    seconds: list[float]


def prepare(home: Home, objects: int, annotators: int) -> list[str]:
    """A job of so many texts, and the secrets of so many people."""
    engine = Engine(home)
    engine.objects.create_bucket("data")
    lines = "".join(json.dumps({"source": f"text {number}"}) + "\n" for number in range(objects))
    engine.objects.write_uri("s3://data/in.manifest", lines.encode())
    engine.objects.write_uri("s3://data/labels.json", b'{"labels": [{"label": "good"}, {"label": "bad"}]}')
    account = "arn:aws:lambda:us-east-1:432418664414:function:"
    engine.call("sagemaker", "CreateLabelingJob", {
        "LabelingJobName": JOB, "LabelAttributeName": "kind",
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://data/in.manifest"}}},
        "OutputConfig": {"S3OutputPath": "s3://data/out"}, "RoleArn": "arn:aws:iam::000000000000:role/labeling",
        "LabelCategoryConfigS3Uri": "s3://data/labels.json",
        "HumanTaskConfig": {
            "WorkteamArn": TEAM, "UiConfig": {}, "PreHumanTaskLambdaArn": f"{account}PRE-TextMultiClass",
            "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": f"{account}ACS-TextMultiClass"},
            "TaskTitle": "t", "TaskDescription": "d", "NumberOfHumanWorkersPerDataObject": 1, "TaskTimeLimitInSeconds": 600,
        },
    })  # fmt: skip
    wait(engine, "InProgress")
    people = People(engine.store)
    return [people.invite("default", f"annotator {number}")[1] for number in range(annotators)]


def wait(engine: Engine, status: str, patience_s: float = 90) -> dict[str, Any]:
    """The description of the job, when it has that status."""
    end = time.monotonic() + patience_s
    while True:
        found = engine.call("sagemaker", "DescribeLabelingJob", {"LabelingJobName": JOB})
        if found["LabelingJobStatus"] == status:
            return found
        assert found["LabelingJobStatus"] != "Failed", found
        assert time.monotonic() < end, found
        time.sleep(0.1)


def run(
    home: Home, secrets: list[str], kill_at: tuple[int, ...] = (), tell: Callable[[str], None] = print
) -> Outcome:
    """Let all of them label at once until nothing is left; the server is killed when so many answers are acknowledged."""
    server, over = Server(home.root), threading.Event()
    server.start()
    people = [Annotator(f"annotator {number}", secret, server, over) for number, secret in enumerate(secrets)]
    threads = [threading.Thread(target=one.work, daemon=True) for one in people]
    begun = time.monotonic()
    try:
        for thread in threads:
            thread.start()
        for count in kill_at:
            while sum(len(one.acknowledged) for one in people) < count and any(
                one.is_alive() for one in threads
            ):
                time.sleep(0.002)
            server.kill()
            tell(f"killed after {sum(len(one.acknowledged) for one in people)} answers")
            server.start()
        for thread in threads:
            thread.join(100)
        wall = time.monotonic() - begun
        assert not any(one.is_alive() for one in threads), "some annotators did not come to an end"
    finally:
        over.set()
        server.kill()
    seconds = [second for one in people for second in one.seconds]
    return Outcome(people, Work.open(home, JOB), wall, seconds)


def check(outcome: Outcome, objects: int) -> None:
    """None lost, none doubled: every acknowledged answer is on record, and every object has exactly one."""
    events = outcome.work.events(limit=10 * objects)
    answers = {one.nonce: one for one in events if one.action == "answer"}
    assert len(answers) == sum(one.action == "answer" for one in events) == objects
    assert len({one.object for one in answers.values()}) == objects
    for person in outcome.annotators:
        for nonce, seq in person.acknowledged.items():
            assert (answers[nonce].seq, answers[nonce].worker) == (seq, person.name)
    votes = outcome.work.votes()
    assert sorted(votes) == list(range(objects))
    assert all(len(given) == 1 for given in votes.values())
    assert all(given[0].answer == {"label": ("good", "bad")[number % 2]} for number, given in votes.items())
