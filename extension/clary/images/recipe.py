"""What is installed into an environment that is built for an image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clary.images.errors import ImageError
from clary.images.frameworks import Known, is_version
from clary.images.interpreters import Interpreter

# Until these versions the wheels were compiled against NumPy 1, and do not say so: with NumPy 2 they install and crash.
_FIRST_WITH_NUMPY_2 = {"scikit-learn": (1, 5), "torch": (2, 3), "tensorflow": (2, 18), "mxnet": (99,)}
_NUMPY_1 = "numpy<2"
_SPLIT = re.compile(r"[\s<>=!~;\[@(]")


@dataclass(frozen=True)
class Recipe:
    """pins: distribution to the version of the tag (``1.2``: any 1.2.x), or nothing for any version. limits: constraints."""

    pins: dict[str, str]
    packages: tuple[str, ...] = ()
    requirements: str = ""
    limits: tuple[str, ...] = ()
    layered: bool = True
    python: str = ""
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_empty(self) -> bool:
        return not (self.pins or self.packages or self.requirements)

    def is_satisfied_by(self, lower: Interpreter) -> bool:
        """Whether an environment from this recipe would have nothing that ``lower`` has not."""
        if self.packages or self.requirements:
            return False
        have = lower.packages(self.pins)
        return all(name in have and is_version(have[name], version) for name, version in self.pins.items())

    def identity(self) -> dict[str, Any]:
        """What makes two recipes the same."""
        return {
            "pins": self.pins,
            "packages": list(self.packages),
            "requirements": self.requirements,
            "limits": list(self.limits),
            "python": self.python,
        }

    def without_pin(self, name: str, python: str) -> Recipe:
        """The recipe that takes any version of ``name``."""
        note = f"There is no {name} {self.pins[name]} for Python {python}; taking the newest that fits."
        return Recipe(
            {**self.pins, name: ""},
            self.packages,
            self.requirements,
            tuple(limit for limit in self.limits if limit != _NUMPY_1),
            self.layered,
            self.python,
            (*self.notes, note),
        )

    def arguments(self) -> list[str]:
        """pip's arguments. A pinned framework is never compiled here: that takes an hour, or fails after it."""
        asked = [f"{name}=={version}.*" if version else name for name, version in self.pins.items()]
        pinned = [name for name, version in self.pins.items() if version]
        only = ["--only-binary", ",".join(pinned)] if pinned else []
        files = ["-r", self.requirements] if self.requirements else []
        return [*only, *asked, *self.packages, *files]


def recipe_of(
    known: Known | None,
    packages: Sequence[str],
    requirements: Path | None,
    lower: Interpreter,
    *,
    layered: bool,
) -> Recipe:
    """What an image's environment gets on top of what ``lower`` has (``layered``), or on top of nothing. Raises ImageError."""
    if requirements is not None and not requirements.is_file():
        raise ImageError(f"There is no requirements file {requirements}.")
    named = {_SPLIT.split(text, maxsplit=1)[0].lower().replace("_", "-") for text in packages}
    pins = {}
    if known is not None:
        pins = {
            name: known.versions.get(name, "")
            for name in (*known.framework.needs, *known.framework.brings)
            if name not in named
        }
    if not layered and "pip" not in named:
        pins["pip"] = (
            ""  # which jobs call, as in an image; on top of Clary's own environment that one's is seen
        )
    limits, notes = [], []
    have = lower.packages(["torch"]) if layered else {}
    if "torch" in have:
        limits.append(f"torch=={have['torch']}")
        asked = pins.pop("torch", None)
        if asked:
            notes.append(f"torch stays at {have['torch']}, which this machine has; the image names {asked}.")
    for name, first in _FIRST_WITH_NUMPY_2.items():
        version = pins.get(name)
        if version and tuple(int(part) for part in version.split(".")) < first:
            limits.append(_NUMPY_1)
    return Recipe(
        pins,
        tuple(packages),
        str(requirements.absolute()) if requirements else "",
        tuple(dict.fromkeys(limits)),
        layered,
        str(lower.path),
        tuple(notes),
    )
