"""``clary.TrainingLauncher`` from code: what it launches, what is kept of it in a notebook, how its watching ends."""

from __future__ import annotations

import gc
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import clary
from clary.widgets.equivalent import boto3_code, sdk_code
from clary.widgets.recent import recent_jobs, settings_of
from clary.widgets.settings import Settings

LOSS = {"loss": r"loss=([0-9.]+)"}


def stored(home: Path, job: clary.TrainingJob) -> str:
    with tarfile.open(home / "s3" / job.artifacts.removeprefix("s3://")) as archive:
        file = archive.extractfile("model.txt")
        assert file is not None
        return file.read().decode()


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("clary-watch")]


def until(holds: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def running(folder: Path) -> clary.TrainingLauncher:
    """A launcher whose job runs until it is stopped."""
    launcher = clary.TrainingLauncher(
        "train.py", inputs={"train": "./data"}, hyperparameters={"epochs": 10_000, "pause": 0.1}, metrics=LOSS
    )
    launcher.launch()
    until(lambda: launcher.job is not None and not launcher.job.metrics().empty)
    return launcher


def test_what_the_fields_say_is_trained_and_shown(folder: Path, home_path: Path) -> None:
    launcher = clary.TrainingLauncher(
        folder / "train.py",
        inputs={"train": "./data"},
        hyperparameters={"epochs": 4, "mode": "slow"},
        metrics=LOSS,
        environment={"EXTRA": "yes"},
        name="from-code",
    )
    assert launcher.values["hyperparameters"] == {"epochs": 4, "mode": "slow"}
    job = launcher.launch()
    launcher.wait()
    assert job == launcher.job == clary.TrainingJob("from-code")
    assert stored(home_path, job) == "slow ['data.csv'] yes"
    bundle = launcher._repr_mimebundle_()
    # No front end looks: no widget, but everything a reader of the saved notebook needs.
    assert sorted(bundle) == ["text/html", "text/plain"]
    for text in ("from-code", "Completed", "loss=0.25", job.artifacts, "epoch=3"):
        assert text in bundle["text/plain"]
    html = bundle["text/html"]
    for text in (
        "<svg",
        'aria-label="loss: loss 0.25"',
        "Completed",
        "model.deploy()",
        "clary.train(",
        "&lt;script&gt;",
    ):
        assert text in html, text
    assert "<script" not in html
    assert watchers() == []


def test_a_failed_job_is_shown_with_its_reason_and_raised(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    launcher = clary.TrainingLauncher(
        "train.py", inputs={"train": "./data"}, hyperparameters={"fail": "the labels do not fit"}
    )
    launcher.launch()
    with pytest.raises(clary.TrainingFailed, match="the labels do not fit"):
        launcher.wait()
    assert "Failed" in capsys.readouterr().out
    html = launcher._repr_mimebundle_()["text/html"]
    assert "ValueError: the labels do not fit" in html
    assert "model.deploy()" not in html


def test_what_the_api_refuses_is_said_in_its_words(folder: Path) -> None:
    clary.train("train.py", inputs={"train": "./data"}, name="taken", wait=True)
    launcher = clary.TrainingLauncher("train.py", inputs={"train": "./data"}, name="taken")
    with pytest.raises(clary.ClaryError, match="Training job names must be unique"):
        launcher.launch()
    assert launcher.job is None


def test_slips_in_code_are_told_by_name() -> None:
    with pytest.raises(TypeError, match=r"no setting 'epochs'.*hyperparameters"):
        clary.TrainingLauncher("train.py", epochs=3)
    with pytest.raises(ValueError, match="give a source"):
        clary.TrainingLauncher().launch()
    with pytest.raises(RuntimeError, match="Nothing was launched yet"):
        clary.TrainingLauncher("train.py").wait()
    with pytest.raises(ValueError, match="log_lines"):
        clary.TrainingLauncher("train.py", log_lines=0)


def test_a_job_can_be_run_again_from_its_name_alone(folder: Path, home_path: Path) -> None:
    first = clary.TrainingLauncher(
        "train.py", inputs={"train": clary.Input("./data", mode="FastFile")}, hyperparameters={"mode": "slow"},
        metrics=LOSS, environment={"EXTRA": "1"}, max_runtime=600,
    )  # fmt: skip
    first.launch().wait(quiet=True)
    assert first.job is not None
    assert [row[0] for row in recent_jobs()] == [first.job.name]
    again = clary.TrainingLauncher.attach(first.job.name)
    assert "Completed" in again._repr_mimebundle_()["text/plain"]
    assert again.settings.source == str(folder / "train.py")
    again.launch().wait(quiet=True)
    assert again.job is not None
    assert again.job != first.job
    assert stored(home_path, again.job) == "slow ['data.csv'] 1"
    # Its code is gone from the folder: the archive that the job used is there still.
    (folder / "train.py").unlink()
    settings = settings_of(first.job.name)
    assert settings.source.startswith("s3://")
    assert settings.entry == "train.py"
    third = clary.train(**settings.arguments(), wait=True)
    assert stored(home_path, third) == "slow ['data.csv'] 1"


def test_attaching_to_a_job_that_is_not_there_is_the_apis_error(home_path: Path) -> None:
    with pytest.raises(clary.ClaryError, match="could not find training job"):
        clary.TrainingLauncher.attach("ghost")


def test_the_code_that_is_shown_does_what_launch_does(folder: Path, home_path: Path) -> None:
    settings = Settings.of(
        {
            "source": "train.py",
            "inputs": {"train": "./data"},
            "hyperparameters": {"mode": "slow", "fail": ""},
            "metrics": {"loss": r"\bloss=([0-9.]+)"},
            "environment": {"EXTRA": 'a "quoted" value'},
            "max_runtime": 600,
            "retries": 1,
            "requirements": ["numpy"],
        }
    )
    namespace: dict[str, Any] = {}
    exec(sdk_code(settings), namespace)
    short = namespace["job"]
    from clary.sdk.storage import default_bucket

    exec(boto3_code(settings, default_bucket()), {})
    long = next(job for job in clary.jobs() if job != short)
    assert long.wait(quiet=True).status == "Completed"
    assert stored(home_path, short) == stored(home_path, long) == "slow ['data.csv'] a \"quoted\" value"
    one, other = short.describe(), long.describe()
    for member in (
        "AlgorithmSpecification",
        "StoppingCondition",
        "Environment",
        "ResourceConfig",
        "RetryStrategy",
    ):
        assert one[member] == other[member]
    drop = "sagemaker_submit_directory"
    assert {**one["HyperParameters"], drop: ""} == {**other["HyperParameters"], drop: ""}


def test_one_thread_watches_a_panel_until_the_job_ends(running: clary.TrainingLauncher) -> None:
    assert watchers() == []  # nobody looks, nobody watches
    assert running.widget is running.widget
    monitor = running._panel.monitor
    until(lambda: "In progress" in monitor.head.value and "loss=" in monitor.log.value)
    assert len(watchers()) == 1
    assert "<svg" in monitor.metrics.value
    running.stop()
    until(lambda: "Stopped" in monitor.head.value and not watchers())
    assert monitor.stop.layout.display == "none"
    assert monitor.again.layout.display is None


def test_watching_ends_when_the_panel_is_closed_or_gone_and_the_job_goes_on(
    running: clary.TrainingLauncher,
) -> None:
    assert running.job is not None
    _ = running.widget
    assert len(watchers()) == 1
    running.close()
    until(lambda: not watchers())
    assert running.job.status == "InProgress"

    from clary.widgets.observing import Look
    from clary.widgets.watcher import Watcher

    class Viewer:
        seen = 0

        def show(self, look: Look) -> None:
            self.seen += 1

        def trouble(self, text: str) -> None: ...

    viewers = [Viewer()]
    watcher = Watcher(running.job, viewers[0].show, viewers[0].trouble)
    until(lambda: viewers[0].seen > 1)
    viewers.clear()
    gc.collect()
    until(lambda: not watcher.alive)


def test_a_long_history_is_thinned_and_keeps_its_peaks() -> None:
    from clary.widgets.observing import POINTS, thinned

    points = [(float(x), 0.0) for x in range(100_000)]
    points[54_321] = (54_321.0, 9.0)
    points[12_345] = (12_345.0, -9.0)
    thin = thinned(points)
    assert len(thin) <= POINTS + 1
    assert (54_321.0, 9.0) in thin
    assert (12_345.0, -9.0) in thin
    assert thin == sorted(thin)
    assert thin[-1] == points[-1]


def test_the_chart_copes_with_numbers_that_are_none() -> None:
    from clary.widgets.view.chart import charts

    nan, inf = float("nan"), float("inf")
    drawn = charts(
        {
            "loss": [(0.0, nan), (1.0, inf)],
            "a:x": [(0.0, 1.0)],
            "b:x": [(0.0, 1e300), (5.0, -1e300)],
            "none": [],
        }
    )
    assert "<svg" in drawn
    assert "nan," not in drawn
    assert 'aria-label="x: a:x 1, b:x -1e+300"' in drawn
