"""From the name of an image to what stands for it on this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from clary.home import Home
from clary.images import interpreters, programs, registry
from clary.images.errors import ImageError
from clary.images.frameworks import BUILT_IN, Known, is_version, recognise
from clary.images.interpreters import Interpreter
from clary.images.names import ImageName
from clary.images.programs import Program
from clary.images.registry import Registered


@dataclass(frozen=True)
class Environment:
    """What runs in place of an image.

    program: what the image runs of itself, where it has such a thing; explicit: it was registered as that, so that it runs even
    if the request names a script. differs: a sentence on versions that are not those the image promises, or nothing.
    registered: None where it is simply Clary's own environment.
    """

    image: str
    interpreter: Interpreter
    program: Program | None = None
    explicit: bool = False
    differs: str = ""
    registered: Registered | None = None

    @property
    def python(self) -> Path:
        return self.interpreter.path

    @property
    def is_current(self) -> bool:
        return self.interpreter.is_current


def resolve(home: Home, text: str) -> Environment:
    """What stands for the image ``text``; imports nothing of it and takes a few milliseconds.

    First what the user registered for it, then Clary's own environment if it has what the image is known to have. Raises
    ImageError, with the commands that help.
    """
    image = ImageName.parse(text)
    known = recognise(image)
    chosen = registry.best(home, image)
    if chosen is not None:
        return _registered(home, image, known, chosen)
    if known is None:
        raise ImageError(_unknown(image))
    own = interpreters.current()
    missing = _missing(own, known)
    if missing:
        raise ImageError(
            f'The image "{text}" needs {_and(missing)}, which the current environment ({own.path}) does not have. '
            f"Make an environment for it: clary images build {quote(text)}; or name one that has it: "
            f"clary images add {quote(text)} --python <path of its python>"
        )
    return Environment(text, own, differs=_differences(own, known, image))


def _registered(home: Home, image: ImageName, known: Known | None, chosen: Registered) -> Environment:
    try:
        own = interpreters.interpreter(home, chosen.interpreter)
        program = Program.at(Path(chosen.program)) if chosen.program else None
    except ImageError as error:
        raise ImageError(
            f'The image "{image.text}" is registered as {chosen.image} ({chosen.source}), but: {error}'
        ) from None
    missing = _missing(own, known) if known and program is None else []
    if missing:
        raise ImageError(
            f'The image "{image.text}" needs {_and(missing)}, which the environment that is registered for it '
            f"({chosen.interpreter}) does not have. Install it there: {quote(str(own.path))} -m pip install {' '.join(missing)}"
        )
    explicit = program is not None
    if program is None and chosen.python:
        program = programs.of_environment(own.path)
    return Environment(
        image.text, own, program, explicit, _differences(own, known, image) if known else "", chosen
    )


def _unknown(image: ImageName) -> str:
    name = quote(image.text)
    what = (
        "is one of Amazon's built-in algorithms, whose program only Amazon has"
        if image.leaf in BUILT_IN
        else "is not one that Clary knows, and it runs no containers: an image is an environment of this machine"
    )
    return (
        f'The image "{image.text}" {what}. Say what it stands for: the current environment, with '
        f"clary images add {name} --python {quote(sys.executable)} (or any other interpreter); a training program of your own, "
        f"with clary images add {name} --program <path>; or an environment made for it, with "
        f"clary images build {name} --requirements <file>"
    )


def _missing(own: Interpreter, known: Known) -> list[str]:
    have = own.packages(known.needs)
    return [name for name in known.needs if name not in have]


def _differences(own: Interpreter, known: Known, image: ImageName) -> str:
    have = own.packages(known.versions)
    promised, found = [], []
    for name, asked in known.versions.items():
        if name in have and not is_version(have[name], asked):
            promised.append(f"{name} {asked}")
            found.append(f"{name} {have[name]}")
    if known.python and known.python != own.minor:
        promised.append(f"Python {known.python}")
        found.append(f"Python {own.version}")
    if not promised:
        return ""
    where = "the current environment" if own.is_current else f"the environment {own.path}"
    return f"The image {image.short} names {_and(promised)}; the job runs in {where} with {_and(found)}."


def _and(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
