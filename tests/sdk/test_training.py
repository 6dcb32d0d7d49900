"""``clary.train`` with real jobs: what goes in, what is seen while it runs, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

import clary

SCRIPT = """
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--name")
options = parser.parse_args()
for epoch in range(options.epochs):
    print(f"epoch={epoch} loss={1 / (epoch + 1):.3f}", flush=True)
with open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "data.csv")) as data:
    text = data.read()
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w") as model:
    model.write(f"{options.name}:{text}:{os.environ['EXTRA']}")
"""


@pytest.fixture
def folder(home_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a script and its data."""
    work = tmp_path / "work"
    (work / "data" / "deep").mkdir(parents=True)
    (work / "train.py").write_text(SCRIPT)
    (work / "data" / "data.csv").write_text("1,2")
    (work / "data" / "deep" / "more.csv").write_text("3,4")
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def sleeper(home_path: Path, tmp_path: Path) -> clary.TrainingJob:
    """A job that runs until it is stopped."""
    (tmp_path / "sleep.py").write_text(
        "import time\nprint('first line', flush=True)\nwhile True: time.sleep(0.1)"
    )
    return clary.train(tmp_path / "sleep.py", name="sleeper")


def until(job: clary.TrainingJob, secondary: str) -> None:
    end = time.monotonic() + 60
    while job.describe()["SecondaryStatus"] != secondary:
        assert time.monotonic() < end, job.describe()
        time.sleep(0.05)


