"""File mode: files of the job's own, which it may change. They are copied only where the file system cannot share them.

Where it shares blocks (btrfs, xfs) they are reflinks. Elsewhere, in a mount namespace, the channel is a folder of hard links to
the objects with an overlay above: an object that is replaced in its bucket stays what it was here, and what the script writes
goes into the overlay. Files of ``file://`` are copied even there, because others may write into them where they lie.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from clary.objects import Objects
from clary.runner.isolation import Isolation
from clary.toolkits.training.channels.overlay import lay_over
from clary.toolkits.training.channels.progress import Progress
from clary.toolkits.training.channels.sources import Found

_FICLONE = 0x40049409  # ioctl of Linux: share the blocks of another file until one of the two is written
_CHUNK = 16 << 20
# Below this, copying costs less than linking and mounting.
WORTH_LINKING = 1 << 20
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS}


def own(
    found: Found, target: Path, room: Path | None, objects: Objects, isolation: Isolation, progress: Progress
) -> None:
    """Make ``target`` a folder with these files that is the job's own. ``room``: a folder that does not exist yet, on the disk of
    the buckets, for links and changes; None: only copies. Raises OSError."""
    target.mkdir(parents=True, exist_ok=True)
    if (
        room is not None
        and isolation.kind == "namespaces"
        and _is_worth_linking(found, objects)
        and not _shares_blocks(found[0][1], target)
    ):
        if _link(found, room / "objects", progress) and lay_over(room / "objects", room, target, isolation):
            return
        shutil.rmtree(room, ignore_errors=True)
    _each(found, target, lambda source, destination: copy_file(source, destination, progress), progress)


def _is_worth_linking(found: Found, objects: Objects) -> bool:
    buckets = f"{objects.root}{os.sep}"
    if not found or not all(str(path).startswith(buckets) for _, path in found):
        return False
    size = 0
    for _, path in found:
        size += path.stat().st_size
        if size >= WORTH_LINKING:
            return True
    return False


def _shares_blocks(source: Path, folder: Path) -> bool:
    trial = folder / ".clary-shares-blocks"
    try:
        with open(source, "rb") as reader, open(trial, "wb") as writer:
            return _share(reader, writer)
    finally:
        trial.unlink(missing_ok=True)


def _link(found: Found, folder: Path, progress: Progress) -> bool:
    """Fill ``folder`` with hard links to the files; False where that cannot be done."""
    folder.mkdir(parents=True)
    try:
        _each(found, folder, _link_one, progress)
    except OSError as error:
        if error.errno in _CANNOT_LINK:
            return False
        raise
    return True


def _link_one(source: Path, destination: str) -> None:
    try:
        os.link(source, destination)
    except FileExistsError:  # "a//b" and "a/b" are two keys and one path; the last one is seen
        os.unlink(destination)
        os.link(source, destination)
    except OSError as error:
        if error.errno != errno.EMLINK:  # ext4 gives a file 65,000 names
            raise
        copy_file(source, destination)


def _each(found: Found, folder: Path, place: Callable[[Path, str], None], progress: Progress) -> None:
    made: set[str] = set()
    base = str(folder)
    for name, source in found:
        destination = f"{base}/{name}"
        parent = destination.rpartition("/")[0]
        if parent not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        place(source, destination)
        progress.add_object()


def copy_file(source: Path, destination: Path | str, progress: Progress | None = None) -> None:
    """Copy bytes and times; shares the blocks where the file system can (btrfs, xfs), so that large data costs nothing."""
    with open(source, "rb") as reader, open(destination, "wb") as writer:
        if not _share(reader, writer):
            _copy(reader, writer, progress)
        status = os.fstat(reader.fileno())
    os.utime(destination, ns=(status.st_atime_ns, status.st_mtime_ns))


def _share(reader: IO[bytes], writer: IO[bytes]) -> bool:
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):
            fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
            return True
    return False


def _copy(reader: IO[bytes], writer: IO[bytes], progress: Progress | None) -> None:
    while chunk := reader.read(_CHUNK):
        writer.write(chunk)
        if progress is not None:
            progress.add_bytes(len(chunk))
