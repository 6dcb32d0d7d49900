"""Registering an environment that exists already, and taking that back."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from clary.home import Home
from clary.images import building, registry
from clary.images.errors import ImageError
from clary.images.frameworks import recognise
from clary.images.interpreters import interpreter
from clary.images.names import ImageName
from clary.images.programs import Program
from clary.images.registry import Registered


def add(
    image: str,
    *,
    python: str | Path | None = None,
    venv: str | Path | None = None,
    program: str | Path | None = None,
    home: Home | None = None,
) -> Registered:
    """Register what stands for ``image``: its name, with or without registry and tag, or a glob over names.

    ``python``: an interpreter; ``venv``: a virtual environment's folder; neither: Clary's own. ``program``: what the image runs
    of itself, an executable or a folder with an executable ``train``. Raises ImageError for what would not work.
    """
    home = home or Home.locate()
    if not image.strip():
        raise ImageError("Give the image's name.")
    if python is not None and venv is not None:
        raise ImageError("Give --python or --venv, not both.")
    if python is None and venv is None and program is None:
        raise ImageError("Say what stands for the image: --python, --venv or --program.")
    chosen = python if python is not None else venv
    path = None if chosen is None else registry.python_of(Path(chosen))
    runs = None if program is None else Program.at(Path(program).expanduser().absolute())
    if path is not None:
        own = interpreter(home, path)
        known = recognise(ImageName.parse(image)) if runs is None else None
        missing = [name for name in known.needs if name not in own.packages(known.needs)] if known else []
        if missing:
            raise ImageError(
                f"{path} has no {' and no '.join(missing)}, which {image} needs. Install it there first: "
                f"{quote(str(path))} -m pip install {' '.join(missing)}"
            )
    _not_over_a_built_one(home, image)
    return registry.save(
        home, Registered(image, "" if path is None else str(path), "" if runs is None else str(runs.path))
    )


def remove(image: str, *, home: Home | None = None) -> Registered:
    """Take back what `add` or `build` did for ``image``; what was built is deleted. Raises ImageError."""
    home = home or Home.locate()
    names = {one.image: one for one in registry.registered(home)}
    name = image if image in names else ImageName.parse(image).short
    one = names.get(name)
    if one is not None and one.source == "built":
        building.discard(home, one)
        return one
    return registry.forget(home, name if one is not None else image)


def _not_over_a_built_one(home: Home, image: str) -> None:
    if any(one.image == image and one.source == "built" for one in registry.registered(home)):
        raise ImageError(
            f"Clary has built an environment for {image}. Remove it first: clary images remove {quote(image)}"
        )
