"""The zygote as a process: when it serves, when it refuses, and that it never stays.

Most of this is the same for both kinds, and is asked of the light one: to import torch takes seconds.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.config import Config
from clary.home import Home
from clary.runner import JobSpec, Pump, Resources, Runner, zygote
from clary.store import Store
from clary.store.jobs import Job

pytestmark = pytest.mark.slow


@pytest.fixture
def warm_bench(bench: Any, home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bench whose jobs may be warm."""
    monkeypatch.setenv("CLARY_ZYGOTE", "1")
    bench.runner = Runner(home, Config.load(home), Store(home))
    yield bench
    zygote.stop(home)


def submit(
    bench: Any, entry: str = "say_how_it_started", warm: bool = True, torch: bool = False, **payload: str
) -> Job:
    bench.count += 1
    name = f"job-{bench.count}"
    spec = JobSpec(
        kind="test", name=name, entry=f"warm_entries:{entry}", log_group="/test", log_stream=f"{name}/{{epoch}}",
        resources=Resources(1, 0, 0), warm=warm, torch=torch, payload=payload,
    )  # fmt: skip
    job: Job = bench.runner.submit(spec)
    bench.runner.schedule()
    return job


def said(bench: Any, job: Job) -> set[str]:
    """The lines of the job's log."""
    return {event.message for event in bench.log(job)}


def wait_for(home: Home, other_than: int = 0, torch: bool = False, timeout_s: float = 60.0) -> int:
    """The pid of a zygote that serves."""
    deadline = time.monotonic() + timeout_s
    while (pid := zygote.alive(home, torch=torch)) in (0, other_than):
        log = zygote.socket_path(home, torch=torch).with_suffix(".log")
        assert time.monotonic() < deadline, log.read_text() if log.exists() else "no zygote was started"
        time.sleep(0.02)
    return pid


def up(home: Home, torch: bool = False) -> int:
    zygote.ensure(home, torch=torch)
    return wait_for(home, torch=torch)


