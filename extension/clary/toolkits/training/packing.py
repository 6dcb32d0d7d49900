"""Packing a folder as tar.gz, as a stream that needs no temporary file."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO


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
