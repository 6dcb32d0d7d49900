"""A runner on a home of its own, and short ways to say what these tests say often."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clary.config import Config
from clary.home import Home
from clary.runner import JobSpec, Resources, Runner
from clary.runner.attempt import Attempt
from clary.store import Store, logfile
from clary.store.jobs import Job

HERE = Path(__file__).parent


class Bench:
    """Submits jobs to a runner and waits for what becomes of them."""

    def __init__(self, runner: Runner, tmp_path: Path) -> None:
        self.runner, self.tmp_path = runner, tmp_path
        self.count = 0

    def submit(
        self, entry: str, *, payload: dict[str, Any] | None = None, schedule: bool = True, **options: Any
    ) -> Job:
        self.count += 1
        options.setdefault("kind", "test")
        options.setdefault("name", f"job-{self.count}")
        options.setdefault("resources", Resources(1, 0, 0))
        options.setdefault("log_group", "/test")
        options.setdefault("log_stream", options["name"] + "/{epoch}")
        job = self.runner.submit(JobSpec(entry=f"job_entries:{entry}", payload=payload or {}, **options))
        if schedule:
            self.runner.schedule()
        return job

    def job(self, job: Job) -> Job:
        found = self.runner.get(job.kind, job.name)
        assert found is not None
        return found

    def attempt(self, job: Job) -> Attempt:
        return self.runner.attempt(self.job(job))

    def wait(self, job: Job, *states: str, timeout: float = 30) -> Job:
        """Until the job is in one of the states (done, unless said otherwise); nobody but this looks after it
        here."""
        wanted = states or ("done",)
        self.until(lambda: self.job(job).state in wanted, f"{job.name} in {wanted}", timeout)
        return self.job(job)

    def wait_started(self, job: Job) -> Attempt:
        self.until(lambda: self.attempt(job).started() is not None, f"{job.name} started")
        return self.attempt(job)

    def wait_file(self, job: Job, name: str) -> str:
        """The content of a file that the job writes into its attempt's folder."""
        path = self.wait_started(job).folder / name
        self.until(lambda: path.exists() and path.read_text() != "", f"{path}")
        return path.read_text()

    def until(self, condition: Callable[[], bool], what: str, timeout: float = 30) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"waited {timeout} s in vain for: {what}"
            time.sleep(0.01)

    def shim_pid(self, job: Job) -> int:
        started = self.wait_started(job).started()
        assert started is not None
        return int(started["shim"])

    def log(self, job: Job) -> list[logfile.LogEvent]:
        spec = self.attempt(job).spec()
        assert spec is not None
        events, _ = logfile.read_events(
            Path(spec["shim"]["hosts"][0]["log"]), max_bytes=1 << 30, limit=1 << 30
        )
        return events


@pytest.fixture
def runner_environment(home_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What settlers and jobs of these tests find on their path, entry points included."""
    plugin = tmp_path / "plugins"
    (plugin / "kinds_for_tests-1.dist-info").mkdir(parents=True)
    (plugin / "kinds_for_tests-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: kinds-for-tests\nVersion: 1\n"
    )
    (plugin / "kinds_for_tests-1.dist-info" / "entry_points.txt").write_text(
        "[clary.job_kinds]\nslow = kinds_for_tests:SlowKind\nbroken = kinds_for_tests:BrokenKind\n"
        "deadly = kinds_for_tests:DeadlyKind\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(plugin)]))
    monkeypatch.setenv("CLARY_CPUS", "2")
    monkeypatch.setenv("CLARY_RESOURCE_SAMPLE_S", "0.2")


@pytest.fixture
def bench(runner_environment: None, home: Home, tmp_path: Path) -> Bench:
    return Bench(Runner(home, Config.load(home), Store(home)), tmp_path)


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def alive() -> Callable[[int], bool]:
    return is_alive
