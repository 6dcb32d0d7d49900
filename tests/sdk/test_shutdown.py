"""``clary shutdown`` ends everything of a home, and nothing of another."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import clary
from clary.home import Home
from clary.runner import zygote

SLEEP = "import time\nwhile True: time.sleep(0.1)"


def shut_down(home: Path) -> subprocess.CompletedProcess[str]:
    # By another name of the same interpreter than the one that the jobs were submitted with.
    python = next(p for p in Path(sys.executable).parent.glob("python*") if str(p) != sys.executable)
    command = [str(python), "-m", "clary.cli", "--home", str(home), "shutdown"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def processes_of(home: Path) -> list[list[str]]:
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except psutil.Error:
            continue
        if any(str(home) in part for part in command) and "pytest" not in " ".join(command):
            found.append(command)
    return found


def test_a_home_with_nothing_running_is_shut_down_in_silence(home_path: Path) -> None:
    result = shut_down(home_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_servers_that_go_on_are_named(serve: Callable[..., Any], home_path: Path) -> None:
    servers = [serve(), serve()]
    killed = serve().process
    killed.kill()
    killed.wait()
    result = shut_down(home_path)
    assert (result.returncode, result.stderr) == (0, "")
    expected = [
        f"The server at {server.url} (pid {server.process.pid}) goes on; "
        f"end it with Ctrl-C where it runs, or kill {server.process.pid}"
        for server in servers
    ]
    assert sorted(result.stdout.splitlines()) == sorted(expected)
    assert [server.process.poll() for server in servers] == [None, None]


def test_jobs_endpoints_and_what_serves_them_end(
    home_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARY_ZYGOTE", "1")
    (tmp_path / "sleep.py").write_text(SLEEP)
    (tmp_path / "factor.txt").write_text("2")
    (tmp_path / "inference.py").write_text(
        "def model_fn(d): return 2\ndef predict_fn(data, model): return [model * x for x in data]\n"
    )
    job = clary.train(tmp_path / "sleep.py", name="sleeper")
    endpoint = clary.deploy(tmp_path / "factor.txt", code=tmp_path / "inference.py", name="doubles")
    assert endpoint.predict([3]) == [6]
    end = time.monotonic() + 60
    while not zygote.alive(Home.locate(home_path)):
        assert time.monotonic() < end
        time.sleep(0.1)
    result = shut_down(home_path)
    assert result.returncode == 0, result.stderr
    assert "stopped training-job sleeper" in result.stdout
    assert "stopped endpoint doubles" in result.stdout
    assert job.wait(quiet=True, timeout=10).status == "Stopped"
    assert endpoint.status == "Failed"
    end = time.monotonic() + 20
    while running := processes_of(home_path):  # the settler looks around once more before it goes
        assert time.monotonic() < end, running
        time.sleep(0.1)
    endpoint.delete(models=True)


def test_another_home_is_left_alone(home_path: Path, tmp_path: Path) -> None:
    (tmp_path / "sleep.py").write_text(SLEEP)
    job = clary.train(tmp_path / "sleep.py", name="mine")
    assert shut_down(tmp_path / "other").returncode == 0
    assert job.status == "InProgress"
