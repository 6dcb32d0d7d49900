"""A job's whole life under the real runner: prepared, labelled, written."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from clary.config import Config
from clary.home import Home
from clary.labeling import steps
from clary.labeling.session import Session
from clary.labeling.work import Work
from clary.runner.pump import Pump
from clary.runner.runner import Runner
from clary.store import Store


class Bench:
    """A home with a runner, and labeling jobs in it."""

    def __init__(self, home: Home, folder: Path, settings: Any) -> None:
        self.home, self.folder, self._settings = home, folder, settings
        self.store = Store(home)
        self.runner = Runner(home, Config.load(home), self.store)
        self.pump = Pump(self.runner)
        self.pump.start()

    def start(self, lines: list[dict[str, Any]] | list[str], name: str = "pets", **members: Any) -> Work:
        manifest = self.folder / f"{name}.manifest"
        manifest.write_text(
            "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)
        )
        members = {"input_uri": f"file://{manifest}", "output_uri": f"file://{self.folder}/out", **members}
        settings = self._settings(name, **members)
        self.store.documents.create("labeling-job", name, {}, arn=settings.arn, status="Initializing")
        return steps.start(self.home, self.store, self.runner, settings)

    def wait(self, name: str, *statuses: str, timeout: float = 60) -> Any:
        deadline = time.monotonic() + timeout
        while (document := self.store.documents.get("labeling-job", name)).status not in statuses:
            assert time.monotonic() < deadline, (
                f"{name} is {document.status}, not {statuses}: {self.log(name)}"
            )
            time.sleep(0.02)
        return document

    def session(self, name: str = "pets", worker: str = "anna", owner: bool = False) -> Session:
        return Session(self.home, self.runner, self.store, name, worker, owner)

    def log(self, name: str) -> str:
        from clary.store.logfile import read_events, streams

        found = streams(self.home, "/aws/sagemaker/LabelingJobs", name)
        return "\n".join(event.message for one in found for event in read_events(one.path)[0])

    def output(self, name: str = "pets") -> list[dict[str, Any]]:
        text = (self.folder / "out" / name / "manifests/output/output.manifest").read_text()
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def bench(home, tmp_path, make_settings):
    bench = Bench(home, tmp_path, make_settings)
    yield bench
    bench.pump.stop()


def label_all(session: Session, label: str = "cat") -> int:
    done = 0
    while items := session.call("next", {"n": 5})["items"]:  # type: ignore[index]
        for one in items:
            session.call(
                "act",
                {
                    "action": "answer",
                    "object": one["id"],
                    "answer": {"label": label},
                    "nonce": f"{one['id']}",
                },
            )
            done += 1
    return done


def test_a_job_is_prepared_labelled_and_written(bench):
    bench.start([{"source": f"text {number}", "more": number} for number in range(3)])
    bench.wait("pets", "InProgress")
    assert label_all(bench.session()) == 3
    document = bench.wait("pets", "Completed")
    lines = bench.output()
    assert [(one["source"], one["more"], one["pet"]) for one in lines] == [
        (f"text {number}", number, 0) for number in range(3)
    ]
    assert lines[0]["pet-metadata"]["human-annotated"] == "yes"
    assert document.body["LabelingJobOutput"]["OutputDatasetS3Uri"].endswith(
        "/pets/manifests/output/output.manifest"
    )
    responses = list((bench.folder / "out/pets/annotations/worker-response/iteration-1").glob("*/*.json"))
    assert len(responses) == 3
    with pytest.raises(Exception, match="complete"):
        bench.session().call(
            "act", {"action": "answer", "object": 0, "answer": {"label": "cat"}, "nonce": "x"}
        )
