"""Packages that the user's code asks for, installed where no other job and no notebook sees them.

SageMaker installs into the container, which ends with the job. Here the interpreter is the user's own, so each job that
needs packages gets a virtual environment *on top of* it: what is there already is used, what is missing or has another
version goes into the job's folder, and nothing of the user's environment is touched.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
import venv
from collections import deque
from collections.abc import Mapping
from pathlib import Path

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


def install(code: Path, program: Program, environment_folder: Path, environment: Mapping[str, str]) -> Path:
    """Install requirements.txt (and the package itself, for a setup.py) and return the interpreter that has them.

    pip's output goes to the job's log. Raises JobFailure with the training toolkit's words when pip fails.
    """
    python = layered_environment(environment_folder)
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


def layered_environment(folder: Path) -> Path:
    """Make a virtual environment in ``folder`` that sees this interpreter's packages below its own; returns its python."""
    if not (folder / "bin" / "python").exists():
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
        own = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
        lower = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
        # addsitedir and not a plain path: editable installs of the lower environment work through its own .pth files.
        lines = [f"import site; site.addsitedir({path!r})" for path in lower]
        (own / "_lower_environment.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "bin" / "python"


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
