"""A job's whole life under the real runner: prepared, labelled, written."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from clary.config import Config
from clary.home import Home
from clary.labeling import steps
from clary.labeling.session import Session
from clary.labeling.settings import Automatic
from clary.labeling.simulation import Simulated, run
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


@pytest.mark.slow
def test_a_step_that_is_killed_again_and_again_goes_on_where_it_was(bench):
    count, killed = 12_000, 0
    work = bench.start([{"source": f"text {number}"} for number in range(count)], availability_s=10**6)
    deadline = time.monotonic() + 60
    while work.status == "Initializing":
        assert time.monotonic() < deadline, bench.log("pets")
        there = work.counts().get("total", 0)
        step = work.fact("step")
        job = bench.runner.get("labeling-step", f"pets/{step['n']}") if step else None
        started = bench.runner.attempt(job).started() if job is not None and killed < 2 else None
        if started is not None and there > 2000 * killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(started["shim" if killed else "child"], signal.SIGKILL)
                killed += 1
        time.sleep(0.005)
    assert killed == 2
    assert [row.id for row in work.all_objects()] == list(range(count))
    assert work.counts()["open"] == count
    bench.wait("pets", "InProgress")


def test_a_job_is_stopped_and_tells_watchers_what_it_is(bench):
    bench.start([{"source": f"text {number}"} for number in range(3)])
    bench.wait("pets", "InProgress")
    steps.stop(bench.home, bench.store, bench.runner, "pets")
    assert bench.wait("pets", "Stopped").body["LabelingJobOutput"]
    assert [line for line in bench.output() if "pet" in line] == []
    steps.stop(bench.home, bench.store, bench.runner, "pets")  # it has ended: nothing happens
    assert bench.store.documents.get("labeling-job", "pets").status == "Stopped"


def test_a_step_that_was_announced_by_somebody_who_died_is_started_by_whoever_asks(bench):
    work = bench.start([{"source": "text"}])
    bench.wait("pets", "InProgress")
    while work.fact("step") is not None:
        time.sleep(0.01)
    work.set(opened=time.time() - 10**7, step={"n": 7, "time": time.time() - 10})
    steps.tend(bench.home, bench.store, bench.runner, "pets")
    document = bench.wait("pets", "Failed")
    assert "expired" in document.body["FailureReason"]


@pytest.mark.slow
def test_a_step_that_learns_waits_for_the_next_answers(bench):
    """People wait for it: the second round begins without a new process."""
    lines = [{"source": f"{'meow purr' if number % 2 else 'bark bone'} {number}"} for number in range(120)]
    work = bench.start(lines, automatic=Automatic(epsilon=0.1))
    bench.wait("pets", "InProgress")
    truth = {number: "cat" if number % 2 else "dog" for number in range(120)}
    run(bench.home, bench.runner, bench.store, "pets", [Simulated("anna", truth)])
    bench.wait("pets", "Completed")
    assert work.counters()["MachineLabeled"] > 20
    assert work.fact("steps") == 1
    assert len(work.batches()) >= 2
