"""What a program installs for itself goes with its job.

In a container ``pip install`` changes what ends with the container. Here the interpreter is the user's own, so a command that
may call pip (SDK v3's drivers install a job's requirements so) gets a virtual environment on top of it: ``python``, ``pip``
and ``torchrun`` are found there first. Making one takes two milliseconds.
"""

from __future__ import annotations

import os
from pathlib import Path

from clary.images.interpreters import Interpreter
from clary.images.layering import layered_environment

_MODULES = {"pip": "pip", "pip3": "pip", "torchrun": "torch.distributed.run"}


def give(folder: Path, environment: dict[str, str], lower: Interpreter) -> Path:
    """Make the environment in ``folder``, on top of ``lower``, the interpreter of the job's image, and put it first in the
    variables ``environment``; its interpreter."""
    python = layered_environment(folder, lower)
    for name, module in _MODULES.items():
        program = python.parent / name
        if not program.exists():
            program.write_text(
                f'#!/bin/sh\nexec "$(dirname "$0")/python" -m {module} "$@"\n', encoding="utf-8"
            )
            program.chmod(0o755)
    environment["PATH"] = f"{python.parent}{os.pathsep}{environment['PATH']}"
    environment["VIRTUAL_ENV"] = str(folder)
    return python
