"""Extracting a tar archive that somebody else made: nothing climbs out of its folder. See `packing` for the way back."""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO

# Left free on the disk that an archive is extracted to: a machine with a full disk cannot even write its log.
RESERVE_BYTES = 64 * 1024 * 1024
_CORRUPT = (tarfile.TarError, EOFError, zlib.error, OSError)


class ArchiveError(Exception):
    """An archive that is broken or must not be extracted; the text names the member and says why."""


def extract(source: Path | BinaryIO, folder: Path, *, name: str = "") -> list[Path]:
    """Extract a (compressed) tar into ``folder``, all of it or nothing.

    Refused, each with the member's name: absolute names, names with ``..`` that leave the folder, links that lead out of
    it, devices and FIFOs, set-user-id and set-group-id files, and an archive larger than the free space of the disk.
    Ownership is the caller's; permission bits and times are kept. ``name`` is how errors call the archive.
    Returns the files and links written. Raises :class:`ArchiveError`.
    """
    label = name or (str(source) if isinstance(source, Path) else "the archive")
    folder.mkdir(parents=True, exist_ok=True)
    root = Path(os.path.realpath(folder))
    written: list[Path] = []
    made: list[Path] = []
    try:
        # Streaming reads the archive once; sizes are known from each header before its content is written.
        with _opened(source) as tar:
            budget = _Budget(root)
            for member in tar:
                target = _check(member, root)
                if target == root:
                    continue
                budget.spend(member)
                _make_parents(target.parent, root, made, member)
                _write(tar, member, target, root, written, made)
        _check_links(written, root)
    except ArchiveError as error:
        _undo(written, made)
        raise ArchiveError(f"{label} was not extracted: {error}") from None
    except _CORRUPT as error:
        _undo(written, made)
        if isinstance(error, OSError) and not isinstance(error, tarfile.TarError) and error.errno is not None:
            raise ArchiveError(f"{label} was not extracted: {error.strerror or error}") from error
        raise ArchiveError(
            f"{label} is not a readable tar archive (.tar, .tar.gz, .tar.bz2, .tar.xz): {error}"
        ) from error
    return written


class _Budget:
    """Bytes and files that an archive may still use on the disk it is extracted to."""

    def __init__(self, root: Path) -> None:
        disk = os.statvfs(root)
        self.free = disk.f_bavail * disk.f_frsize
        self.bytes = self.free - min(RESERVE_BYTES, self.free // 20)
        # Some file systems (btrfs) count no inodes and report 0.
        self.files = disk.f_favail or 10**9

    def spend(self, member: tarfile.TarInfo) -> None:
        self.bytes -= member.size if member.isreg() else 0
        self.files -= 1
        if self.bytes < 0:
            raise ArchiveError(
                f"its members up to {member.name!r} need more than the {self.free / 2**30:.1f} GiB that are free on the disk"
            )
        if self.files < 0:
            raise ArchiveError(f"it holds more files than the disk can take (stopped at {member.name!r})")


def _opened(source: Path | BinaryIO) -> tarfile.TarFile:
    if isinstance(source, Path):
        return tarfile.open(source, mode="r|*")
    return tarfile.open(fileobj=source, mode="r|*")


def _check(member: tarfile.TarInfo, root: Path) -> Path:
    """Where ``member`` goes, or an error that says why it may go nowhere."""
    name = member.name
    if name.startswith("/"):
        raise ArchiveError(f"member {name!r} has an absolute name")
    plain = posixpath.normpath(name)
    if plain == ".." or plain.startswith("../"):
        raise ArchiveError(f"member {name!r} climbs out of the folder")
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        kind = "a FIFO" if member.isfifo() else "a device" if member.isdev() else "of an unknown kind"
        raise ArchiveError(
            f"member {name!r} is {kind}; only files, folders and links inside the archive are taken"
        )
    if member.isreg() and member.mode & (stat.S_ISUID | stat.S_ISGID):
        raise ArchiveError(f"member {name!r} carries a set-user-id or set-group-id bit")
    if member.issym():
        if member.linkname.startswith("/"):
            raise ArchiveError(f"member {name!r} links to the absolute path {member.linkname!r}")
        end = posixpath.normpath(posixpath.join(posixpath.dirname(plain), member.linkname))
        if end == ".." or end.startswith("../"):
            raise ArchiveError(f"member {name!r} links out of the folder, to {member.linkname!r}")
    return root if plain == "." else root / plain


def _inside(path: Path, root: Path) -> bool:
    real = os.path.realpath(path)
    return real == str(root) or real.startswith(str(root) + os.sep)


def _make_parents(folder: Path, root: Path, made: list[Path], member: tarfile.TarInfo) -> None:
    """Make ``folder``, refusing a way there that an earlier link of the same archive bent to the outside."""
    if not _inside(folder, root):
        raise ArchiveError(
            f"member {member.name!r} would be written through a link that leads out of the folder"
        )
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir()
        made.append(path)


def _write(
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    target: Path,
    root: Path,
    written: list[Path],
    made: list[Path],
) -> None:
    if member.isdir():
        if not target.is_dir():
            target.mkdir()
            made.append(target)
        if not target.is_symlink():
            target.chmod((member.mode & 0o777) | 0o700)
        return
    if target.is_symlink() or target.is_file():
        target.unlink()  # tar's own rule: a later member of the same name replaces the earlier one
    elif target.exists():
        raise ArchiveError(f"member {member.name!r} would replace a folder")
    written.append(target)
    if member.issym():
        os.symlink(member.linkname, target)
        return
    if member.islnk():
        other = root / posixpath.normpath(member.linkname)
        if member.linkname.startswith("/") or not _inside(other, root):
            raise ArchiveError(
                f"member {member.name!r} is a hard link out of the folder, to {member.linkname!r}"
            )
        if not other.is_file():
            raise ArchiveError(
                f"member {member.name!r} is a hard link to {member.linkname!r}, which is not in the archive"
            )
        os.link(os.path.realpath(other), target)
        return
    content = tar.extractfile(member)
    if content is None:  # pragma: no cover - isreg() was checked
        raise ArchiveError(f"member {member.name!r} has no content")
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as out:
        shutil.copyfileobj(content, out, 1 << 20)
    target.chmod((member.mode & 0o777) | 0o600)
    os.utime(target, (member.mtime, member.mtime))


def _check_links(written: list[Path], root: Path) -> None:
    """Each link was checked alone; together they may still lead out (``a -> .``, ``b -> a/..``)."""
    for path in written:
        if path.is_symlink() and not _inside(path, root):
            raise ArchiveError(
                f"member {str(path.relative_to(root))!r} leads out of the folder through other links"
            )


def _undo(written: list[Path], made: list[Path]) -> None:
    for path in reversed(written):
        path.unlink(missing_ok=True)
    for path in reversed(made):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
