"""Jobs as detached processes of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

from clary.runner.attempt import Attempt, Lock
from clary.runner.backends import Backend
from clary.runner.environment import inherited
from clary.runner.processes import kill_leftovers
from clary.runner.spec import JobSpec, Resources

_SHIM = str(Path(__file__).resolve().parent.parent / "shim.py")
_LOCK_DESCRIPTOR = 3

# Shims and settlers that this process has started and must reap when they have ended.
_children: set[int] = set()
_children_lock = threading.Lock()


class LocalBackend(Backend):
    """Cold: a shim by ``posix_spawn``, which costs the same from a server of many gigabytes as from a shell.
    Warm: a zygote of the job's interpreter forks it."""

    def capacity(self) -> Resources:
        return Resources(self.config.cpus, self.config.memory_mb, len(self.config.gpus))

    def launch(self, attempt: Attempt, spec: JobSpec, lock: Lock) -> None:
        reap()
        if not (spec.warm and self.config.zygote and self._launch_warm(attempt, spec, lock)):
            spawn(
                [sys.executable, "-I", "-S", _SHIM, str(attempt.folder), str(_LOCK_DESCRIPTOR)],
                attempt.folder / "shim.log",
                inherited(),
                lock.descriptor,
            )
        lock.release()

    def abandoned(self, attempt: Attempt) -> Lock | None:
        if not attempt.folder.exists():  # somebody has removed it
            attempt.folder.mkdir(parents=True)
        return attempt.lock()

    def clean(self, attempt: Attempt) -> None:
        spec = attempt.spec()
        if spec is not None:
            kill_leftovers(spec["shim"]["cookie"], attempt.started() or {})

    def stop(self, attempt: Attempt) -> None:
        attempt.ask_to_stop()

    def _launch_warm(self, attempt: Attempt, spec: JobSpec, lock: Lock) -> bool:
        from clary.runner.zygote import ensure
        from clary.runner.zygote import spawn as fork_shim

        if fork_shim(self.home, attempt.folder, spec.python, lock.descriptor, torch=spec.torch):
            return True
        ensure(self.home, spec.python, torch=spec.torch)  # for the next one
        return False


def spawn(
    command: list[str], log: Path, environment: dict[str, str], lock_descriptor: int | None = None
) -> int:
    """Start a process that outlives this one: a session of its own, no input, output to `log`; returns its
    pid."""
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    held = None
    try:
        actions: list[tuple[int, int, int]] = [
            (os.POSIX_SPAWN_DUP2, null, 0),
            (os.POSIX_SPAWN_DUP2, output, 1),
            (os.POSIX_SPAWN_DUP2, output, 2),
        ]
        if lock_descriptor is not None:
            # dup2 onto itself would leave close-on-exec set; a duplicate elsewhere never has that number.
            held = os.dup(lock_descriptor)
            actions.append((os.POSIX_SPAWN_DUP2, held, _LOCK_DESCRIPTOR))
        pid = os.posix_spawn(
            command[0],
            command,
            environment,
            file_actions=actions,
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM, signal.SIGCHLD],
        )
    finally:
        for descriptor in (null, output, held):
            if descriptor is not None:
                os.close(descriptor)
    with _children_lock:
        _children.add(pid)
    return pid


def reap() -> None:
    """Collect those of our shims and settlers that have ended, so that they do not stay as zombies."""
    with _children_lock:
        for pid in list(_children):
            ended = True
            with contextlib.suppress(ChildProcessError):
                ended = os.waitpid(pid, os.WNOHANG)[0] != 0
            if ended:
                _children.discard(pid)


def is_running(pid: int) -> bool:
    """Whether a process started by `spawn` is still there."""
    reap()
    with _children_lock:
        return pid in _children


os.register_at_fork(after_in_child=_children.clear)
