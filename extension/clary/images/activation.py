"""The variables of a program that runs in an image's environment: as if that environment had been activated."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from clary.home import Home
from clary.images import registry
from clary.images.resolution import Environment


def activated(environ: Mapping[str, str], image: Environment, scratch: Path) -> dict[str, str]:
    """``environ`` with PATH and VIRTUAL_ENV such that ``python`` is the image's. ``scratch``: a folder of the job's own."""
    changed = dict(environ)
    folders = [part for part in (environ.get("PATH") or os.defpath).split(os.pathsep) if part]
    python = image.python
    if not image.is_current:
        changed.pop("VIRTUAL_ENV", None)
        if sys.prefix != sys.base_prefix:  # Clary's own commands are no part of the image
            folders = [part for part in folders if part != str(Path(sys.executable).parent)]
        if image.interpreter.environment is not None:
            changed["VIRTUAL_ENV"] = str(image.interpreter.environment)
    first = [str(python.parent)]
    if (python.parent / "python").resolve() != python.resolve():
        # python3.10 in a folder where "python" is another one, or nothing.
        first.insert(0, str(_named_python(python, scratch / "bin")))
    if image.program is not None:
        first.insert(0, str(image.program.folder))
    changed["PATH"] = os.pathsep.join(
        dict.fromkeys([*first, *(part for part in folders if part not in first)])
    )
    return changed


def _named_python(python: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("python", "python3"):
        # Not a link: an interpreter finds its virtual environment by the place where it was started.
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {quote(str(python))} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    return folder


def hold(home: Home, image: Environment) -> int | None:
    """Keep a built environment from being removed for as long as this process lives; the lock's descriptor, if there is one."""
    if image.registered is None or image.registered.source != "built":
        return None
    lock = lock_path(home, image.interpreter.path.parent.parent)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def lock_path(home: Home, environment: Path) -> Path:
    """Held exclusively while an environment is built or removed, shared while a job uses it."""
    return registry.folder(home) / f"{environment.name}.lock"
