"""Where Clary keeps everything: one folder, private to its user."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

# sun_path holds 108 bytes on Linux and 104 on macOS; the longest socket name Clary makes is about 40.
_LONGEST_RUN_FOLDER = 60
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "lustre"}


class HomeError(Exception):
    """Clary's home cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class Home:
    """The folder tree of one Clary: its database, buckets, jobs, endpoints and logs."""

    root: Path

    @classmethod
    def locate(cls, path: str | Path | None = None) -> Home:
        """The home at `path`, else at ``$CLARY_HOME``, else ``~/.clary``; made (mode 0700) if it is not there.

        Raises HomeError when it is not a folder one can write to, or lies on a network file system, where SQLite's
        write-ahead log and file locks do not hold.
        """
        chosen = Path(path or os.environ.get("CLARY_HOME") or Path.home() / ".clary").expanduser().absolute()
        return _located(str(chosen))

    @property
    def database(self) -> Path:
        return self.root / "clary.db"

    @property
    def s3(self) -> Path:
        return self.root / "s3"

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    @property
    def endpoints(self) -> Path:
        return self.root / "endpoints"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def credentials(self) -> Path:
        return self.root / "credentials.json"

    @property
    def config_file(self) -> Path:
        return self.root / "config.toml"

    @cached_property
    def run(self) -> Path:
        """Sockets and locks of running processes; always short enough for a Unix socket's address."""
        inside = self.root / "run"
        if len(os.fsencode(inside)) <= _LONGEST_RUN_FOLDER:
            folder = inside
        else:
            digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
            folder = Path(tempfile.gettempdir()) / f"clary-{os.getuid()}-{digest}"
            if len(os.fsencode(folder)) > _LONGEST_RUN_FOLDER:
                folder = Path("/tmp") / folder.name
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise HomeError(
                f"{folder} belongs to another user; remove it or set CLARY_HOME to a shorter path."
            )
        return folder


def atomic_write(path: str | Path, data: bytes, *, mode: int = 0o666, durable: bool = True) -> None:
    """Write `data` so that a reader, even after a crash, sees the old file or the whole new one. Not `durable`: a crash of
    processes only; after a power cut it may be neither, which costs no wait for the disk."""
    target = Path(path)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.chmod(name, mode & ~_umask())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def write_json(path: str | Path, value: Any, *, mode: int = 0o666) -> None:
    """`atomic_write` of a JSON document."""
    atomic_write(path, json.dumps(value, separators=(",", ":")).encode(), mode=mode)


_homes: dict[str, Home] = {}


def _located(chosen: str) -> Home:
    known = _homes.get(chosen)
    if known is not None and known.s3.is_dir():
        return known
    root = Path(chosen)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        kind = file_system_of(root)
        if kind in _NETWORK_FILE_SYSTEMS:
            raise HomeError(
                f"Clary's home {root} lies on a network file system ({kind}), where its database and locks are not safe. "
                "Set CLARY_HOME to a folder on a local disk."
            )
        home = Home(root)
        for folder in (home.s3, home.jobs, home.endpoints, home.logs):
            folder.mkdir(exist_ok=True)
    except OSError as error:
        raise HomeError(
            f"Clary's home {root} cannot be used: {error.strerror or error}. Set CLARY_HOME to a folder you can write to."
        ) from error
    _homes[chosen] = home
    return home


def file_system_of(path: Path) -> str:
    """The type of the file system under `path` (``ext4``, ``nfs4``, ...), or an empty string where that is not known."""
    if not sys.platform.startswith("linux"):
        return ""
    best, kind = "", ""
    real = os.path.realpath(path)
    with (
        contextlib.suppress(OSError),
        open("/proc/self/mounts", encoding="utf-8", errors="replace") as mounts,
    ):
        for line in mounts:
            _, point, this, *_ = line.split(" ")
            point = point.replace("\\040", " ")
            if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
                best, kind = point, this
    return kind


def _umask() -> int:
    # Reading the umask sets it for an instant in every thread; /proc tells without that.
    with (
        contextlib.suppress(OSError, ValueError),
        open("/proc/self/status", encoding="ascii", errors="replace") as status,
    ):
        for line in status:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
