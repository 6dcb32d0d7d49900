"""What the jobs of these tests do. Imported in the jobs' own processes, by way of PYTHONPATH."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from clary.runner import child


def _payload(attempt_dir: Path) -> dict[str, Any]:
    return child.load_spec(attempt_dir).payload


def nothing(attempt_dir: Path) -> int:
    return 0


def exit_with(attempt_dir: Path) -> int:
    return int(_payload(attempt_dir)["code"])


def die_by(attempt_dir: Path) -> int:
    os.kill(os.getpid(), _payload(attempt_dir)["signal"])
    time.sleep(10)
    return 0


def mark(attempt_dir: Path) -> int:
    """Leave one line in a file that all jobs share."""
    payload = _payload(attempt_dir)
    with open(payload["file"], "a") as file:
        file.write(f"{payload['name']}\n")
    time.sleep(payload.get("sleep", 0))
    return 0


def talk(attempt_dir: Path) -> int:
    """Print lines, then, when the file ``then`` is there, one on stderr."""
    payload = _payload(attempt_dir)
    for line in payload["lines"]:
        print(line)
        sys.stdout.flush()
        time.sleep(0.2)
    while "then" in payload and not os.path.exists(payload["then"]):
        time.sleep(0.02)
    print("and on stderr", file=sys.stderr)
    return 0


def write_bytes(attempt_dir: Path) -> int:
    for item in _payload(attempt_dir)["bytes"]:
        os.write(1, bytes.fromhex(item))
        time.sleep(0.05)
    return 0


def flood(attempt_dir: Path) -> int:
    line = b"x" * 1000 + b"\n"
    block = line * 1000
    for _ in range(_payload(attempt_dir)["megabytes"]):
        os.write(1, block)
    return 0


def one_endless_line(attempt_dir: Path) -> int:
    for _ in range(100):
        os.write(1, "é".encode() * 5000)
    return 0


def sleep(attempt_dir: Path) -> int:
    (attempt_dir / "pid").write_text(str(os.getpid()))
    time.sleep(_payload(attempt_dir).get("seconds", 600))
    return 0


def sleep_once(attempt_dir: Path) -> int:
    """The first attempt sleeps; later ones end well."""
    if attempt_dir.name == "1":
        return sleep(attempt_dir)
    return 0


def save_on_term(attempt_dir: Path) -> int:
    def save(number: int, frame: object) -> None:
        (attempt_dir / "saved").touch()
        print("saved a checkpoint", flush=True)
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, save)
    return sleep(attempt_dir)


def ignore_term(attempt_dir: Path) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return sleep(attempt_dir)


_DAEMON = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(600)
"""


def _start_daemon(attempt_dir: Path) -> None:
    path = attempt_dir / "daemon"
    subprocess.run([sys.executable, "-c", _DAEMON, str(path)], check=True)
    while not path.exists() or not path.read_text():
        time.sleep(0.01)


def with_daemon(attempt_dir: Path) -> int:
    """Leave a daemon behind that ignores SIGTERM, has its own session, and holds our output open."""
    _start_daemon(attempt_dir)
    print("the main process ends")
    return int(_payload(attempt_dir).get("code", 0))


def sleep_with_daemon(attempt_dir: Path) -> int:
    _start_daemon(attempt_dir)
    return sleep(attempt_dir)


def fork_without_exec(attempt_dir: Path) -> int:
    """A worker that carries no cookie in its environment: as in a job forked from a zygote."""
    if os.fork() == 0:
        start = ctypes.c_ulong.from_address  # noqa: F841 - keeps ctypes loaded in the worker, as torch would
        (attempt_dir / "worker").write_text(str(os.getpid()))
        time.sleep(600)
    return sleep(attempt_dir)


def phases(attempt_dir: Path) -> int:
    child.phase(attempt_dir, "Downloading", "Downloading input data")
    time.sleep(0.3)
    child.phase(attempt_dir, "Training", "Training in progress")
    time.sleep(0.3)
    return 0


def show_environment(attempt_dir: Path) -> int:
    Path(_payload(attempt_dir)["file"]).write_text(json.dumps(dict(os.environ)))
    return 0


def eat_memory(attempt_dir: Path) -> int:
    hoard = []
    for _ in range(60):
        hoard.append(bytearray(os.urandom(1 << 20) * 10))
        time.sleep(0.05)
    return 0


def use_cpu(attempt_dir: Path) -> int:
    while time.process_time() < 1.2:
        pass
    return 0


def submit_another(attempt_dir: Path) -> int:
    """A job that starts a job, and ends at once."""
    from clary.config import Config
    from clary.home import Home
    from clary.runner import JobSpec, Runner
    from clary.store import Store

    home = Home.locate()
    runner = Runner(home, Config.load(home), Store(home))
    spec = child.load_spec(attempt_dir)
    payload = {"file": spec.payload["file"], "name": "inner", "sleep": 1.0}
    runner.submit(
        JobSpec(
            "test", "inner", "job_entries:mark", "g", "inner", environment=spec.environment, payload=payload
        )
    )
    runner.schedule()
    time.sleep(spec.payload.get("stay", 0))
    return 0


def crash_until(attempt_dir: Path) -> int:
    """A service that crashes in its first attempts and then stays."""
    payload = _payload(attempt_dir)
    if int(attempt_dir.name) <= payload["crashes"]:
        return 3
    return sleep(attempt_dir)
