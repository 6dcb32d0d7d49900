"""Everything that may be killed is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from clary.runner import shim, slots
from clary.runner.attempt import Lock

_LAUNCHER = """
import os, sys, time
from clary.config import Config
from clary.home import Home
from clary.runner import Runner
from clary.store import Store
home = Home.locate()
runner = Runner(home, Config.load(home), Store(home))
{body}
"""


def launcher(body: str) -> subprocess.Popen[str]:
    """A process of its own with a runner on the test's home."""
    return subprocess.Popen(
        [sys.executable, "-c", _LAUNCHER.format(body=body)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_job_survives_its_launcher_and_is_adopted(bench: Any, alive: Any) -> None:
    job = bench.submit("talk", payload={"lines": list("abcdef")}, schedule=False)
    process = launcher("runner.schedule(); print('launched', flush=True); time.sleep(60)")
    assert process.stdout is not None
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    bench.runner.reconcile()
    assert bench.job(job).state == "running"
    job = bench.wait(job)
    assert (job.status, job.attempt) == ("Completed", 1)
    assert len(bench.log(job)) == 7


def test_a_second_shim_on_the_same_attempt_is_refused(bench: Any) -> None:
    job = bench.submit("sleep")
    pid = int(bench.wait_file(job, "pid"))
    folder = bench.attempt(job).folder
    command = [sys.executable, "-I", "-S", shim.__file__, str(folder)]
    assert subprocess.run(command, check=False).returncode == shim.TAKEN
    os.kill(pid, signal.SIGKILL)
    bench.wait(job)
    bench.until(lambda: subprocess.run(command, check=False).returncode == shim.SPENT, "the lock to be free")
    assert len(bench.attempt(job).exit()) == 6


def test_a_job_whose_shim_is_killed_is_lost_and_retried(bench: Any, alive: Any) -> None:
    job = bench.submit("sleep_once", max_attempts=2)
    pid = int(bench.wait_file(job, "pid"))
    os.kill(bench.shim_pid(job), signal.SIGKILL)
    bench.until(lambda: not alive(pid), "the job's death with its shim")
    bench.runner.tend()
    job = bench.wait(job)
    assert (job.status, job.attempt) == ("Completed", 2)
    statuses = [transition.status for transition in bench.runner.store.jobs.transitions(job.id)]
    assert statuses == ["Starting", "Restarting", "Completed"]


def test_a_job_that_has_no_attempt_left_fails_with_the_reason(bench: Any) -> None:
    job = bench.submit("sleep", max_attempts=1)
    bench.wait_file(job, "pid")
    os.kill(bench.shim_pid(job), signal.SIGKILL)
    bench.until(lambda: bench.attempt(job).lock() is not None, "the lock to be free")
    bench.runner.tend()
    job = bench.wait(job)
    assert job.status == "Failed"
    assert job.failure_reason == (
        "InternalServerError: The job's processes were lost: "
        "its supervisor was killed, or the machine went down. Attempts made: 1."
    )


def test_what_a_lost_attempt_left_behind_is_killed(bench: Any, alive: Any) -> None:
    job = bench.submit("sleep_with_daemon")
    daemon = int(bench.wait_file(job, "daemon"))
    bench.wait_file(job, "pid")
    os.kill(bench.shim_pid(job), signal.SIGKILL)
    bench.until(lambda: bench.attempt(job).lock() is not None, "the lock to be free")
    assert alive(daemon)
    bench.runner.reconcile()
    assert not alive(daemon)


def test_a_forked_worker_without_the_cookie_is_found_by_session_and_output(bench: Any, alive: Any) -> None:
    from clary.runner.processes import kill_leftovers

    job = bench.submit("fork_without_exec")
    worker = int(bench.wait_file(job, "worker"))
    bench.wait_file(job, "pid")
    os.kill(bench.shim_pid(job), signal.SIGKILL)
    bench.until(lambda: bench.attempt(job).lock() is not None, "the lock to be free")
    # A cookie that no environment has, as with the forks of a zygote.
    assert kill_leftovers("0.0.none", bench.attempt(job).started()) >= 1
    assert not alive(worker)


def test_a_neighbour_is_not_taken_for_a_leftover(bench: Any, alive: Any) -> None:
    lost, neighbour = bench.submit("sleep"), bench.submit("sleep_with_daemon")
    bench.wait_file(lost, "pid")
    pid, daemon = int(bench.wait_file(neighbour, "pid")), int(bench.wait_file(neighbour, "daemon"))
    os.kill(bench.shim_pid(lost), signal.SIGKILL)
    bench.until(lambda: bench.attempt(lost).lock() is not None, "the lock to be free")
    bench.runner.reconcile()
    assert bench.job(lost).state == "settling"
    assert alive(pid)
    assert alive(daemon)
    assert bench.job(neighbour).state == "running"


def test_all_jobs_lost_at_once_are_all_retried_as_after_a_power_cut(bench: Any) -> None:
    path = bench.tmp_path / "marks"
    jobs = [
        bench.submit("sleep_once", max_attempts=2),
        bench.submit("sleep_once", max_attempts=2),
        bench.submit("mark", payload={"file": str(path), "name": "queued"}),
    ]
    for job in jobs[:2]:
        bench.wait_file(job, "pid")
    for job in jobs[:2]:
        started = bench.attempt(job).started()
        os.kill(started["shim"], signal.SIGKILL)
        os.kill(started["child"], signal.SIGKILL)
    for job in jobs[:2]:
        bench.until(lambda job=job: bench.attempt(job).lock() is not None, "the lock to be free")
    bench.runner.tend()
    assert [bench.wait(job).status for job in jobs] == ["Completed"] * 3
    assert path.read_text() == "queued\n"


def test_a_launcher_that_died_between_claim_and_launch_costs_no_attempt(bench: Any) -> None:
    path = bench.tmp_path / "marks"
    job = bench.submit("mark", payload={"file": str(path), "name": "x"}, schedule=False)
    process = launcher(
        "from clary.runner import slots\n"
        "claims = slots.claim(runner.store, runner.backend.capacity(), ())\n"
        "print('claimed', flush=True); time.sleep(60)"
    )
    assert process.stdout is not None
    process.stdout.readline()
    bench.runner.reconcile()
    assert bench.job(job).state == "running"  # the launcher may be slow; it lives
    process.kill()
    process.wait()
    bench.runner.reconcile()
    job = bench.wait(job)
    assert (job.status, job.attempt) == ("Completed", 2)
    assert [row.outcome for row in bench.runner.store.jobs.attempts(job.id)] == ["unstarted", "exited"]
    assert path.read_text() == "x\n"


def test_a_shim_that_comes_after_its_attempt_was_given_up_is_refused(bench: Any) -> None:
    from clary.runner import launch

    path = bench.tmp_path / "marks"
    job = bench.submit("mark", payload={"file": str(path), "name": "x"}, schedule=False)
    (claim,) = slots.claim(bench.runner.store, bench.runner.backend.capacity(), ())
    launch.write_spec(bench.runner.home, bench.runner.config, claim.job, claim.attempt, None)
    claim.lock.release()
    bench.runner.reconcile()
    assert bench.wait(job).attempt == 2
    late = subprocess.run([sys.executable, "-I", "-S", shim.__file__, str(claim.attempt.folder)], check=False)
    assert late.returncode == shim.SPENT
    assert path.read_text() == "x\n"


def test_a_shim_that_cannot_start_fails_the_job_in_the_end_and_says_why(bench: Any, monkeypatch: Any) -> None:
    from clary.runner import reconcile

    monkeypatch.setattr(reconcile, "_FIRST_DELAY_S", 0.001)
    monkeypatch.setattr(bench.runner.backend, "launch", _broken_launch)
    job = bench.submit("nothing")
    bench.until(
        lambda: (
            bench.runner.tend() is None
            and bench.job(job).state != "queued"
            and bench.job(job).state != "running"
        ),
        "giving up",
    )
    job = bench.wait(job)
    assert job.attempt == 10
    assert job.failure_reason.startswith("InternalServerError: The job's supervisor could not be started.")


def _broken_launch(attempt: Any, spec: Any, lock: Lock) -> None:
    raise OSError("no such shim")


def test_an_attempt_folder_that_somebody_deleted_is_a_loss(bench: Any, alive: Any) -> None:
    import shutil

    job = bench.submit("sleep")
    pid = int(bench.wait_file(job, "pid"))
    shim_pid = bench.shim_pid(job)
    os.kill(shim_pid, signal.SIGKILL)
    time.sleep(0.1)
    shutil.rmtree(bench.attempt(job).folder)
    bench.runner.tend()
    assert bench.wait(job).status == "Failed"
    assert not alive(pid)


def test_a_fork_of_the_launcher_does_not_keep_a_lock_alive(bench: Any, tmp_path: Path) -> None:
    lock = Lock.take(tmp_path / "lock")
    assert lock is not None
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    try:
        assert Lock.take(tmp_path / "lock") is None
        lock.release()
        again = None
        deadline = time.monotonic() + 5
        while again is None and time.monotonic() < deadline:
            again = Lock.take(tmp_path / "lock")
        assert again is not None
        again.release()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_after_a_reboot_no_process_is_taken_for_a_leftover(alive: Any) -> None:
    from clary.runner.processes import kill_leftovers, read

    environment = {**os.environ, "CLARY_COOKIE": "1.1.mark"}
    process = subprocess.Popen(["sleep", "60"], env=environment, start_new_session=True)
    try:
        innocent = read(process.pid)
        assert innocent is not None
        while b"1.1.mark" not in Path(f"/proc/{process.pid}/environ").read_bytes():
            time.sleep(0.01)  # Popen returns a moment before the new program's environment can be read
        started = {"session": process.pid, "session_start": innocent.start, "pipe": "", "boot_id": "another"}
        assert kill_leftovers("1.1.mark", started) == 0
        assert alive(process.pid)
        assert kill_leftovers("1.1.mark", {}) == 1
    finally:
        process.kill()
        process.wait()


def test_a_job_whose_home_was_deleted_ends(bench: Any, alive: Any) -> None:
    import shutil

    job = bench.submit("sleep", grace_s=0.5)
    pid, shim_pid = int(bench.wait_file(job, "pid")), bench.shim_pid(job)
    shutil.rmtree(bench.runner.home.root)
    bench.until(lambda: not alive(pid) and not alive(shim_pid), "the end of job and shim", timeout=10)
    assert bench.runner.schedule() == 0
