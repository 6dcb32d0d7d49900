"""Python interpreters of this machine: whether one runs, which Python it is, and which packages it has."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import site
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, DistributionFinder, MetadataPathFinder
from pathlib import Path
from typing import Any

from clary.home import Home, write_json
from clary.images.errors import ImageError

_PROBE_S = 60
_VERSION = re.compile(r"^Version: *(\S+) *$", re.MULTILINE)
_PROBE = """
import json, platform, site, sys, sysconfig
libraries = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
libraries += [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
print(json.dumps({"version": platform.python_version(), "path": sys.path[1:], "libraries": libraries}))
"""


@dataclass(frozen=True)
class Interpreter:
    """One interpreter. search: its sys.path; libraries: the folders of it that packages are installed into."""

    path: Path
    version: str
    search: tuple[str, ...]
    libraries: tuple[str, ...]
    is_current: bool = False

    @property
    def minor(self) -> str:
        """The version without its last part: 3.11."""
        return ".".join(self.version.split(".")[:2])

    @property
    def environment(self) -> Path | None:
        """The folder of the virtual environment that this is the interpreter of; None for one of the system."""
        folder = self.path.parent.parent
        return folder if (folder / "pyvenv.cfg").is_file() else None

    def packages(self, names: Iterable[str]) -> dict[str, str]:
        """The versions of those of the distributions that are installed; read from their metadata, importing nothing."""
        found: dict[str, str] = {}
        for name in names:
            context = DistributionFinder.Context(name=name, path=list(self.search))
            for distribution in MetadataPathFinder.find_distributions(context):
                version = _version(distribution)
                if version:  # a folder that pip has half removed has none
                    found[name] = version
                    break
        return found


def _version(distribution: Distribution) -> str:
    # Distribution.version parses all of the metadata, which takes milliseconds for torch's.
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    match = _VERSION.search(text)
    return match[1] if match else ""


def current() -> Interpreter:
    """Clary's own interpreter."""
    libraries = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    libraries += [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return Interpreter(
        Path(sys.executable),
        platform.python_version(),
        tuple(sys.path),
        tuple(dict.fromkeys(libraries)),
        True,
    )


def interpreter(home: Home, python: Path) -> Interpreter:
    """The interpreter at ``python``. It is asked once, and again when it or its packages change.

    Raises ImageError when it does not run.
    """
    if python == Path(sys.executable):
        return current()
    folder = home.root / "images" / "interpreters"
    cache = folder / f"{hashlib.sha256(os.fsencode(python)).hexdigest()[:16]}.json"
    with contextlib.suppress(OSError, ValueError, KeyError):
        value = json.loads(cache.read_bytes())
        if value["python"] == str(python) and value["seen"] == _seen(value["seen"]):
            return _made(python, value)
    value = _ask(python)
    value |= {"python": str(python), "seen": _seen([str(python), *value["libraries"]])}
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        write_json(cache, value)
    return _made(python, value)


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables with which one interpreter may start another: none that would lend it its own packages."""
    return {k: v for k, v in environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")}


def _made(python: Path, value: Mapping[str, Any]) -> Interpreter:
    libraries = dict.fromkeys(value["libraries"])
    return Interpreter(python, value["version"], tuple(value["path"]), tuple(libraries))


def _seen(paths: Iterable[str]) -> dict[str, int]:
    # A folder's time changes with every package that is installed into it or removed.
    return {path: os.stat(path).st_mtime_ns if os.path.exists(path) else 0 for path in paths}


def _ask(python: Path) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [str(python), "-c", _PROBE],
            cwd="/",
            env=clean(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_S,
            check=False,
        )
    except OSError as error:
        raise ImageError(f"The interpreter {python} cannot be run: {error.strerror or error}.") from None
    except subprocess.TimeoutExpired:
        raise ImageError(f"The interpreter {python} gave no answer within {_PROBE_S} seconds.") from None
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode == 0:
        with contextlib.suppress(ValueError, IndexError, TypeError):
            value = json.loads(text.strip().splitlines()[-1])
            if isinstance(value, dict) and {"version", "path", "libraries"} <= value.keys():
                return value
    words = (done.stderr.decode("utf-8", "replace") or text).strip().splitlines()
    raise ImageError(
        f"{python} is not a Python interpreter that runs here: {words[-1] if words else 'it printed nothing'}"
    )
