"""Packages that the user's code asks for, installed where no other job and no notebook sees them.

SageMaker installs into the container, which ends with the job. Here the interpreter is the user's own, or an image's, so each
job that needs packages gets a virtual environment *on top of* it: what is there already is used, what is missing or has another
version goes into the job's folder, and nothing of the user's environment is touched.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from clary.images.errors import ImageError
from clary.images.interpreters import Interpreter
from clary.images.layering import layered_environment
from clary.toolkits.training.code import Program
from clary.toolkits.training.errors import JobFailure

_TAIL_LINES = 12


def needs_install(code: Path, program: Program) -> bool:
    """Whether this code has packages to install before it runs."""
    return program is Program.PACKAGE or (
        program is not Program.COMMAND and (code / "requirements.txt").is_file()
    )


def pip_install(python: Path) -> list[str]:
    """The pip command that installs into the environment of `python`, to be followed by what to install."""
    options = ["--no-input", "--disable-pip-version-check"]
    return [sys.executable, "-m", "pip", "--python", str(python), "install", *options]


def install(
    code: Path, program: Program, environment_folder: Path, environment: Mapping[str, str], lower: Interpreter
) -> Path:
    """Install requirements.txt (and the package itself, for a setup.py) and return the interpreter that has them.

    What ``lower``, the interpreter of the job's image, has is used. pip's output goes to the job's log. Raises JobFailure with
    the training toolkit's words when pip fails.
    """
    try:
        python = layered_environment(environment_folder, lower)
    except ImageError as problem:
        raise JobFailure(f"ClientError: {problem}") from None
    command = pip_install(python)
    error = "InstallRequirementsError"
    if program is Program.PACKAGE:
        command.append(".")
        error = "InstallModuleError"
    if (code / "requirements.txt").is_file():
        command += ["-r", "requirements.txt"]
    print(f"[clary] Installing dependencies: {shlex.join(command[1:])}", flush=True)
    code_, tail = _run_shown(command, code, environment)
    if code_ != 0:
        raise JobFailure(
            f'AlgorithmError: {error}:\nExitCode {code_}\nErrorMessage "{_message(tail)}"\n'
            f'Command "{shlex.join(command)}", exit code: 1'
        )
    return python


def _run_shown(command: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, list[str]]:
    """Run ``command`` with its output passed on to ours; its exit code and last lines."""
    tail: deque[str] = deque(maxlen=400)
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            os.write(1, line)
            tail.append(line.decode("utf-8", "replace").rstrip())
        return process.wait(), list(tail)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _message(tail: list[str]) -> str:
    """pip's ERROR lines, or its last lines where it printed none."""
    errors = [line for line in tail if line.lstrip().startswith(("ERROR:", "error:"))]
    return "\n".join((errors or [line for line in tail if line])[-_TAIL_LINES:])
