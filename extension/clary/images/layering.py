"""Virtual environments on top of another environment: what is there below is seen, and never changed."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

from clary.images.errors import ImageError
from clary.images.interpreters import Interpreter, clean, current


def bare_environment(folder: Path, lower: Interpreter) -> Path:
    """Make an empty virtual environment (without pip) of an interpreter; returns its python. Raises ImageError."""
    python = folder / "bin" / "python"
    if python.exists():
        return python
    if lower.is_current:
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
        return python
    done = subprocess.run(
        [str(lower.path), "-m", "venv", "--without-pip", str(folder)],
        env=clean(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        words = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise ImageError(
            f"{lower.path} cannot make a virtual environment: {words[-1] if words else 'no output'}"
        )
    return python


def layered_environment(folder: Path, lower: Interpreter | None = None) -> Path:
    """Make a virtual environment that sees the packages of ``lower`` (Clary's own) below its own; returns its python.

    Raises ImageError.
    """
    lower = lower or current()
    python = bare_environment(folder, lower)
    own = next(folder.glob("lib/*/site-packages"))
    # addsitedir and not a plain path: editable installs of the lower environment work through its own .pth files.
    lines = [f"import site; site.addsitedir({path!r})" for path in lower.libraries]
    (own / "_lower_environment.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return python
