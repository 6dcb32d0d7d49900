"""Tar archives in and out: extraction that nothing climbs out of, and packing that needs no temporary file."""

from __future__ import annotations

import gzip
import io
import os
import posixpath
import shutil
import stat
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator
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


def members(folder: Path) -> Iterator[tuple[str, Path]]:
    """Files and empty folders beneath ``folder`` as (name in the archive, path), sorted; links are followed inside it.

    Sockets, FIFOs and links that lead out of the job's own tree are left out: what the job packs must extract again.
    """
    for parent, folders, files in os.walk(folder):
        folders.sort()
        here = Path(parent)
        if not folders and not files and here != folder:
            yield here.relative_to(folder).as_posix(), here
        for name in list(folders):
            if (here / name).is_symlink():
                folders.remove(name)
                files.append(name)
        for name in sorted(files):
            path = here / name
            if path.is_file() or path.is_symlink():
                yield path.relative_to(folder).as_posix(), path


def pack(folder: Path, out: BinaryIO, on_skipped: Callable[[str], None] = lambda text: None) -> int:
    """Write ``folder``'s content as tar.gz to ``out``; returns the number of files. Owners are not recorded.

    Absolute links into the job's ``/opt/ml`` are packed as the file they name; links that lead elsewhere are left out
    and named to ``on_skipped``.
    """
    count = 0
    # Level 1: weights hardly compress, and at level 6 a 2 GB model takes minutes instead of half a minute.
    with (
        gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in members(folder):
            source = _followed(path, folder)
            if source is None:
                on_skipped(f"{name} is a link out of the folder (to {os.readlink(path)}) and was left out")
                continue
            info = tar.gettarinfo(str(source), arcname=name)
            if source is not path and not stat.S_ISREG(source.stat().st_mode):
                on_skipped(f"{name} is a link to a folder ({os.readlink(path)}) and was left out")
                continue
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mode &= 0o777
            if info.islnk():  # two names of one file: store both in full, so that either can be taken alone
                info.type, info.linkname, info.size = tarfile.REGTYPE, "", source.stat().st_size
            if info.isreg():
                with open(source, "rb") as content:
                    tar.addfile(info, content)
                count += 1
            else:
                tar.addfile(info)
    return count


def _followed(path: Path, folder: Path) -> Path | None:
    """``path`` itself, or the file that the link there stands for; None where it leads out of the job's tree."""
    if not path.is_symlink():
        return path
    link = os.readlink(path)
    base = (
        folder.parent
    )  # .../ml for ml/model; output/data lies one deeper, which only narrows what is followed
    end = base / link.removeprefix("/opt/ml/") if link.startswith("/opt/ml/") else path
    real = Path(os.path.realpath(end))
    return real if real.exists() and real.is_relative_to(os.path.realpath(base)) else None


class PackedStream(io.RawIOBase):
    """``folder`` as a readable tar.gz stream, packed on a thread while it is read: no temporary file to fill a disk.

    An error while packing is raised to the reader, so that half an archive is never taken for a whole one.
    """

    def __init__(self, folder: Path, on_skipped: Callable[[str], None] = lambda text: None) -> None:
        super().__init__()
        self._read, write = os.pipe()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._pack, args=(folder, write, on_skipped), daemon=True)
        self._thread.start()

    def _pack(self, folder: Path, write: int, on_skipped: Callable[[str], None]) -> None:
        try:
            with open(write, "wb", buffering=1 << 16) as out:
                pack(folder, out, on_skipped)
        except BrokenPipeError:
            pass  # the reader gave up and has its own error to tell
        except BaseException as error:
            self._error = error

    def readable(self) -> bool:
        """True: this is a source."""
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        """Fill ``buffer``; 0 at the end. Raises what packing raised."""
        data = os.read(self._read, len(buffer))
        if not data:
            self._thread.join()
            if self._error is not None:
                raise self._error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the stream; a packer still at work ends by itself."""
        if not self.closed:
            os.close(self._read)
            self._thread.join()
        super().close()
