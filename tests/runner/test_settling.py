"""What happens between a job's end and its result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from clary.runner.attempt import Lock


def test_a_kind_from_an_entry_point_settles_its_jobs(bench: Any, tmp_path: Path) -> None:
    job = bench.wait(bench.submit("exit_with", kind="slow", payload={"folder": str(tmp_path), "code": 5}))
    assert (job.status, job.result) == ("Completed", {"reason": "exited", "exit_code": 5})
    assert (tmp_path / "finished").read_text() == "done Completed\n"
    statuses = [transition.status for transition in bench.runner.store.jobs.transitions(job.id)]
    assert statuses == ["Starting", "Uploading", "Completed"]


def test_a_settler_killed_midway_is_followed_by_another(bench: Any, tmp_path: Path) -> None:
    """With no engine alive, the job's own shim sees to that."""
    (tmp_path / "kill").touch()
    job = bench.wait(bench.submit("nothing", kind="slow", payload={"folder": str(tmp_path)}))
    assert job.status == "Completed"
    assert len((tmp_path / "begun").read_text().split()) == 2
    assert len((tmp_path / "ended").read_text().split()) == 1
    assert (tmp_path / "finished").read_text() == "done Completed\n"


def test_a_settler_and_its_shim_killed_midway_leave_the_job_to_whoever_comes_next(
    bench: Any, tmp_path: Path, alive: Any
) -> None:
    (tmp_path / "hold").touch()
    job = bench.submit("nothing", kind="slow", payload={"folder": str(tmp_path)})
    shim = bench.shim_pid(job)
    bench.until(lambda: (tmp_path / "begun").exists() and (tmp_path / "begun").read_text() != "", "settling")
    settler = int((tmp_path / "begun").read_text())
    os.kill(shim, signal.SIGKILL)
    os.kill(settler, signal.SIGKILL)
    bench.until(lambda: not alive(settler), "the settler's end")
    (tmp_path / "hold").unlink()
    assert bench.job(job).state == "settling"

    def looked_after() -> bool:
        bench.runner.tend()  # again and again, as an engine does: the killed ones' locks may outlive them a moment
        return bool(bench.job(job).state == "done")

    bench.until(looked_after, "whoever comes next")
    assert bench.job(job).status == "Completed"
    assert (tmp_path / "finished").read_text() == "done Completed\n"


def test_two_settlers_do_not_settle_the_same_job(bench: Any, tmp_path: Path) -> None:
    from clary.runner.finishing import finish_job

    (tmp_path / "hold").touch()
    job = bench.submit("nothing", kind="slow", payload={"folder": str(tmp_path)})
    bench.until(lambda: (tmp_path / "begun").exists(), "settling")
    assert finish_job(bench.runner, bench.job(job)) is False
    (tmp_path / "hold").unlink()
    bench.wait(job)
    bench.until(lambda: finish_job(bench.runner, bench.job(job)), "the lock to be given back")
    assert len((tmp_path / "begun").read_text().split()) == 1


def test_a_kind_that_raises_fails_the_job_with_the_reason(bench: Any) -> None:
    job = bench.wait(bench.submit("nothing", kind="broken"))
    assert job.status == "Failed"
    assert (
        job.failure_reason
        == "InternalServerError: The job's results could not be saved: the bucket is on fire"
    )


def test_a_kind_that_kills_its_process_every_time_is_given_up(bench: Any) -> None:
    job = bench.submit("nothing", kind="deadly")
    bench.until(
        lambda: bench.runner.tend() is None and bench.job(job).state == "done", "giving up", timeout=60
    )
    assert (
        bench.job(job).failure_reason
        == "InternalServerError: The job's results could not be saved in 5 attempts."
    )


def test_a_slow_settlement_does_not_hold_up_the_others(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    slow = bench.submit("nothing", kind="slow", payload={"folder": str(tmp_path)})
    bench.until(lambda: (tmp_path / "begun").exists(), "settling")
    assert bench.wait(bench.submit("nothing"), timeout=10).status == "Completed"
    assert bench.job(slow).state == "settling"
    (tmp_path / "hold").unlink()
    bench.wait(slow)


def test_a_shim_that_ends_while_an_engine_is_alive_starts_no_settler(bench: Any) -> None:
    from clary.runner.engine_lock import EngineLock

    with EngineLock(bench.runner.home):
        job = bench.submit("nothing")
        bench.until(lambda: bench.attempt(job).exit() is not None, "the end")
        time.sleep(0.5)
        bench.runner.reconcile()
        bench.runner.settle()
        assert bench.job(job).state == "settling"
    bench.runner.settle()
    assert bench.wait(job).status == "Completed"


def test_locks_are_exclusive_and_given_back(tmp_path: Path) -> None:
    first = Lock.take(tmp_path / "lock")
    assert first is not None
    assert Lock.take(tmp_path / "lock") is None
    first.release()
    second = Lock.take(tmp_path / "lock")
    assert second is not None
    second.release()


_ON_A_SMALL_DISK = Path(__file__).with_name("small_disk.py")


def _unshare() -> list[str]:
    for command in (["unshare", "-m"], ["unshare", "-Urm"]):
        try:
            if subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0:
                return command
        except FileNotFoundError:
            break
    return []


@pytest.mark.parametrize(
    "scenario",
    [
        "while_running",
        "before_the_start",
        "at_the_start",
        pytest.param("while_settling", marks=pytest.mark.slow),
    ],
)
def test_a_full_disk_loses_no_job(
    runner_environment: None, home_path: Path, tmp_path: Path, scenario: str
) -> None:
    """The home is a tmpfs of a few megabytes, in a mount namespace of its own (see small_disk.py)."""
    command = _unshare()
    if not command:
        pytest.skip("no mount namespaces here: cannot make a small disk")
    home_path.mkdir()
    script = [*command, sys.executable, str(_ON_A_SMALL_DISK), str(home_path), scenario]
    done = subprocess.run(script, check=False, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "Completed 1"
