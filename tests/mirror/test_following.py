"""A mirror that dies, or looks, at the worst moment; with a tracking store in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from clary.api.engine import Engine
from clary.mirror.entry import KIND, Entry
from clary.mirror.following import Following
from clary.mirror.tracker import Metric, RunState, Tracker, TrackerError


class Memory(Tracker):
    """One run, and a switch that kills whoever logs metrics just after they have arrived."""

    def __init__(self) -> None:
        self.params: dict[str, str] = {}
        self.metrics: dict[str, list[tuple[int, float]]] = {}
        self.deadly = False

    def create_run(self, experiment: str, name: str, tags: Mapping[str, str], started: float) -> str:
        return "run"

    def log(
        self, run_id: str, *, params: Mapping[str, str], metrics: Sequence[Metric], tags: Mapping[str, str]
    ) -> None:
        self.params.update(params)
        for one in metrics:
            points = self.metrics.setdefault(one.name, [])
            if (one.step, one.value) not in points:
                points.append((one.step, one.value))
        if metrics and self.deadly:
            raise KeyboardInterrupt

    def state(self, run_id: str) -> RunState:
        return RunState(self.params, frozenset(self.metrics))

    def finish(self, run_id: str, status: str, ended: float) -> None:
        pass

    def delete(self, run_id: str) -> None:
        pass


@pytest.fixture
def ended(engine: Engine, trained: Any, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine with a job that has ended, whose entry says nothing yet of what was sent. One line is a batch."""
    monkeypatch.setattr("clary.mirror.following.MOST_METRICS", 1)
    trained(
        "print('loss=1 acc=5'); print('loss=2 acc=6')",
        {"loss": "loss=([0-9]+)", "acc": "acc=([0-9]+)"},
        {"lr": "0.10"},
    )
    return engine


def following(engine: Engine, **members: Any) -> Following:
    if engine.store.documents.find(KIND, "job") is None:
        arn = engine.call("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "job"})["TrainingJobArn"]
        engine.store.documents.create(KIND, "job", Entry("job", arn, "memory:", "e", **members).body())
    return Following(engine.runner, Entry.of(engine.store.documents.get(KIND, "job")))


def test_one_that_is_killed_between_sending_and_noting_it_knows_its_own_metrics_again(ended: Engine) -> None:
    tracker = Memory()
    tracker.deadly = True
    with pytest.raises(KeyboardInterrupt):
        following(ended, run_id="run", joined=True).step(tracker)
    tracker.deadly = False
    assert following(ended).step(tracker)
    assert tracker.metrics == {"loss": [(0, 1), (1, 2)], "acc": [(0, 5), (1, 6)]}


def test_what_the_script_logs_itself_stays_its_own_when_another_mirror_goes_on(ended: Engine) -> None:
    tracker = Memory()
    tracker.metrics["loss"] = [(0, 0.5)]
    tracker.deadly = True
    with pytest.raises(KeyboardInterrupt):
        following(ended, run_id="run", joined=True).step(tracker)
    tracker.deadly = False
    assert following(ended).step(tracker)
    assert tracker.metrics == {"loss": [(0, 0.5)], "acc": [(0, 5), (1, 6)]}


def test_a_job_that_joins_its_run_just_now_keeps_its_scripts_parameters(ended: Engine) -> None:
    """CreateTrainingJob writes that the script joins together with the job: who sees the one must see the other."""
    tracker = Memory()
    tracker.params["lr"] = "0.1"
    early = following(ended, run_id="run")
    ended.store.documents.update(
        KIND, "job", body={**ended.store.documents.get(KIND, "job").body, "joined": True}
    )
    assert early.step(tracker)
    assert tracker.params == {"lr": "0.1"}


def test_a_store_that_is_refused_before_there_is_a_job_is_told_to_nobody_and_later_to_the_job(
    engine: Engine, trained: Any
) -> None:
    engine.store.documents.create(KIND, "job", Entry("job", "arn", "memory:", "e").body())
    early = following(engine)
    assert not early.failed(TrackerError("no such package"), final=True)
    assert engine.store.documents.find(KIND, "job") is None
    engine.store.documents.create(KIND, "job", Entry("job", "arn", "memory:", "e").body())
    trained("print(1)", {"loss": "loss=([0-9]+)"}, {})
    assert following(engine).failed(TrackerError("no such package"), final=True)
    assert engine.store.documents.find(KIND, "job") is not None  # whoever asked strikes it off
