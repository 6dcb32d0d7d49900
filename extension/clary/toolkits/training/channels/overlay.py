"""A folder over another: what is written to it goes elsewhere, and the files under it stay as they are (Linux's overlayfs)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
from pathlib import Path

from clary.runner.isolation import Isolation, call

_DETACH = 2


def lay_over(lower: Path, room: Path, target: Path, isolation: Isolation) -> bool:
    """Show ``lower`` at the existing folder ``target``, to this process and its children, so that they can change it at will
    and ``lower`` does not change. ``room``: a folder on a disk that can take the changes. False where that is not possible,
    and then nothing has happened."""
    if isolation.kind != "namespaces":
        return False
    changes, work = room / "changes", room / "work"
    for folder in (changes, work):
        folder.mkdir(parents=True, exist_ok=True)
    places = f"lowerdir={_escaped(lower)},upperdir={_escaped(changes)},workdir={_escaped(work)}"
    # Folders can be renamed with redirect_dir; in a user namespace the marks that it needs are not to be had.
    options = ("redirect_dir=on",) if _is_first_user_namespace() else ("userxattr", "")
    for option in options:
        data = f"{places},{option}".rstrip(",")
        with contextlib.suppress(OSError):
            call("mount", b"overlay", os.fsencode(target), b"overlay", ctypes.c_ulong(0), os.fsencode(data))
            if not os.statvfs(target).f_flag & os.ST_RDONLY:  # what Linux falls back to where it cannot write
                return True
            call("umount2", os.fsencode(target), _DETACH)
    for folder in (changes, work):
        shutil.rmtree(folder, ignore_errors=True)
    return False


def _escaped(path: Path) -> str:
    text = str(path)
    for character in ("\\", ",", ":"):
        text = text.replace(character, f"\\{character}")
    return text


def _is_first_user_namespace() -> bool:
    """Whether root is the machine's root."""
    try:
        mapping = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
    except OSError:
        return False
    return os.geteuid() == 0 and mapping == ["0", "0", "4294967295"]
