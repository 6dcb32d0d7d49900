"""The images that the user has registered: in config.toml, by ``clary images add``, or by building one."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from clary.config import Config, ConfigError
from clary.home import Home, write_json
from clary.images.errors import ImageError
from clary.images.names import ImageName


@dataclass(frozen=True)
class Registered:
    """What stands for an image, or for all images that ``image`` (a repository's name, or a glob) fits.

    python: an interpreter's absolute path; empty means Clary's own. program: what an image runs of itself.
    source: ``added``, ``built`` or ``config.toml``. recipe: what a built one was made from; created: seconds since the epoch.
    """

    image: str
    python: str = ""
    program: str = ""
    source: str = "added"
    recipe: Mapping[str, Any] = field(default_factory=dict)
    created: float = 0.0

    @property
    def interpreter(self) -> Path:
        return Path(self.python or sys.executable)


def folder(home: Home) -> Path:
    """Where everything about images is kept."""
    return home.root / "images"


def registered(home: Home) -> list[Registered]:
    """All of them; where two have the same name, what config.toml says counts. Raises ImageError."""
    found = {one.image: one for one in _saved(home)}
    found.update((one.image, one) for one in _configured(home))
    return list(found.values())


def best(home: Home, image: ImageName) -> Registered | None:
    """The one that fits an image most closely. Raises ImageError."""
    fits = [(fit, one) for one in registered(home) if (fit := image.fit(one.image)) is not None]
    return max(fits, key=lambda pair: pair[0])[1] if fits else None


def save(home: Home, one: Registered) -> Registered:
    """Register; what was registered for the same name before is forgotten."""
    one = Registered(**{**asdict(one), "created": one.created or time.time()})
    with _changing(home) as images:
        images[one.image] = {k: v for k, v in asdict(one).items() if k != "image"}
    return one


def forget(home: Home, name: str) -> Registered:
    """Take back what `save` did; returns what it was. Raises ImageError."""
    with _changing(home) as images:
        value = images.pop(name, None)
    if value is not None:
        return Registered(name, **value)
    if any(one.image == name for one in _configured(home)):
        raise ImageError(
            f"The image {name} is set in {home.config_file}: remove it there, in the table [images]."
        )
    there = ", ".join(sorted(one.image for one in registered(home))) or "none"
    raise ImageError(f"No image is registered as {name}. Registered: {there}.")


def python_of(path: Path) -> Path:
    """The interpreter that ``path`` means: itself, or that of a virtual environment's folder. Raises ImageError."""
    path = path.expanduser().absolute()
    if path.is_dir():
        for name in ("bin/python", "bin/python3"):
            if (path / name).exists():
                return _own(path / name)
        raise ImageError(f"The folder {path} is not a virtual environment: it has no bin/python.")
    if not path.exists():
        raise ImageError(f"There is no Python interpreter at {path}.")
    return _own(path)


def _own(path: Path) -> Path:
    """Clary's own interpreter by its usual name, whichever of its names was given: only that one starts warm."""
    own = Path(sys.executable)
    return own if path.parent == own.parent and path.resolve() == own.resolve() else path


def _saved(home: Home) -> list[Registered]:
    return [Registered(name, **value) for name, value in _read(home).items()]


def _configured(home: Home) -> list[Registered]:
    try:
        table = Config.load(home).images
    except ConfigError as error:
        raise ImageError(str(error)) from None
    found = []
    for name, members in table.items():
        try:
            place = members.get("python") or members.get("venv")
            python = "" if place is None else str(python_of(Path(place)))
        except ImageError as error:
            raise ImageError(f"{home.config_file}, table [images], {name}: {error}") from None
        program = members.get("program", "")
        program = str(Path(program).expanduser().absolute()) if program else ""
        found.append(Registered(name, python, program, "config.toml"))
    return found


def _read(home: Home) -> dict[str, dict[str, Any]]:
    try:
        value = json.loads((folder(home) / "images.json").read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ImageError(
            f"{folder(home) / 'images.json'} is damaged: {error}. Remove it, and add the images again."
        ) from None
    return dict(value["images"])


@contextmanager
def _changing(home: Home) -> Iterator[dict[str, dict[str, Any]]]:
    """The saved images, to be changed by one process at a time."""
    folder(home).mkdir(exist_ok=True)
    descriptor = os.open(folder(home) / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        images = _read(home)
        yield images
        write_json(folder(home) / "images.json", {"images": images})
    finally:
        os.close(descriptor)