def until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def zygotes(home: Home) -> list[int]:
    """Every zygote process of this home."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                line = Path(f"/proc/{entry}/cmdline").read_bytes()
                state = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            # A job that was forked from it has the same command line, and another name.
            name = Path(f"/proc/{entry}/comm")
            if (
                b"zygote_process" in line
                and str(home.root).encode() in line
                and state != "Z"
                and name.read_text() == "clary-zygote\n"
            ):
                found.append(int(entry))
    return found


def test_a_warm_job_is_forked_from_the_zygote_and_leaves_no_zombie(warm_bench: Any, home: Home) -> None:
    pid = up(home, torch=True)
    job = warm_bench.wait(submit(warm_bench, torch=True))
    assert (job.status, job.failure_reason) == ("Completed", "")
    assert {"forked", "torch loaded"} <= said(warm_bench, job)
    cold = warm_bench.wait(submit(warm_bench, warm=False))
    assert {"not forked", "torch not loaded"} <= said(warm_bench, cold)
    until(lambda: Path(f"/proc/{pid}/task/{pid}/children").read_text() == "")
    assert zygote.alive(home) == pid


def test_a_warm_attempt_has_its_lock_from_the_first_moment(warm_bench: Any, home: Home) -> None:
    """Else whoever reconciles right then takes it for lost, and the job starts once more."""
    up(home)
    jobs = [submit(warm_bench) for _ in range(12)]
    deadline = time.monotonic() + 60
    while any(warm_bench.job(job).state != "done" for job in jobs):
        warm_bench.runner.tend()
        assert time.monotonic() < deadline
    assert [warm_bench.job(job).attempt for job in jobs] == [1] * len(jobs)
    assert all("forked" in said(warm_bench, job) for job in jobs)


def test_a_killed_zygote_means_one_cold_start_and_another_zygote(warm_bench: Any, home: Home) -> None:
    pid = up(home)
    os.kill(pid, signal.SIGKILL)
    job = warm_bench.wait(submit(warm_bench))
    assert job.status == "Completed"
    assert "not forked" in said(warm_bench, job)
    assert wait_for(home, other_than=pid)
    assert "forked" in said(warm_bench, warm_bench.wait(submit(warm_bench)))


def test_a_job_outlives_the_zygote_that_forked_it(warm_bench: Any, home: Home) -> None:
    pid = up(home)
    job = submit(warm_bench, "wait_for_file", path=str(warm_bench.tmp_path / "go"))
    warm_bench.wait_started(job)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not zygotes(home))
    (warm_bench.tmp_path / "go").touch()
    assert warm_bench.wait(job).status == "Completed"


def test_starting_one_takes_no_time_and_several_at_once_are_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    durations = []
    for _ in range(4):
        begun = time.perf_counter()
        zygote.ensure(home, torch=False)
        durations.append(time.perf_counter() - begun)
    assert min(durations) < 0.05
    pid = wait_for(home)
    until(lambda: zygotes(home) == [pid])
    zygote.stop(home)
    assert zygotes(home) == []


def test_it_ends_when_its_home_is_gone(home: Home) -> None:
    up(home)
    shutil.rmtree(home.root)
    if home.run.exists():  # a long path has its sockets elsewhere
        shutil.rmtree(home.run)
    until(lambda: not zygotes(home))


def test_it_ends_when_nobody_needs_it(home: Home) -> None:
    home.config_file.write_text("zygote_idle_s = 1.0")
    up(home)
    until(lambda: not zygotes(home))
    assert not zygote.socket_path(home, torch=False).exists()


def test_it_ends_on_sigterm_and_takes_its_socket_with_it(home: Home) -> None:
    pid = up(home)
    os.kill(pid, signal.SIGTERM)
    until(lambda: not zygotes(home))
    assert not zygote.socket_path(home, torch=False).exists()


def test_it_refuses_once_packages_have_changed_and_another_takes_its_place(
    warm_bench: Any, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    monkeypatch.setenv("PYTHONPATH", f"{os.environ['PYTHONPATH']}:{packages}")
    pid = up(home)
    (packages / "newer.py").touch()
    job = warm_bench.wait(submit(warm_bench))
    assert "not forked" in said(warm_bench, job)
    assert wait_for(home, other_than=pid) != pid


def test_nonsense_and_slow_clients_do_it_no_harm(home: Home) -> None:
    pid = up(home)
    address = str(zygote.socket_path(home, torch=False))
    for data in (b"", b"nonsense", b'{"attempt": ', b"[]", b"\xff" * 100, b"3"):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(address)
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            client.settimeout(5)
            client.recv(100)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(address)
        answers: list[int] = []
        patient = threading.Thread(target=lambda: answers.append(wait_for(home)))
        patient.start()
        patient.join(20)
        assert answers == [pid]
    # An attempt that is not there: the fork ends by itself, and nothing else happens.
    assert zygote.spawn(home, home.jobs / "none" / "1", torch=False)
    until(lambda: Path(f"/proc/{pid}/task/{pid}/children").read_text() == "")
    assert zygote.alive(home, torch=False) == pid


def test_an_interpreter_whose_zygote_cannot_start_is_not_tried_for_every_job(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "torch.py").write_text(
        "open(__file__ + '.count', 'a').write('x'); raise RuntimeError('broken torch')"
    )
    monkeypatch.setenv("PYTHONPATH", str(broken))
    zygote.ensure(home)
    failed = zygote.socket_path(home).with_suffix(".failed")
    until(failed.exists)
    until(lambda: not zygotes(home))
    assert "broken torch" in zygote.socket_path(home).with_suffix(".log").read_text()
    for _ in range(3):
        zygote.ensure(home)
    time.sleep(0.5)
    assert (broken / "torch.py.count").read_text() == "x"


def test_it_holds_no_descriptor_but_its_own(home: Home) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    with open(os.devnull) as inherited:
        os.set_inheritable(inherited.fileno(), True)
        pid = up(home, torch=True)
        opened = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
    os.close(read)
    os.close(write)
    kinds = sorted(
        target.split(":")[0].rpartition("/")[2].replace(zygote.socket_path(home).stem, "zygote")
        for target in opened
    )
    assert kinds == ["null", "socket", "zygote.lock", "zygote.log", "zygote.log"], opened


def test_the_home_can_be_warmed_by_another_interpreters_path(home: Home, tmp_path: Path) -> None:
    """Two interpreters (here: two names of one) have a zygote each."""
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    assert zygote.socket_path(home, str(other)) != zygote.socket_path(home)
    assert zygote.socket_path(home, sys.executable) == zygote.socket_path(home)
    assert (
        subprocess.run(
            [sys.executable, "-c", "import clary.runner.zygote, sys; sys.exit('torch' in sys.modules)"]
        ).returncode
        == 0
    )


def test_a_job_that_needs_no_torch_is_forked_from_a_light_zygote(warm_bench: Any, home: Home) -> None:
    up(home)
    job = submit(warm_bench)
    done = warm_bench.wait(job)
    assert (done.status, done.attempt) == ("Completed", 1)
    assert {"forked", "torch not loaded"} <= said(warm_bench, job)
    assert zygote.alive(home) == 0
    # Its shim was forked, and so was the settler that it left behind.
    names = [Path(f"/proc/{pid}/comm").read_text() for pid in forks_of(home)]
    assert "clary-settle\n" in names


def forks_of(home: Home) -> list[int]:
    """Processes with a zygote's command line, the zygotes themselves left out."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                line = Path(f"/proc/{entry}/cmdline").read_bytes()
                name = Path(f"/proc/{entry}/comm").read_text()
            except OSError:
                continue
            if b"zygote_process" in line and str(home.root).encode() in line and name != "clary-zygote\n":
                found.append(int(entry))
    return found


