"""Walking a bucket's folder by descriptors, one level at a time, so that no symbolic link is ever
followed."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from clary.objects.errors import BadKey, KeyConflict, NoSuchBucket

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a FIFO that somebody left in the folder would wait for a writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}


def is_absent(error: OSError) -> bool:
    """Whether `error` says that a path leads to nothing, or through something that is no folder."""
    return error.errno in _ABSENT


@contextlib.contextmanager
def opened(root: Path, names: Sequence[str] = ()) -> Iterator[int]:
    """A descriptor of the folder `root`/`names`; raises OSError where one of them is missing, a file or a
    link."""
    descriptor = os.open(root, _FOLDER)
    try:
        for name in names:
            below = os.open(name, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(root: Path, names: Sequence[str]) -> int:
    """A descriptor of the regular file `root`/`names`; raises FileNotFoundError for anything else."""
    with opened(root, names[:-1]) as parent:
        descriptor = os.open(names[-1], _FILE, dir_fd=parent)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "not a regular file", "/".join(names))
    return descriptor


def file_status(root: Path, names: Sequence[str]) -> os.stat_result | None:
    """The status of the regular file `root`/`names`, None where there is none."""
    try:
        with opened(root, names[:-1]) as parent:
            status = os.stat(names[-1], dir_fd=parent, follow_symlinks=False)
    except OSError as error:
        if is_absent(error):
            return None
        raise
    return status if stat.S_ISREG(status.st_mode) else None


@contextlib.contextmanager
def made(root: Path, names: Sequence[str], key: str) -> Iterator[int]:
    """A descriptor of the folder `root`/`names`, made where it is missing.

    Raises KeyConflict where an object stands in the way, BadKey where a symbolic link does, NoSuchBucket
    without `root`. A folder that a concurrent delete prunes between mkdir and open is made again.
    """
    try:
        descriptor = os.open(root, _FOLDER)
    except OSError as error:
        if is_absent(error):
            raise NoSuchBucket(root.name) from None
        raise
    try:
        for position, name in enumerate(names):
            below = _enter(descriptor, name, root, names[: position + 1], key)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _enter(parent: int, name: str, root: Path, names: Sequence[str], key: str) -> int:
    for _ in range(100):
        try:
            os.mkdir(name, dir_fd=parent)
        except FileExistsError:
            pass
        except FileNotFoundError:
            # The parent itself was removed after it was opened: pruned, or its bucket deleted. The caller
            # starts again.
            raise Pruned from None
        try:
            return os.open(name, _FOLDER, dir_fd=parent)
        except FileNotFoundError:
            continue
        except OSError as error:
            if is_absent(error):
                raise in_the_way(parent, name, names, key) from None
            raise
    raise Pruned


class Pruned(Exception):
    """A folder vanished while a path was being made; try again from the bucket on."""


def in_the_way(parent: int, name: str, names: Sequence[str], key: str) -> Exception:
    """The error for a `key` whose folder `names` cannot be made because `name` in `parent` is no folder."""
    shown = "/".join(names)
    try:
        mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return Pruned()
    if stat.S_ISLNK(mode):
        return BadKey(key, f"{shown!r} is a symbolic link, and links are not followed out of a bucket.")
    return KeyConflict(
        f"The key {key!r} cannot be stored: {shown!r} is an object here. Buckets are folders, and"
        " one name cannot be a file and a folder at once; delete that object or choose another key."
    )


def link_on(path: Path, names: Sequence[str]) -> str | None:
    """The first part of `names` below `path` that is a symbolic link (as a path relative to it), None if none
    is."""
    walked = path
    for position, name in enumerate(names):
        walked = walked / name
        try:
            mode = os.lstat(walked).st_mode
        except OSError as error:
            if is_absent(error):
                return None
            raise
        if stat.S_ISLNK(mode):
            return "/".join(names[: position + 1])
    return None
