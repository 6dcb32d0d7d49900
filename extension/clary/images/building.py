"""Virtual environments that Clary makes for images, once: whole or not at all, whatever happens on the way."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

from clary.home import Home
from clary.images import interpreters, registry
from clary.images.activation import lock_path
from clary.images.construction import Build
from clary.images.errors import ImageError
from clary.images.frameworks import Known, recognise
from clary.images.interpreters import Interpreter, interpreter
from clary.images.names import ImageName
from clary.images.pip import Say
from clary.images.recipe import Recipe, recipe_of
from clary.images.registry import Registered


def build(
    text: str,
    *,
    packages: Sequence[str] = (),
    requirements: str | Path | None = None,
    python: str | None = None,
    say: Say = print,
    home: Home | None = None,
) -> Registered:
    """Make a virtual environment for the image ``text`` and register it.

    Without ``python`` (a version such as ``3.11``, or an interpreter's path) it lies on top of Clary's own environment, whose
    packages it uses where they satisfy. It gets what a known image has, in the versions of its tag where the package index has
    them for this Python, then ``packages`` and the file ``requirements``. ``say`` gets a line whenever something happens.

    What is built already from the same recipe is not built again; a second build of the same image waits for the first.
    Raises ImageError, with pip's words where pip failed, and leaves nothing then.
    """
    home = home or Home.locate()
    image = ImageName.parse(text)
    known = recognise(image)
    lower = _lower(home, python)
    layered = lower.is_current
    file = Path(requirements).expanduser().absolute() if requirements is not None else None
    recipe = recipe_of(known, packages, file, lower, layered=layered)
    unknown = known is None and not (packages or requirements)
    if unknown or (layered and recipe.is_satisfied_by(lower)):
        raise ImageError(_nothing_to_build(image, known))
    key = image.short if known else text
    folder = _folder(home, key)
    done = _built(home, key, recipe)
    if done is not None:
        say(f"{key} is built already: {done.python}")
        return done
    _sweep(home)
    with _locked(home, folder, key, say) as lock:
        done = _built(home, key, recipe)  # by the one that we waited for
        if done is None:
            done = Build(home, key, folder, recipe, known, lower, lock, say).run()
        else:
            say(f"{key} was built meanwhile: {done.python}")
    return done


def discard(home: Home, one: Registered) -> None:
    """Forget a built image and remove its environment. Raises ImageError while a job runs in it."""
    folder = Path(one.python).parent.parent
    descriptor = os.open(lock_path(home, folder), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImageError(
                f"The environment of {one.image} is in use: a job runs in it, or it is being built. "
                "Remove it when that has ended."
            ) from None
        registry.forget(home, one.image)  # first: what is registered is whole
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def _lower(home: Home, python: str | None) -> Interpreter:
    if python is None:
        return interpreters.current()
    if re.fullmatch(r"\d+\.\d+", python):
        if python == interpreters.current().minor:
            return interpreters.current()
        found = shutil.which(f"python{python}")
        if found is None:
            raise ImageError(
                f"There is no python{python} on PATH. Install one, give its path with --python, or leave --python out: Clary's "
                f"own is {interpreters.current().version}."
            )
        return interpreter(home, Path(found))
    return interpreter(home, registry.python_of(Path(python)))


def _nothing_to_build(image: ImageName, known: Known | None) -> str:
    if known is None:
        return (
            f'Clary does not know what the image "{image.text}" has in it: say it with --package or --requirements. If it needs '
            f"nothing but the current environment: clary images add {quote(image.text)} --python {quote(sys.executable)}"
        )
    return (
        f'There is nothing to build for "{image.text}": the current environment has what it needs. Give --package or '
        "--requirements for more, or --python for another Python."
    )


def _folder(home: Home, key: str) -> Path:
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", key.rpartition("/")[2]).strip("-.")[:48]
    return registry.folder(home) / f"{readable}-{hashlib.sha256(key.encode()).hexdigest()[:6]}"


def _built(home: Home, key: str, recipe: Recipe) -> Registered | None:
    """The finished environment from this recipe. Raises ImageError where the image is built from another."""
    for one in registry.registered(home):
        if one.image != key or one.source != "built" or not Path(one.python).exists():
            continue
        had = {name: value for name, value in one.recipe.items() if name != "made"}
        if had == recipe.identity():
            return one
        raise ImageError(
            f"{key} is built already, from another recipe ({' '.join(one.recipe['made'])}). Remove that one first: "
            f"clary images remove {quote(key)}"
        )
    return None


def _sweep(home: Home) -> None:
    """Remove what builds that were killed have left; their locks went with them."""
    place = registry.folder(home)
    for folder in place.iterdir() if place.is_dir() else ():
        lock = lock_path(home, folder)
        if not (folder.is_dir() and lock.exists()):
            continue
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not any(folder in one.interpreter.parents for one in registry.registered(home)):
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # being built, or in use
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _locked(home: Home, folder: Path, key: str, say: Say) -> Iterator[int]:
    registry.folder(home).mkdir(exist_ok=True)
    descriptor = os.open(lock_path(home, folder), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another build of {key} is at work; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