def test_a_forked_settler_that_is_killed_is_followed_by_another(warm_bench: Any, home: Home) -> None:
    up(home)
    folder = warm_bench.tmp_path
    (folder / "kill").touch()
    spec = JobSpec(
        kind="slow", name="job", entry="job_entries:nothing", log_group="/test", log_stream="job/{epoch}",
        resources=Resources(1, 0, 0), warm=True, torch=False, payload={"folder": str(folder)},
    )  # fmt: skip
    job = warm_bench.runner.submit(spec)
    warm_bench.runner.schedule()
    assert warm_bench.wait(job).status == "Completed"
    settlers = (folder / "begun").read_text().split()
    assert len(settlers) == 2
    assert len((folder / "ended").read_text().split()) == 1


def test_a_zygote_stays_as_long_as_it_is_asked_to(home: Home) -> None:
    home.config_file.write_text("zygote_idle_s = 0.5")
    zygote.keep(home, time.time() + 600, torch=False)
    up(home)
    time.sleep(3)  # it looks every two seconds whether it is still wanted
    assert zygote.alive(home, torch=False)
    zygote.keep(home, time.time() + 60, torch=False)  # shorter than was promised: no change
    assert zygote.kept_until(zygote.socket_path(home, torch=False).with_suffix(".keep")) > time.time() + 300
    zygote.keep(home, time.time(), torch=False, shorten=True)
    until(lambda: not zygote.alive(home, torch=False))


def test_a_server_starts_the_zygotes_before_the_first_job(warm_bench: Any, home: Home) -> None:
    pump = Pump(warm_bench.runner)
    pump.start()
    try:
        until(lambda: zygote.alive(home) and zygote.alive(home, torch=False), 60)
        job = warm_bench.wait(submit(warm_bench, torch=True))
        assert "torch loaded" in said(warm_bench, job)
    finally:
        pump.stop()


def test_whoever_calls_for_it_again_and_again_does_not_keep_it_from_coming_up(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, start = [], subprocess.Popen
    monkeypatch.setattr(
        "clary.runner.zygote.subprocess.Popen", lambda *a, **k: (calls.append(1), start(*a, **k))[1]
    )
    begun = time.monotonic()
    while not zygote.alive(home, torch=False):
        zygote.ensure(home, torch=False)
        assert time.monotonic() < begun + 60
        time.sleep(0.01)
    assert len(calls) <= 1 + (time.monotonic() - begun) / 0.5
    zygote.ensure(home, torch=False)
    assert len(calls) <= 1 + (time.monotonic() - begun) / 0.5
