"""The folder of one attempt at a job, and what can be learnt from it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.home import atomic_write
from clary.runner.statefile import read_state

# A process that forks without exec (multiprocessing, say) must not keep locks alive that its parent is about
# to give up.
_held: weakref.WeakSet[Lock] = weakref.WeakSet()


class Lock:
    """An exclusive lock on a file, held until `release`, or handed on to a process that inherits
    `descriptor`."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        _held.add(self)

    @classmethod
    def take(cls, path: Path) -> Lock | None:
        """The lock, or None when somebody else has it. Raises FileNotFoundError when its folder is gone."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def release(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
        _held.discard(self)

    def __del__(self) -> None:
        if self.descriptor >= 0 and os is not None:  # modules are taken apart when the interpreter ends
            os.close(self.descriptor)
            self.descriptor = -1


def _forget_locks() -> None:
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_forget_locks)


@dataclass(frozen=True)
class Attempt:
    """``<home>/jobs/<job id>/<attempt>/``: spec.json, lock, control, stop, started.json, exit.json or
    lost.json, settle.lock, phases.jsonl, metrics.jsonl, resources.jsonl, shim.log and ml/ (the job's
    /opt/ml)."""

    folder: Path

    @property
    def number(self) -> int:
        return int(self.folder.name)

    def lock(self) -> Lock | None:
        """The life lock, unless a launcher, a shim or a reconciler has it."""
        with contextlib.suppress(FileNotFoundError):
            return Lock.take(self.folder / "lock")
        return None

    def spec(self) -> dict[str, Any] | None:
        return read_state(self.folder / "spec.json")

    def log(self, host: str = "") -> Path | None:
        """The log of a host, of the first one where none is named; None before there is a ``spec.json``."""
        for entry in (self.spec() or {}).get("shim", {}).get("hosts", ()):
            if host in ("", entry["name"]):
                return Path(entry["log"])
        return None

    def started(self) -> dict[str, Any] | None:
        """When it started and as which processes; None: the job's code has not run."""
        return read_state(self.folder / "started.json")

    def exit(self) -> dict[str, Any] | None:
        """How it ended: ``{exit_code, signal, reason, started, ended}``; None: it has not, or was lost."""
        return read_state(self.folder / "exit.json")

    def lost(self) -> dict[str, Any] | None:
        return read_state(self.folder / "lost.json")

    def mark_lost(self, value: dict[str, Any]) -> None:
        """No shim may take this attempt any more. Call with the lock held."""
        import json

        atomic_write(self.folder / "lost.json", json.dumps(value).encode(), mode=0o600)

    def ask_to_stop(self) -> None:
        """Leave the wish to stop for the shim, and wake it. May be repeated."""
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "stop").touch(mode=0o600)
        self.nudge(b"T")

    def ask_to_interrupt(self) -> None:
        """Leave the wish to end this attempt, though not the job, for the shim, and wake it."""
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "interrupt").touch(mode=0o600)
        self.nudge(b"T")

    def nudge(self, command: bytes) -> bool:
        """Write to the shim's control pipe; False when no shim listens."""
        try:
            control = os.open(self.folder / "control", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            os.write(control, command)
        except BlockingIOError:
            pass  # full of nudges already
        except OSError:
            return False
        finally:
            os.close(control)
        return True

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """The JSON objects of a ``.jsonl`` file; a torn last line is left out."""
        import json

        with contextlib.suppress(FileNotFoundError), open(self.folder / name, "rb") as file:
            for line in file:
                with contextlib.suppress(ValueError):
                    yield json.loads(line)

    def last_sign_of_life(self) -> float:
        """When it was last seen at work, seconds since the epoch; for an attempt that left no exit.json."""
        times = [0.0]
        for name in ("spec.json", "started.json", "phases.jsonl", "metrics.jsonl", "resources.jsonl"):
            with contextlib.suppress(OSError):
                times.append((self.folder / name).stat().st_mtime)
        return max(times)
