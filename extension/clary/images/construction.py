"""The work of building one environment: pip's, and a look at what came of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from shlex import quote

from clary.home import Home
from clary.images import pip, registry
from clary.images.errors import ImageError
from clary.images.frameworks import Known, module_of
from clary.images.interpreters import Interpreter, clean, interpreter
from clary.images.layering import bare_environment, layered_environment
from clary.images.pip import Say
from clary.images.recipe import Recipe
from clary.images.registry import Registered

_MISSING = re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+?)==")


class Build:
    """One build. ``lock``: the descriptor of the lock that its caller holds."""

    def __init__(
        self,
        home: Home,
        key: str,
        folder: Path,
        recipe: Recipe,
        known: Known | None,
        lower: Interpreter,
        lock: int,
        say: Say,
    ) -> None:
        self._home, self._key, self._folder, self._recipe = home, key, folder, recipe
        self._known, self._lower, self._lock, self._say = known, lower, lock, say

    def run(self) -> Registered:
        """Build and register; whatever stops it, no half of an environment stays."""
        started = time.monotonic()
        identity = self._recipe.identity()
        shutil.rmtree(self._folder, ignore_errors=True)  # of a build that was killed
        below = f", on top of the packages of {self._lower.path}" if self._recipe.layered else ""
        self._say(f"Building {self._key} in {self._folder} with Python {self._lower.version}{below}")
        try:
            make = layered_environment if self._recipe.layered else bare_environment
            python = make(self._folder, self._lower)
            if not self._recipe.is_empty:
                self._install(python)
            built = interpreter(self._home, python)
            self._try_imports(built)
            done = registry.save(
                self._home,
                Registered(
                    self._key, str(python), source="built", recipe={**identity, "made": list(self._made)}
                ),
            )
        except BaseException:
            self._say("The build did not succeed; what there was of it is removed.")
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        has = built.packages(self._wanted)
        shown = ", ".join(f"{name} {version}" for name, version in has.items())
        self._say(
            f"Built {self._key} in {time.monotonic() - started:.0f} s: Python {built.version}{', ' + shown if shown else ''}"
        )
        return done

    @property
    def _wanted(self) -> list[str]:
        return list(self._known.needs) if self._known else []

    @property
    def _made(self) -> tuple[str, ...]:
        return tuple(self._recipe.arguments())

    def _install(self, python: Path) -> None:
        """pip's work; a version that the index does not have for this Python is let go, which is said."""
        for note in self._recipe.notes:
            self._say(note)
        with tempfile.NamedTemporaryFile("w", prefix="clary-limits-", suffix=".txt") as limits:
            limits.write("\n".join(self._recipe.limits) + "\n")
            limits.flush()
            while True:
                command = [*pip.install_command(python), "-c", limits.name, *self._recipe.arguments()]
                if "torch" not in self._lower.packages(["torch"]) or not self._recipe.layered:
                    code, lines = self._look_ahead(command)
                else:
                    code, lines = pip.run(command, self._say, self._lock)
                if code == 0:
                    return
                missing = _MISSING.search("\n".join(lines))
                name = missing[1].lower() if missing else ""
                if not self._recipe.pins.get(name):
                    raise ImageError(f"{self._key} could not be built. pip says:\n{pip.error_of(lines)}")
                self._recipe = self._recipe.without_pin(name, self._lower.minor)
                self._say(self._recipe.notes[-1])

    def _look_ahead(self, command: list[str]) -> tuple[int, list[str]]:
        """Install, but first see what that would bring: never gigabytes of CUDA that a package's torch drags along."""
        with tempfile.TemporaryDirectory(prefix="clary-report-") as folder:
            report = Path(folder) / "report.json"
            code, lines = pip.run([*command, "--dry-run", "--report", str(report)], self._say, self._lock)
            if code:
                return code, lines
            for item in json.loads(report.read_bytes())["install"]:
                metadata = item["metadata"]
                if metadata["name"].lower() != "torch" or "+cpu" in metadata["version"]:
                    continue
                if any(
                    text.lower().startswith(("nvidia-", "cuda-"))
                    for text in metadata.get("requires_dist", ())
                ):
                    raise ImageError(
                        f"{self._key} could not be built: it would install torch {metadata['version']}, a CUDA build of "
                        f"several GB. Put the torch you want into an environment of your own, and name that one: "
                        f"clary images add {quote(self._key)} --python <path of its python>"
                    )
        return pip.run(command, self._say, self._lock)

    def _try_imports(self, built: Interpreter) -> None:
        """What was installed for a known image must import: wheels may fit by their metadata and crash all the same."""
        lower = self._lower.packages(self._wanted) if self._recipe.layered else {}
        for name, version in built.packages(self._wanted).items():
            if lower.get(name) == version:
                continue
            done = subprocess.run(
                [str(built.path), "-c", f"import {module_of(name)}"],
                cwd="/",
                env=clean(os.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
            if done.returncode:
                words = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no output"]
                raise ImageError(
                    f"{self._key} could not be built: {name} {version} was installed, but cannot be imported: {words[-1]}"
                )
