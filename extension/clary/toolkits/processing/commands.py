"""The program of a processing job: its command line, its variables, and whether it can be started warm."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clary import images
from clary.runner.isolation import Isolation
from clary.toolkits.processing.layout import Layout
from clary.toolkits.training import own_packages
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.program import Command

_PYTHONS = ("python", "python3")
_PIP = re.compile(rb"\bpip3?\b")


def command(
    request: Mapping[str, Any],
    layout: Layout,
    isolation: Isolation,
    image: images.Environment,
    environment: Mapping[str, str],
    scratch: Path,
    say: Callable[[str], None],
) -> Command:
    """What ``docker run`` would execute for the request. A plain ``python3 script.py`` has `Command.script` set.

    ``environment``: the whole environment; ``scratch``: a folder of the job's own, where packages go that the program installs.
    Raises JobFailure where neither request nor image has a program.
    """
    application = request["AppSpecification"]
    entrypoint = list(application.get("ContainerEntrypoint") or ())
    if not entrypoint and image.program is not None:
        entrypoint = [str(image.program.path)]
    if not entrypoint:
        raise JobFailure(
            f"ClientError: The image {image.image} has no program of its own here. Give AppSpecification.ContainerEntrypoint."
        )
    parts = [
        isolation.rewrite(part) for part in [*entrypoint, *(application.get("ContainerArguments") or ())]
    ]
    _name_own_folder(parts, layout, isolation)
    script = _script(parts, layout)
    if script is not None and image.is_current and not _PIP.search(script.read_bytes()):
        return Command([sys.executable, *parts[1:]], layout.processing, environment, script=parts[1])
    own = dict(environment)
    try:
        own_packages.give(scratch, own, image.interpreter)
    except images.ImageError as error:
        raise JobFailure(f"ClientError: {error}") from None
    parts[0] = _present(parts[0], own, say)
    return Command(parts, layout.processing, own)


def _script(parts: list[str], layout: Layout) -> Path | None:
    """The script of a plain ``python3 script.py ...``, if that is what it is."""
    if len(parts) < 2 or parts[0] not in _PYTHONS or not parts[1].endswith(".py"):
        return None
    script = layout.processing / parts[1]
    return script if script.is_file() else None


def _present(program: str, environment: Mapping[str, str], say: Callable[[str], None]) -> str:
    """``program``, or what this machine has by its name in place of a path that only the image has."""
    if not program.startswith("/") or os.path.exists(program):
        return program
    found = shutil.which(os.path.basename(program), path=environment["PATH"])
    if found is None:
        return program
    say(f"There is no {program} on this machine; {found} is run in its place.")
    return found


def _name_own_folder(parts: list[str], layout: Layout, isolation: Isolation) -> None:
    """Where /opt/ml is another folder, the scripts that the command line names have to say so: AWS's SDKs write
    ``cd /opt/ml/processing/input/code`` into theirs. The job's own copies are changed, and never in place: the object may be
    the same file."""
    if isolation.kind == "namespaces":
        return
    for part in parts:
        path = Path(part)
        if not path.is_relative_to(layout.base) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        changed = isolation.rewrite(text)
        if changed != text:
            mode = path.stat().st_mode
            path.unlink()
            path.write_text(changed, encoding="utf-8")
            path.chmod(mode)
