"""How the shim gives birth to the job's own process. Standard library only (see linux.py)."""

from __future__ import annotations

import os
import signal
import sys

from clary.runner import linux, processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any, NoReturn

# What a program expects when it starts; Python ignores SIGPIPE and SIGXFSZ, and an ignored signal stays so
# across exec.
_DEFAULTS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ)
_CANNOT_EXECUTE = 127


class Offspring:
    """The job's main process, held at a gate until `release`. `output` is the read end of its stdout and
    stderr."""

    def __init__(
        self,
        attempt_folder: str,
        shim: dict[str, Any],
        private: list[int],
        entry: Callable[[Path, str], int] | None,
        host: dict[str, Any],
    ) -> None:
        """Fork the process of one `host` of the job. `private` are descriptors that only the shim may hold; with an
        `entry`, the child calls it (a zygote's warm start), else it executes the command of ``spec.json``."""
        gate, self._gate = os.pipe()
        self.output, write = os.pipe()
        self.pipe = os.readlink(f"/proc/self/fd/{write}") if os.path.isdir("/proc/self/fd") else ""
        parent = os.getpid()
        # A SIGTERM that comes before the child has put our handlers away must wait, not vanish in one of
        # them.
        signal.pthread_sigmask(signal.SIG_BLOCK, _DEFAULTS)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                shim = {
                    **shim,
                    "environment": {**shim["environment"], **host["environment"]},
                    "host": host["name"],
                }
                _live(attempt_folder, shim, [*private, self._gate, self.output], gate, write, parent, entry)
            finally:
                os._exit(_CANNOT_EXECUTE)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _DEFAULTS)
        os.close(gate)
        os.close(write)

    @property
    def descriptors(self) -> list[int]:
        """What of it only the shim may hold."""
        return [self._gate, self.output]

    def describe(self) -> dict[str, Any]:
        """What ``started.json`` says of it, so that its leftovers can be told from others' processes."""
        process = processes.read(self.pid)
        return {
            "child": self.pid,
            "session": self.pid,
            "session_start": process.start if process is not None else 0,
            "pipe": self.pipe,
            "boot_id": linux.boot_id(),
        }

    def release(self) -> None:
        """Let it run."""
        os.write(self._gate, b"g")
        os.close(self._gate)

    def abandon(self) -> None:
        """It must not run after all; it ends by itself."""
        os.close(self._gate)


def _live(
    attempt_folder: str,
    shim: dict[str, Any],
    private: list[int],
    gate: int,
    write: int,
    parent: int,
    entry: Callable[[Path, str], int] | None,
) -> NoReturn:
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    for descriptor in private:
        os.close(descriptor)
    os.setsid()
    if not os.read(gate, 1):
        os._exit(1)
    os.close(gate)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (write, 1), (write, 2)):
        os.dup2(source, target)
    os.close(null)
    os.close(write)
    signal.set_wakeup_fd(-1)
    for number in _DEFAULTS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    linux.set_name("clary-job")
    linux.prefer_for_oom(300)
    for name in shim["unset"]:
        os.environ.pop(name, None)
    os.environ.update(shim["environment"])
    os.chdir(attempt_folder)
    if entry is None:
        _execute([*shim["command"], *([shim["host"]] if shim["host"] else [])])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    _call(entry, attempt_folder, shim["host"])


def _execute(command: list[str]) -> NoReturn:
    try:
        os.execvpe(command[0], command, os.environ)
    except OSError as error:
        os.write(2, f"[clary] Cannot execute {command[0]}: {error.strerror}.\n".encode())
    os._exit(_CANNOT_EXECUTE)


def _call(entry: Callable[[Path, str], int], attempt_folder: str, host: str) -> NoReturn:
    import pathlib
    import traceback

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        code = entry(pathlib.Path(attempt_folder), host)
    except SystemExit as request:
        code = request.code if isinstance(request.code, int) else 0 if request.code is None else 1
        if isinstance(request.code, str):
            print(request.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    try:
        # What an interpreter does at its end, short of tearing itself down.
        import atexit
        import threading

        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code & 0xFF)