def test_a_script_is_trained_in_one_call(
    folder: Path, home_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = clary.train(
        "train.py",
        inputs={"train": "./data"},
        hyperparameters={"epochs": 4, "name": "two words"},
        metrics={"loss": r"loss=([0-9.]+)"},
        environment={"EXTRA": "yes"},
        wait=True,
        logs=True,
    )
    said = capsys.readouterr().out
    assert "Completed" in said
    assert "epoch=3 loss=0.250" in said
    assert job.status == "Completed"
    assert job.name.startswith("train-")
    assert job.arn == f"arn:aws:sagemaker:us-east-1:000000000000:training-job/{job.name}"
    assert job.artifacts == f"s3://clary-us-east-1-000000000000/{job.name}/output/model.tar.gz"
    with tarfile.open(home_path / "s3" / job.artifacts.removeprefix("s3://")) as archive:
        file = archive.extractfile("model.txt")
        assert file is not None
        assert file.read() == b"two words:1,2:yes"
    inputs = home_path / "s3" / "clary-us-east-1-000000000000" / job.name / "input" / "train"
    assert (inputs / "deep" / "more.csv").read_text() == "3,4"

    metrics = job.metrics()
    assert list(metrics.columns) == ["time", "name", "value"]
    assert metrics["value"].tolist() == [1.0, 0.5, 0.333, 0.25]
    assert str(metrics["time"].dt.tz) == "UTC"
    assert list(job.resources().columns)[:3] == ["time", "cpu_percent", "rss_mb"]
    assert "epoch=0 loss=1.000" in str(job.logs())
    assert str(job.tail(1)).count("\n") == 0
    page = job._repr_html_()
    assert job.name in page
    assert "0.25" in page
    assert "<script" not in page


def test_a_jobs_boto3_hint_is_the_call_that_shows_it(folder: Path) -> None:
    import boto3  # noqa: F401  used by the hint

    job = clary.train("train.py", inputs="./data", name="hinted")
    assert eval(job.boto3)["TrainingJobArn"] == job.arn
    assert repr(job) == "TrainingJob('hinted')"
    assert job == clary.TrainingJob("hinted")
    assert job in set(clary.jobs())


@pytest.mark.slow
def test_a_notebook_is_trained_with_its_parameters(
    folder: Path, home_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import nbformat

    cells = [
        nbformat.v4.new_code_cell("epochs = 1\nrate = 0.5\nname = ''", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("assert (epochs, rate, name) == (3, 0.25, '7'), (epochs, rate, name)"),
        nbformat.v4.new_code_cell(
            "import os\nopen(os.environ['SM_MODEL_DIR'] + '/m', 'w').write('x')\nprint('loss=0.5')"
        ),
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), folder / "train.ipynb")
    job = clary.train(
        "train.ipynb",
        hyperparameters={"epochs": 3, "rate": 0.25, "name": "7"},
        metrics={"loss": r"loss=([0-9.]+)"},
        wait=True,
    )
    assert job.status == "Completed"
    output = home_path / "s3" / job.artifacts.removeprefix("s3://").replace("model.tar", "output.tar")
    with tarfile.open(output) as tar:
        assert [name for name in tar.getnames() if name.endswith(".ipynb")] == ["train.ipynb"]


def test_a_failure_is_raised_with_its_reason_and_the_end_of_the_log(home_path: Path, tmp_path: Path) -> None:
    (tmp_path / "fail.py").write_text("print('so far so good')\nraise ValueError('the data is odd')")
    job = clary.train(tmp_path / "fail.py")
    with pytest.raises(clary.TrainingFailed) as caught:
        job.wait(quiet=True, timeout=60)
    assert caught.value.name == job.name
    assert "the data is odd" in caught.value.reason
    assert "exit code: 1" in caught.value.reason
    assert "so far so good" in caught.value.log_tail
    assert "the data is odd" in str(caught.value)
    assert job.status == "Failed"
    with pytest.raises(clary.TrainingFailed):
        job.wait(quiet=True)
    with pytest.raises(RuntimeError, match=r"failed and has no model: (.|\n)*the data is odd"):
        clary.deploy(job)


def test_a_job_that_was_stopped_before_it_began_has_no_model_to_deploy(
    home_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quick.py").write_text("")
    job = clary.train(tmp_path / "quick.py", wait=True)
    answer = {**job.describe(), "TrainingJobStatus": "Stopped"}
    monkeypatch.setattr(clary.TrainingJob, "describe", lambda self: answer)
    assert job.artifacts  # what it saved is kept
    (home_path / "s3" / job.artifacts.removeprefix("s3://")).unlink()
    with pytest.raises(RuntimeError, match="was stopped before it had a model"):
        clary.deploy(job)


def test_the_log_of_a_job_that_is_not_there_is_an_error(home_path: Path) -> None:
    for read in (clary.TrainingJob("ghost").logs, clary.TrainingJob("ghost").tail):
        with pytest.raises(clary.ClaryError, match="could not find training job"):
            read()


def test_a_stopped_job_ends_waiting_without_an_error(sleeper: clary.TrainingJob) -> None:
    until(sleeper, "Training")
    sleeper.stop()
    assert sleeper.wait(quiet=True, timeout=60).status == "Stopped"


def test_waiting_too_long_is_an_error_and_the_job_goes_on(sleeper: clary.TrainingJob) -> None:
    with pytest.raises(TimeoutError, match="sleeper is still"):
        sleeper.wait(quiet=True, timeout=0.3)
    until(sleeper, "Training")
    with pytest.raises(RuntimeError, match="has no model yet"):
        _ = sleeper.model


def test_interrupting_the_wait_leaves_the_job_running(sleeper: clary.TrainingJob) -> None:
    code = "import clary; print('waiting', flush=True); clary.TrainingJob('sleeper').wait()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Training" in line and "job" not in line:
            break
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=30)
    assert "sleeper goes on" in said
    assert "KeyboardInterrupt" in errors
    assert sleeper.status == "InProgress"


def test_a_log_can_be_followed_to_its_end(
    home_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "slow.py").write_text(
        "import time\nfor i in range(5):\n    print('line', i, flush=True)\n    time.sleep(0.2)"
    )
    job = clary.train(tmp_path / "slow.py")
    assert job.logs(follow=True) is None
    said = capsys.readouterr().out
    assert [f"line {i}" in said for i in range(5)] == [True] * 5
    assert said.count("line 3") == 1


def test_what_the_api_refuses_is_raised_with_its_code(folder: Path) -> None:
    with pytest.raises(clary.ClaryError) as caught:
        clary.train("train.py", instance_type="ml.huge")
    assert caught.value.code == "ValidationException"
    with pytest.raises(clary.ClaryError) as caught:
        clary.TrainingJob("nowhere").wait(quiet=True)
    assert caught.value.code == "ValidationException"
    assert "nowhere" in caught.value.message


def test_an_input_that_is_not_there_is_named_before_anything_runs(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        clary.train("train.py", inputs={"train": "./nothing"})
    assert clary.jobs() == []


def test_jobs_are_listed_newest_first_and_by_status(home_path: Path, tmp_path: Path) -> None:
    (tmp_path / "quick.py").write_text("")
    for number in range(3):
        clary.train(tmp_path / "quick.py", name=f"job-{number}").wait(quiet=True, timeout=60)
    assert [job.name for job in clary.jobs()] == ["job-2", "job-1", "job-0"]
    assert [job.name for job in clary.jobs(limit=2)] == ["job-2", "job-1"]
    assert clary.jobs(status="Failed") == []
    assert [job.name for job in clary.jobs(name_contains="b-1")] == ["job-1"]
    page = clary.jobs()._repr_html_()
    assert page.count("<tr>") == 4


def test_the_sdk_needs_no_door(home_path: Path, tmp_path: Path) -> None:
    script = tmp_path / "quick.py"
    script.write_text("")
    code = f"import clary; clary.detach(); print(clary.train({str(script)!r}, wait=True).status)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "Completed"


@pytest.mark.slow
def test_the_command_lists_jobs_prints_logs_and_stops(sleeper: clary.TrainingJob) -> None:
    def clary_command(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "clary.cli", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))

    until(sleeper, "Training")
    assert clary_command("jobs").stdout.split()[:2] == ["sleeper", "InProgress"]
    listed: dict[str, Any] = json.loads(clary_command("jobs", "--json").stdout)
    assert listed["name"] == "sleeper"
    end = time.monotonic() + 20
    while "first line" not in clary_command("logs", "sleeper").stdout:
        assert time.monotonic() < end
    assert clary_command("stop", "--wait", "sleeper").stdout.strip() == "sleeper is Stopped"
    assert clary_command("jobs", "--status", "InProgress").stdout == ""
    unknown = clary_command("logs", "nobody")
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("Error:")
    assert "nobody" in unknown.stderr
    assert clary_command("home").stdout.strip() == os.environ["CLARY_HOME"]
    assert clary_command("endpoints").stdout == ""
    assert "clary, version" in clary_command("--version").stdout
