"""``clary.process`` and ``ProcessingJob`` with real jobs, and the command line's view of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import clary

SCRIPT = """
import os, sys
rows = open("/opt/ml/processing/input/data/rows.csv").read()
open("/opt/ml/processing/output/clean/rows.csv", "w").write(rows.replace(sys.argv[1], os.environ["BY"]))
open("/opt/ml/output/message", "w").write("1 row")
print("cleaned", flush=True)
"""


@pytest.fixture
def folder(home_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a script and its data."""
    work = tmp_path / "work"
    (work / "data").mkdir(parents=True)
    (work / "clean.py").write_text(SCRIPT)
    (work / "data" / "rows.csv").write_text("a,1")
    monkeypatch.chdir(work)
    return work


def cli(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "clary.cli", *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_a_script_is_run_in_a_line_and_seen_from_every_side(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = clary.process(
        "clean.py", inputs={"data": "data"}, outputs=["clean"], arguments=[1], environment={"BY": "2"}, name="clean"
    )  # fmt: skip
    assert job.wait(logs=True, timeout=60) is job
    said = capsys.readouterr().out
    assert said.startswith("Processing job clean\n")
    assert "cleaned\n" in said
    assert "Completed    1 row" in said
    (address,) = job.outputs.values()
    assert address.endswith("/clean/output/clean")
    import boto3

    bucket, _, key = address.removeprefix("s3://").partition("/")
    stored = boto3.client("s3").get_object(Bucket=bucket, Key=f"{key}/rows.csv")["Body"].read()
    assert stored == b"a,2"
    assert (job.status, job.arn.rpartition(":")[2]) == ("Completed", "processing-job/clean")
    shown = job._repr_html_()
    assert "python3 /opt/ml/processing/input/code/clean.py 1" in shown
    assert "1 row" in shown
    assert address in shown
    assert "cleaned" in str(job.logs())
    assert clary.processing_jobs(status="Completed") == [job]
    assert clary.jobs() == []
    listed = json.loads(cli("jobs", "--json"))
    assert (listed["name"], listed["kind"]) == ("clean", "processing")
    assert "cleaned" in cli("logs", "clean")


def test_a_failing_script_raises_with_the_reason_and_the_end_of_its_log(folder: Path) -> None:
    (folder / "bad.sh").write_text("echo working\necho 'no such table' >&2\nexit 4\n")
    with pytest.raises(clary.ProcessingFailed) as caught:
        clary.process("bad.sh", outputs=(), wait=True)
    assert "no such table, exit code: 4" in caught.value.reason
    assert "working" in caught.value.log_tail


def test_a_job_is_stopped_from_the_command_line(folder: Path) -> None:
    (folder / "wait.sh").write_text("echo ready; sleep 100\n")
    job = clary.process("wait.sh", name="waits")
    deadline = time.monotonic() + 60
    while "ready" not in str(job.tail()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert cli("stop", "waits", "--wait") == "waits is Stopped\n"
    assert "no training, processing or labeling job named 'nobody'" in cli("stop", "nobody")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"script": "none.py"}, "There is no script none.py"),
        ({"script": "data/rows.csv"}, "neither a Python script"),
        ({"script": "clean.py", "inputs": {"code": "data"}}, "The input name 'code' is taken"),
        ({"script": "clean.py", "inputs": {"x": "nothing"}}, "There is no nothing"),
    ],
)
def test_a_slip_is_told_before_anything_runs(folder: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises((FileNotFoundError, ValueError), match=said):
        clary.process(**options)
    assert clary.processing_jobs() == []
