"""Ray Jobs as a peer: a local head in a virtual environment of its own below build/, made once.

Run by the benchmarks' interpreter this module makes the environment and asks the same file, run by Ray's interpreter, for
figures: ``python ray_peer.py <what> <argument as JSON>`` prints them as JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PACKAGE = "ray[default]==2.60.0"
FOLDER = Path(__file__).resolve().parents[2] / "build" / "ray"
_PATIENCE_S = 180.0


def ask(what: str, argument: dict[str, Any]) -> dict[str, Any]:
    """Figures of Ray: ``first_line`` or ``throughput``. Raises RuntimeError where Ray cannot be had, with the reason."""
    stamp = FOLDER / f"has-{PACKAGE}"
    if not stamp.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        for command in (
            [sys.executable, "-m", "venv", str(FOLDER)],
            [str(FOLDER / "bin" / "pip"), "install", "--quiet", PACKAGE],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"Ray could not be installed: {done.stderr.strip()[-300:]}")
        stamp.touch()
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(FOLDER / "bin" / "python"), __file__, what, json.dumps(argument)],
            stdout=output, stderr=subprocess.PIPE, text=True, check=False, timeout=600,
        )  # fmt: skip
        output.seek(0)
        lines = output.read().splitlines()
    if done.returncode or not lines:
        raise RuntimeError(f"Ray failed: {' '.join(done.stderr.split())[-150:]}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


class Head:
    """``ray start --head`` on free ports, with everything it starts ended and removed afterwards."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # sockets want short names
        self.port, dashboard = _free_port(), _free_port()
        self.url = f"http://127.0.0.1:{dashboard}"
        self.process = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--num-cpus=2",
                f"--port={self.port}", f"--dashboard-port={dashboard}", f"--temp-dir={self.folder}",
                "--include-dashboard=true", "--disable-usage-stats",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def client(self) -> Any:
        from ray.job_submission import JobSubmissionClient

        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                client = JobSubmissionClient(self.url)
                client.list_jobs()
                return client
            except Exception:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.3)

    def close(self) -> None:
        import psutil

        mine = []
        for process in psutil.process_iter():
            try:
                if self.folder in " ".join(process.cmdline()) or process.pid == self.process.pid:
                    mine += [process, *process.children(recursive=True)]
            except psutil.Error:
                continue
        for process in dict.fromkeys(mine):
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.Error:
                pass
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def first_line(client: Any, script: str, times: int, python: str) -> dict[str, Any]:
    """Milliseconds from submission to the script's first line and to torch, medians; `python` runs the script."""
    taken = []
    _ended(client, _submitted(client, "true"))
    for number in range(times + 1):  # the first one warms up
        begun = time.time()
        job = _submitted(client, f"{python} {script}")
        _ended(client, job)
        log = client.get_job_logs(job)
        found = re.search(r"first=([0-9.]+) ready=([0-9.]+)", log)
        assert found is not None, log
        if number:
            taken.append([(float(found[group]) - begun) * 1000 for group in (1, 2)])
    return {
        "first": statistics.median(one[0] for one in taken),
        "ready": statistics.median(one[1] for one in taken),
    }


def throughput(client: Any, file: str, jobs: int) -> dict[str, Any]:
    """Jobs a second, all submitted at once; each leaves a line in `file` and is then ``true``."""
    begun = time.perf_counter()
    names = [_submitted(client, f"echo ray-{number} >> {file}; exec true") for number in range(jobs)]
    for name in names:
        _ended(client, name)
    return {"jobs_per_second": jobs / (time.perf_counter() - begun)}


def _submitted(client: Any, entrypoint: str) -> str:
    """The job's name. A head that is just up answers, and takes no jobs yet."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            name: str = client.submit_job(entrypoint=entrypoint)
            return name
        except RuntimeError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def _ended(client: Any, job: str) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not (status := client.get_job_status(job)).is_terminal():
        assert time.monotonic() < end, f"Ray's job {job} is {status}"
        time.sleep(0.01)
    assert status == "SUCCEEDED", client.get_job_info(job).message


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def main(what: str, argument: dict[str, Any]) -> None:
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    head = Head()
    try:
        print(
            json.dumps({"first_line": first_line, "throughput": throughput}[what](head.client(), **argument))
        )
    finally:
        head.close()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
