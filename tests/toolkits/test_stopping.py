"""Jobs that are stopped: the grace is the script's, and what it saved is stored."""

from __future__ import annotations

import time
from typing import Any

import pytest

SAVES = """
import signal, sys, time
def save(number, frame):
    time.sleep(0.5)
    open("/opt/ml/model/saved", "w").write("in time")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
open("/opt/ml/model/started", "w").write("")
print("RUNNING", flush=True)
time.sleep(600)
"""
IGNORES = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("/opt/ml/model/m", "w").write("m")
print("RUNNING", flush=True)
time.sleep(600)
"""


def running(desk: Any, job: Any) -> Any:
    return desk.until(job, lambda now: desk.said(now, "RUNNING"))


def test_a_stopped_script_may_save_and_its_model_is_stored(desk: Any) -> None:
    job = desk.submit({"train.py": SAVES})
    running(desk, job)
    desk.runner.stop("training-job", job.name)
    done = desk.wait(job)
    assert (done.status, done.secondary, done.failure_reason) == ("Stopped", "Stopped", "")
    assert desk.artifact(done) == {"saved": b"in time", "started": b""}
    assert done.result["ModelArtifacts"]["S3ModelArtifacts"].endswith("/model.tar.gz")


def test_a_script_that_ignores_the_stop_is_killed_when_the_grace_is_over(desk: Any) -> None:
    job = desk.submit({"train.py": IGNORES}, grace_s=1.0)
    running(desk, job)
    begun = time.monotonic()
    desk.runner.stop("training-job", job.name)
    done = desk.wait(job)
    assert 0.9 < time.monotonic() - begun < 20
    assert (done.status, done.secondary) == ("Stopped", "Stopped")
    assert desk.artifact(done) == {"m": b"m"}


def test_a_script_that_runs_too_long_is_stopped_and_its_model_is_stored(desk: Any) -> None:
    done = desk.wait(desk.submit({"train.py": SAVES}, max_runtime_s=2.5))
    assert (done.status, done.secondary) == ("Stopped", "MaxRuntimeExceeded")
    assert "saved" in desk.artifact(done)


def test_a_job_can_be_stopped_while_its_packages_are_installed(desk: Any, tmp_path: Any) -> None:
    files = {
        "setup.py": f"import time\nopen({str(tmp_path / 'mark')!r}, 'w').close()\ntime.sleep(600)",
        "train.py": "print('NEVER')",
    }
    job = desk.submit(files, grace_s=30.0)
    desk.until(job, lambda now: (tmp_path / "mark").exists())
    begun = time.monotonic()
    desk.runner.stop("training-job", job.name)
    done = desk.wait(job)
    assert time.monotonic() - begun < 20
    assert (done.status, done.failure_reason) == ("Stopped", "")
    assert "NEVER" not in desk.log(done)


@pytest.mark.slow
def test_a_warm_script_is_stopped_like_a_cold_one(warm_desk: Any) -> None:
    job = warm_desk.submit({"train.py": SAVES}, warm=True)
    running(warm_desk, job)
    warm_desk.runner.stop("training-job", job.name)
    done = warm_desk.wait(job)
    assert done.status == "Stopped"
    assert "saved" in warm_desk.artifact(done)
