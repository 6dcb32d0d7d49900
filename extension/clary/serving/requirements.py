"""code/requirements.txt of a model, installed into an environment of the model's own on top of Clary's."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from clary.images.layering import layered_environment
from clary.serving.variant import StartFailure
from clary.toolkits.training.requirements import pip_install

_MARKER = "clary-installed"


def install(requirements: Path, folder: Path, timeout: float, log: Callable[[bytes], None]) -> str:
    """Returns the interpreter that has the packages; what was installed before is not installed again. Raises StartFailure.

    `folder`: for the environment. pip's output goes to `log` line by line; `timeout` in seconds.
    """
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    marker = folder / _MARKER
    if marker.is_file() and marker.read_text(encoding="ascii") == digest:
        return str(folder / "bin" / "python")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    python = layered_environment(folder)
    try:
        done = subprocess.run(
            [*pip_install(python), "-r", str(requirements)],
            cwd=requirements.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        log(error.stdout or b"")
        raise StartFailure(f"Installing code/requirements.txt took longer than {timeout:.0f} s.") from error
    log(done.stdout.rstrip(b"\n"))
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        errors = [line for line in lines if line.startswith("ERROR:")] or lines
        raise StartFailure(
            f"pip could not install code/requirements.txt: {errors[-1] if errors else 'no output'}"
        )
    marker.write_text(digest, encoding="ascii")
    return str(python)
