"""The queue: who runs when, and that nothing is lost from it and nothing runs twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from clary.config import Config
from clary.home import Home
from clary.runner import JobSpec, Pump, Resources, Runner
from clary.runner.attempt import Lock

_SCHEDULER = """
import time
from clary.config import Config
from clary.home import Home
from clary.runner import Runner
from clary.store import Store
home = Home.locate()
runner = Runner(home, Config.load(home), Store(home))
while True:
    runner.tend()
    time.sleep(0.02)
"""


def test_no_more_jobs_run_than_there_are_slots(bench: Any) -> None:
    jobs = [bench.submit("sleep") for _ in range(3)]
    assert [bench.job(job).state for job in jobs] == ["running", "running", "queued"]
    bench.runner.stop("test", jobs[0].name)
    bench.wait(jobs[2], "running")
    for job in jobs:
        bench.runner.stop("test", job.name)


def test_the_queue_drains_although_no_engine_is_alive(bench: Any) -> None:
    """Only the end of each job moves the next one."""
    path = bench.tmp_path / "marks"
    jobs = [bench.submit("mark", payload={"file": str(path), "name": str(number)}) for number in range(12)]
    assert [bench.wait(job).status for job in jobs] == ["Completed"] * 12
    assert Counter(path.read_text().split()) == Counter(str(number) for number in range(12))
    bench.until(lambda: not _settlers(bench.runner.home.root), "the settlers' end", timeout=20)


def _settlers(home: Path) -> list[str]:
    return _processes(home, "clary-settle")


def _processes(home: Path, name: str) -> list[str]:
    """The pids of Clary's own processes of this name and home; forked ones have the command line of the zygote."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line, called = (entry / "cmdline").read_bytes(), (entry / "comm").read_text()
            except OSError:
                continue
            if called == f"{name}\n" and str(home).encode() in line:
                found.append(entry.name)
    return found


def test_a_small_job_may_overtake_a_large_one_but_not_for_ever(bench: Any) -> None:
    holder = bench.submit("sleep")
    large = bench.submit("nothing", resources=Resources(2))
    small = bench.submit("sleep")
    assert [bench.job(job).state for job in (holder, large, small)] == ["running", "queued", "running"]
    bench.runner.stop("test", small.name)
    bench.wait(small)
    bench.runner.store.jobs.update(large.id, created=time.time() - 3600)
    later = bench.submit("nothing")
    assert bench.job(later).state == "queued"
    bench.runner.stop("test", holder.name)
    assert [bench.wait(job).status for job in (large, later)] == ["Completed", "Completed"]


def test_a_job_that_asks_for_more_than_the_machine_gets_all_of_it(bench: Any) -> None:
    job = bench.wait(bench.submit("nothing", resources=Resources(64, 1 << 30, 8)))
    assert job.status == "Completed"
    assert (job.cpus, job.memory_mb, job.gpus) == (2, bench.runner.config.memory_mb, 0)


def test_each_gpu_is_given_to_one_job_at_a_time_and_hidden_from_the_others(bench: Any) -> None:
    object.__setattr__(bench.runner.config, "gpus", (0, 3))
    object.__setattr__(bench.runner.config, "cpus", 8.0)
    need = Resources(1, 0, 1)
    jobs = [bench.submit("sleep", resources=need) for _ in range(3)]
    without = bench.submit("sleep")
    service = bench.submit("sleep", resources=need, holds_slots=False)
    assert [bench.job(job).gpu_list for job in jobs] == [(0,), (3,), ()]
    assert bench.job(jobs[2]).state == "queued"
    seen = [
        bench.attempt(job).spec()["shim"]["environment"]["CUDA_VISIBLE_DEVICES"]
        for job in (*jobs[:2], without, service)
    ]
    assert seen == ["0", "3", "", "0"]


def test_memory_is_a_slot_too(bench: Any) -> None:
    object.__setattr__(bench.runner.config, "memory_mb", 1000)
    jobs = [bench.submit("sleep", resources=Resources(0.1, 600)) for _ in range(2)]
    assert [bench.job(job).state for job in jobs] == ["running", "queued"]


def test_a_rolled_back_submission_leaves_nothing(bench: Any) -> None:
    def fail() -> None:
        with bench.runner.store.transaction():
            bench.submit("nothing", name="phantom", schedule=False)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert bench.runner.get("test", "phantom") is None
    assert bench.runner.schedule() == 0


def test_a_service_takes_no_slot_and_comes_back_with_a_growing_delay(bench: Any) -> None:
    holder = bench.submit("sleep", resources=Resources(2))
    service = bench.submit("crash_until", payload={"crashes": 3}, restart=True, holds_slots=False)
    bench.until(lambda: bench.job(service).attempt == 4, "the fourth attempt")
    bench.wait_file(service, "pid")
    rows = bench.runner.store.jobs.attempts(service.id)
    waits = [later.claimed - earlier.ended for earlier, later in pairwise(rows)]
    assert all(least <= wait < least + 1.5 for least, wait in zip([0.5, 1.0, 2.0], waits, strict=True))
    os.kill(bench.shim_pid(service), signal.SIGKILL)
    bench.until(lambda: bench.attempt(service).lock() is not None, "the loss")
    bench.runner.tend()
    assert (bench.job(service).state, bench.job(service).secondary) == ("queued", "Restarting")
    bench.runner.stop("test", service.name)
    assert bench.wait(service).status == "Stopped"
    assert bench.job(holder).state == "running"


