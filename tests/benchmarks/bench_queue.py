"""Jobs that do nothing, through the queue: how many a second, and what the supervision costs over bare
subprocesses.

The bare loops keep as many processes running as the queue has slots. One starts the very interpreter that a
job's process starts, and imports what that imports; the other only executes ``true``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from tests.benchmarks.measuring import fresh_home, row

from clary.config import Config
from clary.home import Home
from clary.runner import JobSpec, Resources, Runner
from clary.store import Store

JOBS = 200


def bare(command: list[str], slots: int) -> float:
    """Processes a second."""
    begun = time.perf_counter()
    running: list[subprocess.Popen[bytes]] = []
    for _ in range(JOBS):
        if len(running) >= slots:
            running.pop(0).wait()
        running.append(subprocess.Popen(command))
    for process in running:
        process.wait()
    return JOBS / (time.perf_counter() - begun)


def queued() -> tuple[float, float]:
    """Milliseconds to submit one job; jobs a second from the first launch until all are done, settled and on
    record."""
    with fresh_home() as path:
        home = Home.locate(path)
        runner = Runner(home, Config.load(home), Store(home))
        begun = time.perf_counter()
        for number in range(JOBS):
            runner.submit(_spec(number))
        submitted = time.perf_counter()
        runner.schedule()
        _until(lambda: not runner.store.jobs.any_active())
        done = time.perf_counter()
        statuses = runner.store.read().execute("SELECT DISTINCT status FROM jobs").fetchall()
        assert [tuple(row) for row in statuses] == [("Completed",)], statuses
    return (submitted - begun) / JOBS * 1000, JOBS / (done - submitted)


def _spec(number: int) -> JobSpec:
    return JobSpec(
        "benchmark",
        f"true-{number}",
        "operator:not_",  # false, hence exit code 0, for any argument; every interpreter has it loaded
        "/benchmark",
        f"true-{number}",
        resources=Resources(1),
    )


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def main() -> None:
    slots = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    interpreter = bare([sys.executable, "-c", "import clary.runner.child"], slots)
    plain = bare(["true"], slots)
    submit_ms, jobs = queued()
    row(f"Jobs that do nothing, {slots} slots, {JOBS} of them", "a second", "of bare")
    row("  subprocess loop: true", f"{plain:.0f}", "")
    row("  subprocess loop: the job's interpreter and imports", f"{interpreter:.1f}", "1.00")
    row("  through the queue: claimed, supervised, settled", f"{jobs:.1f}", f"{jobs / interpreter:.2f}")
    row("  Runner.submit, ms", f"{submit_ms:.2f}", "")


if __name__ == "__main__":
    main()
