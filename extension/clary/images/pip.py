"""pip, run for an environment that has none of its own, with its words passed on as they come."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from clary.images.errors import ImageError
from clary.images.interpreters import clean

Say = Callable[[str], None]


def install_command(python: Path) -> list[str]:
    """The pip command that installs into the environment of `python`, to be followed by what to install.

    ``pip --python`` would do the same in a process below its own, which goes on when ours and pip's first one are killed.
    """
    found = importlib.util.find_spec("pip")
    runner = Path(found.origin).with_name("__pip-runner__.py") if found and found.origin else None
    if runner is None or not runner.is_file():
        raise ImageError(
            f"Building needs pip (22.3 or newer) in Clary's environment: {sys.executable} -m ensurepip --upgrade"
        )
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    return [str(python), str(runner), "install", *options]


def run(command: Sequence[str], say: Say, lock: int) -> tuple[int, list[str]]:
    """Run pip to its end; its exit code and all its lines, each of which ``say`` gets at once.

    pip does not outlive this process. It holds ``lock`` (a descriptor) as long as it lives: until it is gone, nobody else may
    take the folder that it writes into.
    """
    lines: list[str] = []
    process = subprocess.Popen(
        list(command),
        cwd="/",
        env={**clean(os.environ), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(lock,),
        preexec_fn=_die_with_parent,
    )
    assert process.stdout is not None
    try:
        for raw in process.stdout:
            lines.append(raw.decode("utf-8", "replace").rstrip())
            say(lines[-1])
        return process.wait(), lines
    finally:
        if process.poll() is None:
            process.terminate()  # pip removes its temporary folders
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()


def error_of(lines: Sequence[str]) -> str:
    """pip's own words on why it failed."""
    errors = [line for line in lines if line.lstrip().startswith(("ERROR:", "error:"))]
    return "\n".join((errors or [line for line in lines if line] or ["no output"])[-12:])


def _die_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