def test_a_service_that_is_stopped_while_it_waits_to_be_restarted_is_stopped(bench: Any) -> None:
    service = bench.submit("crash_until", payload={"crashes": 99}, restart=True, holds_slots=False)
    bench.until(lambda: bench.job(service).attempt == 3, "the third attempt")
    bench.wait(service, "queued")
    bench.runner.stop("test", service.name)
    assert bench.wait(service).status == "Stopped"


def test_a_service_that_is_stopped_or_ends_by_itself_does_not_come_back(bench: Any) -> None:
    stopped = bench.submit("sleep", restart=True, holds_slots=False)
    ended = bench.submit("nothing", restart=True, holds_slots=False)
    bench.wait_file(stopped, "pid")
    bench.runner.stop("test", stopped.name)
    assert (bench.wait(stopped).status, bench.wait(stopped).attempt) == ("Stopped", 1)
    assert (bench.wait(ended).status, bench.wait(ended).attempt) == ("Completed", 1)


def test_a_pump_runs_what_is_submitted_and_settles_what_has_ended(bench: Any) -> None:
    pump = Pump(bench.runner)
    pump.start()
    try:
        jobs = [bench.submit("exit_with", payload={"code": number}, schedule=False) for number in range(4)]
        begun = time.monotonic()
        statuses = [bench.wait(job).status for job in jobs]
        assert statuses == ["Completed", "Failed", "Failed", "Failed"]
        assert time.monotonic() - begun < 5
    finally:
        pump.stop()
    job = bench.wait(bench.submit("nothing"))
    assert job.status == "Completed"


def test_reconciling_does_not_look_at_finished_jobs(bench: Any) -> None:
    with bench.runner.store.transaction() as db:
        spec = json.dumps(JobSpec("test", "x", "job_entries:nothing", "g", "s").to_json())
        db.executemany(
            "INSERT INTO jobs (kind, name, spec, state, created, attempt)"
            " VALUES ('test', ?, ?, 'done', 0, 1)",
            [(f"old-{number}", spec) for number in range(10_000)],
        )
    job = bench.submit("sleep")
    bench.wait_file(job, "pid")
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        bench.runner.reconcile()
        bench.runner.schedule()
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.005


def test_submitting_takes_less_than_two_milliseconds(bench: Any) -> None:
    times = []
    for _ in range(50):
        begun = time.perf_counter()
        bench.submit("nothing", schedule=False)
        times.append(time.perf_counter() - begun)
    assert sorted(times)[25] < 0.002


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("warm", "count"), [(False, 150), (True, 250)])
def test_every_job_runs_once_while_schedulers_and_settlers_are_killed_all_the_time(
    bench: Any, home: Home, warm: bool, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so are the zygotes that fork them, where there are any. (`make bench` does this to more jobs.)"""
    monkeypatch.setenv("CLARY_ZYGOTE", str(int(warm)))
    bench.runner = Runner(home, Config.load(home), bench.runner.store)
    path = bench.tmp_path / "marks"
    with bench.runner.store.transaction():
        for number in range(count):
            bench.submit(
                "mark",
                payload={"file": str(path), "name": str(number)},
                schedule=False,
                warm=True,
                torch=False,
            )

    def marked() -> int:
        return path.read_text().count("\n") if path.exists() else 0

    schedulers: list[subprocess.Popen[bytes]] = []
    victims = rounds = 0
    deadline = time.monotonic() + 240
    try:
        while bench.runner.store.jobs.any_active():
            assert time.monotonic() < deadline, Counter(
                job.state for job in bench.runner.store.jobs.in_states("queued", "running", "settling")
            )
            schedulers = [process for process in schedulers if process.poll() is None]
            while len(schedulers) < 2:
                schedulers.append(
                    subprocess.Popen([sys.executable, "-c", _SCHEDULER], start_new_session=True)
                )
            # Each lives for two rounds. On a busy machine that may be too short to come up: so something must have run.
            ran, longest = marked(), time.monotonic() + 3
            time.sleep(0.4)
            while marked() == ran and time.monotonic() < longest:
                time.sleep(0.05)
            schedulers[0].kill()
            rounds += 1
            doomed = _settlers(home.root)[:1]
            if rounds % 6 == 0:
                doomed += _processes(home.root, "clary-zygote")
            for pid in doomed:
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    continue
                victims += 1
    finally:
        for process in schedulers:
            process.kill()
            process.wait()
    assert Counter(path.read_text().split()) == Counter(str(number) for number in range(count))
    rows = (
        bench.runner.store.read()
        .execute("SELECT status, failure_reason, count(*) FROM jobs GROUP BY 1, 2")
        .fetchall()
    )
    assert [tuple(row) for row in rows] == [("Completed", "", count)]
    assert victims > 0


def test_asking_about_a_job_moves_what_dead_processes_have_left_lying(bench: Any) -> None:
    """No engine, no settler, and the submitter died before it could schedule; all that remains is a Describe."""
    job = bench.submit("nothing", schedule=False)
    bench.runner.reconcile()
    assert bench.wait(job).status == "Completed"


def test_an_attempt_that_somebody_else_holds_does_not_stop_the_queue(bench: Any) -> None:
    """A process of an older home at the same path may still have the first job's folder."""
    folder = bench.runner.home.jobs / "1" / "1"
    folder.mkdir(parents=True)
    stranger = Lock.take(folder / "lock")
    assert stranger is not None
    first, second = bench.submit("nothing"), bench.submit("nothing")
    assert bench.wait(second).status == "Completed"
    assert bench.job(first).state == "queued"
    assert bench.job(first).attempt == 0
    stranger.release()

    def tended() -> bool:
        bench.runner.tend()
        return bool(bench.job(first).state == "done")

    bench.until(tended, "the first job")
    assert bench.job(first).status == "Completed"
