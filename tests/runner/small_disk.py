"""Run in a mount namespace of its own: fill a small disk under a job's feet, and make room again.

Usage: small_disk.py <home> <scenario>; prints the job's status and how often it has run. See
test_settling.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from clary.config import Config
from clary.home import Home
from clary.runner import JobSpec, Runner, launch, slots
from clary.store import Store


def fill(folder: Path) -> None:
    """Take every byte that is left."""
    with open(folder / "ballast", "ab", buffering=0) as file:
        for size in (1 << 16, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def until(condition: Callable[[], object], what: str, timeout: float = 20) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited in vain for: {what}")
        time.sleep(0.02)


def tend(runner: Runner) -> None:
    try:
        runner.tend()
    except Exception as error:
        print("tending failed:", error)


def main(path: str, scenario: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", path], check=True)
    home = Home.locate(path)
    runner = Runner(home, Config.load(home), Store(home))
    marks = home.root / "marks"
    payload = {"file": str(marks), "name": "x", "sleep": 1.5, "folder": str(home.root)}
    kind = "slow" if scenario == "while_settling" else "test"
    runner.submit(JobSpec(kind, "job", "job_entries:mark", "g", "s", payload=payload))
    job = runner.get(kind, "job")
    assert job is not None
    if scenario == "before_the_start":
        fill(home.root)
        tend(runner)
        time.sleep(2.0)
        tend(runner)
        assert not marks.exists(), "it ran although its start could not be recorded"
        (home.root / "ballast").unlink()
        until(lambda: [tend(runner), marks.exists()][1], "the job's start")
    elif scenario == "at_the_start":
        (claim,) = slots.claim(runner.store, runner.backend.capacity(), ())
        spec = launch.write_spec(home, runner.config, claim.job, claim.attempt, None)
        fill(home.root)
        runner.backend.launch(claim.attempt, spec, claim.lock)
        time.sleep(1.5)
        assert claim.attempt.lock() is None, "the shim gave up"
        assert not marks.exists(), "it ran although its start could not be recorded"
        (home.root / "ballast").unlink()
        until(marks.exists, "the job's start")
    elif scenario == "while_running":
        runner.schedule()
        until(marks.exists, "the job's start")
        fill(home.root)
        until(
            lambda: runner.attempt(runner.get(kind, "job") or job).exit(),
            "the end on record, in the place reserved for it",
        )
        time.sleep(1.0)
        (home.root / "ballast").unlink()
    else:
        (home.root / "hold").touch()
        runner.schedule()
        until((home.root / "begun").exists, "settling")
        fill(home.root)
        (home.root / "hold").unlink()
        time.sleep(7.0)  # longer than a settlement that dies is repeated
        (home.root / "ballast").unlink()
    until(lambda: [tend(runner), (runner.get(kind, "job") or job).state == "done"][1], "the result", 30)
    final = runner.get(kind, "job")
    assert final is not None
    print(final.status, len(marks.read_text().splitlines()))
    os.sync()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
