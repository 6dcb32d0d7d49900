"""Stopping a job in every state it can be in, and the other ways in which a shim ends one."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from clary.runner import Resources


def test_a_stop_lets_the_job_save_its_work(bench: Any) -> None:
    job = bench.submit("save_on_term")
    bench.wait_file(job, "pid")
    stopping = bench.runner.stop("test", job.name)
    assert stopping.status == "Stopping"
    job = bench.wait(job, timeout=10)
    assert (job.status, job.secondary) == ("Stopped", "Stopped")
    assert (bench.attempt(job).folder / "saved").exists()
    assert "saved a checkpoint" in [event.message for event in bench.log(job)]
    end = bench.attempt(job).exit()
    assert (end["reason"], end["exit_code"]) == ("stopped", 0)


def test_a_job_that_ignores_sigterm_is_killed_after_its_grace(bench: Any, alive: Any) -> None:
    job = bench.submit("ignore_term", grace_s=1.0)
    pid = int(bench.wait_file(job, "pid"))
    time.sleep(0.1)
    begun = time.monotonic()
    bench.runner.stop("test", job.name)
    job = bench.wait(job, timeout=10)
    assert 0.9 < time.monotonic() - begun < 5
    assert bench.attempt(job).exit()["signal"] == signal.SIGKILL
    assert job.status == "Stopped"
    assert not alive(pid)


def test_a_daemon_that_forked_twice_and_ignores_sigterm_dies_with_the_job(bench: Any, alive: Any) -> None:
    job = bench.submit("sleep_with_daemon", grace_s=0.5)
    daemon = int(bench.wait_file(job, "daemon"))
    bench.wait_file(job, "pid")
    assert os.getsid(daemon) != bench.attempt(job).started()["session"]
    bench.runner.stop("test", job.name)
    assert bench.wait(job, timeout=10).status == "Stopped"
    assert not alive(daemon)


def test_a_stopped_process_is_woken_for_its_sigterm(bench: Any) -> None:
    job = bench.submit("save_on_term", grace_s=20)
    os.kill(int(bench.wait_file(job, "pid")), signal.SIGSTOP)
    bench.runner.stop("test", job.name)
    job = bench.wait(job, timeout=10)
    assert (bench.attempt(job).folder / "saved").exists()


def test_a_queued_job_is_stopped_without_ever_running(bench: Any) -> None:
    first = bench.submit("sleep", resources=Resources(2))
    second = bench.submit("mark", payload={"file": str(bench.tmp_path / "marks"), "name": "x"})
    assert bench.job(second).state == "queued"
    bench.runner.stop("test", second.name)
    second = bench.wait(second, timeout=10)
    assert (second.status, second.attempt, second.started) == ("Stopped", 0, None)
    bench.runner.stop("test", first.name)
    bench.wait(first)
    bench.runner.schedule()
    time.sleep(0.3)
    assert not (bench.tmp_path / "marks").exists()


def test_a_stop_before_the_shim_has_begun_prevents_the_job(bench: Any) -> None:
    from clary.runner import launch, slots

    job = bench.submit("mark", payload={"file": str(bench.tmp_path / "marks"), "name": "x"}, schedule=False)
    (claim,) = slots.claim(bench.runner.store, bench.runner.backend.capacity(), ())
    spec = launch.write_spec(bench.runner.home, bench.runner.config, claim.job, claim.attempt, None)
    assert bench.runner.stop("test", job.name).status == "Stopping"
    bench.runner.backend.launch(claim.attempt, spec, claim.lock)
    job = bench.wait(job, timeout=10)
    assert (job.status, bench.attempt(job).started()) == ("Stopped", None)
    assert not (bench.tmp_path / "marks").exists()


def test_a_stop_at_the_very_moment_of_the_start_is_not_lost(bench: Any) -> None:
    for _ in range(15):
        job = bench.submit("sleep")
        started = bench.attempt(bench.job(job)).folder / "started.json"
        while not started.exists():
            pass
        bench.runner.stop("test", job.name)
        assert bench.wait(job, timeout=10).status == "Stopped"


def test_a_wish_to_stop_that_did_not_reach_the_shim_is_repeated(bench: Any) -> None:
    job = bench.submit("sleep")
    bench.wait_file(job, "pid")
    bench.runner.store.jobs.update(job.id, stop_requested=time.time())  # and here its sender died
    bench.runner.reconcile()
    assert bench.wait(job, timeout=10).status == "Stopped"


def test_a_stop_while_settling_lets_the_result_stand(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    job = bench.submit("nothing", kind="slow", payload={"folder": str(tmp_path)})
    bench.until(lambda: (tmp_path / "begun").exists(), "settling")
    bench.until(lambda: bench.job(job).secondary == "Uploading", "the phase")
    bench.runner.stop("slow", job.name)
    (tmp_path / "hold").unlink()
    assert bench.wait(job, timeout=10).status == "Completed"


def test_stopping_twice_or_after_the_end_changes_nothing(bench: Any) -> None:
    job = bench.submit("sleep")
    bench.wait_file(job, "pid")
    first = bench.runner.stop("test", job.name)
    assert bench.runner.stop("test", job.name).stop_requested == first.stop_requested
    job = bench.wait(job)
    assert bench.runner.stop("test", job.name) == job
    assert bench.runner.stop("test", "unheard-of") is None


def test_the_maximum_runtime_ends_a_job_as_a_stop_does(bench: Any) -> None:
    job = bench.wait(bench.submit("save_on_term", max_runtime_s=1.0), timeout=10)
    assert (job.status, job.secondary) == ("Stopped", "MaxRuntimeExceeded")
    assert (bench.attempt(job).folder / "saved").exists()
    assert 0.9 < job.ended - job.started < 5


def test_the_maximum_runtime_covers_all_attempts(bench: Any) -> None:
    job = bench.submit("sleep", max_runtime_s=2.0, max_attempts=5)
    bench.wait_file(job, "pid")
    time.sleep(1.0)
    os.kill(bench.shim_pid(job), signal.SIGKILL)
    bench.until(lambda: bench.runner.tend() is None and bench.job(job).attempt == 2, "a second attempt")
    job = bench.wait(job, timeout=10)
    assert job.secondary == "MaxRuntimeExceeded"
    assert bench.attempt(job).exit()["ended"] - bench.attempt(job).exit()["started"] < 1.6


def test_a_job_over_its_memory_limit_is_killed_for_it(bench: Any) -> None:
    job = bench.wait(bench.submit("eat_memory", memory_limit_mb=150), timeout=20)
    assert bench.attempt(job).exit()["reason"] == "memory"
    assert job.failure_reason == "AlgorithmError: The job used more memory than it may, and was killed."
    assert max(sample["rss_mb"] for sample in bench.runner.resources(job)) < 450


def test_a_shim_that_is_told_to_go_takes_the_job_along_and_the_job_is_retried(bench: Any, alive: Any) -> None:
    """As when the machine shuts down: not a stop that anybody asked for."""
    job = bench.submit("sleep_once", max_attempts=2)
    pid = int(bench.wait_file(job, "pid"))
    shim = bench.shim_pid(job)
    os.kill(shim, signal.SIGTERM)
    bench.until(lambda: not alive(shim), "the shim's end")
    assert not alive(pid)
    bench.runner.tend()
    job = bench.wait(job)
    assert (job.status, job.attempt) == ("Completed", 2)
