"""The variables of a job's process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from clary.config import Config
from clary.home import Home
from clary.runner.spec import JobSpec

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

# What belongs to the launcher alone: the job that it is itself, the kernel that it serves, its terminal.
_PRIVATE = (
    "CLARY_ATTEMPT", "CLARY_COOKIE",
    "JPY_PARENT_PID", "JPY_SESSION_NAME", "JPY_INTERRUPT_EVENT", "JPY_API_TOKEN", "PYDEVD_USE_FRAME_EVAL",
    "COLUMNS", "LINES", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "PAGER", "GIT_PAGER",
)  # fmt: skip


def inherited(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The launcher's environment as far as a job may have it; also that of shims and settlers."""
    environ = os.environ if environ is None else environ
    variables = {name: value for name, value in environ.items() if name not in _PRIVATE}
    # A notebook kernel's plotting backend cannot be imported outside of one.
    if variables.get("MPLBACKEND", "").startswith("module://"):
        del variables["MPLBACKEND"]
    if variables.get("PYTHONPATH"):  # it was meant from the launcher's folder
        entries = variables["PYTHONPATH"].split(os.pathsep)
        variables["PYTHONPATH"] = os.pathsep.join(str(Path(entry or ".").absolute()) for entry in entries)
    return variables


def of_job(
    home: Home, config: Config, spec: JobSpec, *, attempt: Path, cookie: str, gpus: tuple[int, ...]
) -> tuple[dict[str, str], list[str]]:
    """Variables to set, and names to remove, on top of the launcher's environment. What the spec sets
    wins."""
    threads = str(max(1, int(spec.resources.cpus)))
    variables = dict.fromkeys(THREAD_VARIABLES, threads)
    variables["PYTHONUNBUFFERED"] = "1"
    if config.gpus:
        # A job that asked for none must not find those of its neighbours.
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(str(index) for index in gpus)
    variables.update(spec.environment)
    variables.update(CLARY_HOME=str(home.root), CLARY_ATTEMPT=str(attempt), CLARY_COOKIE=cookie)
    return variables, [name for name in _PRIVATE if name not in variables]
