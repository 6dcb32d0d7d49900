"""Where the processes of serving find each other, in the home's run folder.

Each endpoint process has a folder of its own with two sockets, ``http`` and ``pass``. The endpoint's active process is
the one that the link ``e-<digest>`` leads to: turning the link is one rename, so a new generation takes over at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

from clary.home import Home

ROUTER = "router"


def _digest(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()[:12]


def active_link(home: Home, endpoint: str) -> Path:
    return home.run / f"e-{_digest(endpoint)}"


def make_process_folder(home: Home, endpoint: str, generation: int) -> Path:
    """A fresh folder for this process's sockets; those of earlier processes of the same generation are cleared away."""
    stem = f"e-{_digest(endpoint)}.{generation}."
    for entry in os.scandir(home.run):
        # The runner lets one process of a job run at a time: whoever had these is dead.
        if entry.name.startswith(stem):
            shutil.rmtree(entry.path, ignore_errors=True)
    folder = home.run / f"{stem}{os.getpid()}"
    folder.mkdir(mode=0o700)
    return folder


def router_folder(home: Home) -> Path:
    return home.run / ROUTER


def activate(home: Home, endpoint: str, folder: Path) -> None:
    """Make `folder`'s process the one that new connections go to."""
    link = active_link(home, endpoint)
    fresh = link.with_name(f"{link.name}.new.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    fresh.symlink_to(folder.name)
    os.replace(fresh, link)


def active_folder(home: Home, endpoint: str) -> Path | None:
    """The folder of the endpoint's active process, None when it has none. The process may be dead all the same."""
    try:
        return home.run / os.readlink(active_link(home, endpoint))
    except OSError:
        return None


def deactivate(home: Home, endpoint: str, folder: Path) -> None:
    """Take the link away if it still leads to `folder`."""
    if active_folder(home, endpoint) == folder:
        with contextlib.suppress(FileNotFoundError):
            active_link(home, endpoint).unlink()


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def clear(home: Home, endpoint: str, generation: int) -> None:
    """Remove the sockets of a generation whose process has ended, and the link if it leads there."""
    stem = f"e-{_digest(endpoint)}.{generation}."
    active = active_folder(home, endpoint)
    if active is not None and active.name.startswith(stem):
        deactivate(home, endpoint, active)
    for entry in os.scandir(home.run):
        if entry.name.startswith(stem):
            shutil.rmtree(entry.path, ignore_errors=True)
