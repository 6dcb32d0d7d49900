"""What an ended job of any kind leaves, as whoever finishes it sees it: its log, its limits, its files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from clary.runner import hosts

if TYPE_CHECKING:
    from clary.runner.runner import Runner
    from clary.store.jobs import Job

# What a host of an attempt has for itself, and nobody needs when the job is done.
_PRIVATE = ("ml", "tmp", "ssh", "ssh-keys", "channels")


def host_names(job: Job) -> list[str]:
    """The names of the job's hosts as the runner has them."""
    return list(job.spec.get("hosts") or [""])


def say(log: Path | None, text: str) -> None:
    """Add a line to the log of a job whose shim is gone, so that nobody else writes there. Best effort."""
    if log is None:
        return
    from clary.store.logfile import LogWriter

    try:
        writer = LogWriter(log, limit_bytes=1 << 62)
    except OSError:
        return
    try:
        writer.write(text)
    except OSError:
        pass  # the disk is full; the failure reason still tells
    finally:
        writer.close()


def memory_limit_mb(attempt_dir: Path) -> int | None:
    """How much memory the attempt was allowed to use, in MB."""
    try:
        limit = json.loads((attempt_dir / "spec.json").read_bytes()).get("shim", {}).get("memory_limit_mb")
    except (OSError, ValueError):
        return None
    return int(limit) if limit else None


def discard(runner: Runner, job: Job) -> None:
    """Remove the files of all attempts' hosts: what was to be kept is in buckets; logs and metrics lie elsewhere."""
    for number in range(1, job.attempt + 1):
        attempt = runner.home.jobs / str(job.id) / str(number)
        for folder in dict.fromkeys(
            hosts.folder(attempt, job.spec["hosts"], host) for host in host_names(job)
        ):
            for name in _PRIVATE:
                _remove(folder / name)


def _remove(folder: Path) -> None:
    """Remove a tree, folders that the script made read-only included."""

    def retry(function: Callable[[str], object], path: str, error: object) -> None:
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            shutil.rmtree(path)
        else:
            os.unlink(path)

    if folder.exists():
        shutil.rmtree(folder, onerror=retry)
