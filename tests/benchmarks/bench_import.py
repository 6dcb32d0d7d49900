"""What Clary adds: the time of ``import clary``, and to the start of JupyterLab.

JupyterLab is started for real, with and without the extension in turn, until it answers its status request.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
from tests.benchmarks.measuring import fresh_home, row

IMPORTS, STARTS = 15, 7
EXTENSION = "clary.jupyter"


def importing(module: str) -> float:
    """Milliseconds of importing ``module`` in a new interpreter; the median of some."""
    code = f"import time; a = time.perf_counter(); import {module}; print((time.perf_counter() - a) * 1000)"
    taken = []
    for _ in range(IMPORTS):
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        taken.append(float(result.stdout))
    return statistics.median(taken)


def starting(enabled: bool) -> tuple[float, float]:
    """Milliseconds until a new JupyterLab answers: by the clock, and of processor time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = {"ServerApp": {"jpserver_extensions": {EXTENSION: enabled, "jupyterlab": True}}}
        (folder / "jupyter_server_config.json").write_text(json.dumps(config))
        environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(folder),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
        }
        arguments = ["--no-browser", "--allow-root", "--ServerApp.port=0", f"--ServerApp.root_dir={folder}"]
        begun = time.perf_counter()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *arguments], env=environment, stdout=log, stderr=log
            )
        try:
            _answered(process, folder / "runtime" / f"jpserver-{process.pid}.json", folder / "log")
            taken = (time.perf_counter() - begun) * 1000
            loaded = f"{EXTENSION} | extension was successfully loaded" in (folder / "log").read_text()
            assert loaded == enabled, (folder / "log").read_text()
            times = psutil.Process(process.pid).cpu_times()
            return taken, (times.user + times.system) * 1000
        finally:
            process.terminate()
            process.wait(30)


def _answered(process: subprocess.Popen[bytes], info: Path, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            server = json.loads(info.read_text())
            request = urllib.request.Request(
                f"{server['url']}api/status", headers={"Authorization": f"token {server['token']}"}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
            return
        except (OSError, ValueError):
            time.sleep(0.005)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-3000:]}")


def main() -> None:
    row("import in a new interpreter, median", "ms", "of import boto3")
    boto3 = importing("boto3")
    for module in ("clary", "boto3"):
        taken = importing(module) if module != "boto3" else boto3
        row(f"  import {module}", f"{taken:.0f}", f"{taken / boto3:.2f}")
    with fresh_home():
        starting(True)  # files are cached, bytecode is compiled
        pairs = [(starting(True), starting(False)) for _ in range(STARTS)]
    row(f"start of JupyterLab until it answers, of {STARTS}", "with", "without", "difference")
    # On a machine that does other things, too, the fastest start is the one that was disturbed least.
    for label, index, choose in (
        ("by the clock, fastest, ms", 0, min),
        ("by the clock, median, ms", 0, statistics.median),
        ("processor time, median, ms", 1, statistics.median),
    ):
        with_it, without = (choose([pair[side][index] for pair in pairs]) for side in (0, 1))
        row(f"  {label}", f"{with_it:.0f}", f"{without:.0f}", f"{with_it - without:+.0f}")


if __name__ == "__main__":
    main()
