"""Folders that are kept in step with S3 while a job runs: checkpoints (and back, for a new attempt) and intermediate output."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clary.objects import Objects, ObjectsError
from clary.toolkits.training.artifacts import store_file
from clary.toolkits.training.channels import copy_file
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.layout import Layout

INTERVAL_S = 1.0
Seen = tuple[int, int, int]  # inode, size in bytes, mtime in nanoseconds


@dataclass
class Mirror:
    """One local folder and the URI below which its files are stored. Files deleted here stay there, as on SageMaker."""

    folder: Path
    uri: str
    _stored: dict[str, Seen] = field(default_factory=dict)
    _watched: dict[str, Seen] = field(default_factory=dict)

    def step(self, objects: Objects, *, final: bool = False) -> int:
        """Store files that changed; returns how many. While the job runs only files that stood still since the last
        step are taken, so that a checkpoint is not stored half-written. Raises ObjectsError, OSError."""
        count = 0
        now = _files(self.folder)
        for name, seen in now.items():
            if self._stored.get(name) == seen or not (final or self._watched.get(name) == seen):
                continue
            store_file(objects, f"{self.uri.rstrip('/')}/{name}", self.folder / name)
            self._stored[name] = seen
            count += 1
        self._watched = now
        return count

    def restore(self, objects: Objects) -> int:
        """Bring what is stored at the URI into the folder; returns the number of files. An empty prefix is no error."""
        self.folder.mkdir(parents=True, exist_ok=True)
        uri = self.uri.rstrip("/") + "/"
        try:
            found = objects.expand(uri)
        except ObjectsError as error:
            if error.code in ("NoSuchKey", "NoSuchBucket"):
                return 0
            raise
        for name, source in found:
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_file(source, target)
            status = target.stat()
            self._stored[name] = (status.st_ino, status.st_size, status.st_mtime_ns)
        return len(found)


def _files(folder: Path) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue  # a temporary file that was renamed just now
            if stat.S_ISREG(status.st_mode):
                found[path.relative_to(folder).as_posix()] = (
                    status.st_ino,
                    status.st_size,
                    status.st_mtime_ns,
                )
    return found


def mirrors(request: Mapping[str, Any], layout: Layout) -> tuple[Mirror | None, Mirror | None]:
    """(checkpoints, intermediate output) of a CreateTrainingJob request; None for what it does not ask for."""
    config = request.get("CheckpointConfig") or {}
    checkpoints = None
    if config.get("S3Uri"):
        checkpoints = Mirror(
            local_folder(config.get("LocalPath") or "/opt/ml/checkpoints", layout), config["S3Uri"]
        )
    output = (request.get("OutputDataConfig") or {}).get("S3OutputPath")
    intermediate = None
    if output:
        uri = f"{output.rstrip('/')}/{request['TrainingJobName']}/output/intermediate"
        intermediate = Mirror(layout.intermediate, uri)
    return checkpoints, intermediate


def local_folder(path: str, layout: Layout) -> Path:
    """Where a path of the container is on this machine. Raises JobFailure for one that two jobs would share."""
    plain = os.path.normpath(path)
    if plain == "/opt/ml":
        return layout.base
    if plain.startswith("/opt/ml/"):
        return layout.base / plain.removeprefix("/opt/ml/")
    raise JobFailure(
        f"ClientError: CheckpointConfig.LocalPath is {path!r}, but only /opt/ml is private to a job here."
        " Use a folder below /opt/ml, such as the default /opt/ml/checkpoints."
    )


class Syncing:
    """A thread of the agent that steps mirrors every second until ``stop``; the user's program knows nothing of it."""

    def __init__(self, parts: Sequence[Mirror], objects: Objects, interval_s: float = INTERVAL_S) -> None:
        self._parts, self._objects, self._interval_s = list(parts), objects, interval_s
        self._ended = threading.Event()
        self._complained: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="clary-sync", daemon=True)

    def start(self) -> None:
        """Begin; only after the user's program was forked, because forks and threads do not go together."""
        if self._parts:
            self._thread.start()

    def stop(self) -> bool:
        """End the thread and store what changed since its last step; True when everything is stored."""
        self._ended.set()
        if not self._parts:
            return True
        self._thread.join()
        return self._step(final=True)

    def _run(self) -> None:
        while not self._ended.wait(self._interval_s):
            self._step(final=False)

    def _step(self, *, final: bool) -> bool:
        stored = True
        for part in self._parts:
            try:
                part.step(self._objects, final=final)
            except (ObjectsError, OSError) as error:
                stored = False
                # A full disk must not end the training; it is said once, and tried again.
                if part.uri not in self._complained:
                    self._complained.add(part.uri)
                    print(
                        f"[clary] {part.folder} is not synced to {part.uri}: {error}",
                        file=sys.stderr,
                        flush=True,
                    )
        return stored
