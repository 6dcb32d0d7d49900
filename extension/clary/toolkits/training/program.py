"""The user's program: its command, its process, and waiting for it while the job may be told to stop."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import join, quote
from types import FrameType

from clary.toolkits.training.code import Program


class Stopped(BaseException):
    """The job was told to stop before the user's program ran. Not an Exception: nothing on the way may swallow it."""


class StopSignal:
    """SIGTERM to the agent. While it prepares, that ends it; while the user's program runs, the program gets SIGTERM as
    well and has the grace period to save, so the agent only takes note and goes on waiting."""

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False

    def __enter__(self) -> StopSignal:
        signal.signal(signal.SIGTERM, self._noted)
        return self

    def __exit__(self, *exc: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def waiting(self) -> None:
        """From now on SIGTERM is the program's business. Raises Stopped when it came already."""
        self._waiting = True
        if self.asked:
            raise Stopped

    def _noted(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        if not self._waiting:
            raise Stopped


@dataclass(frozen=True)
class Command:
    """What to execute: arguments, folder and the whole environment. ``script`` is set for a plain Python script, the one
    kind of program that a zygote can become without executing anything."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    script: str | None = None

    def shown(self) -> str:
        """The command line as a person would type it."""
        return join(self.arguments)


def for_script_mode(
    program: Program,
    entry_point: str,
    arguments: Sequence[str],
    python: Path,
    folder: Path,
    environment: Mapping[str, str],
) -> Command:
    """The training toolkit's command for each kind of entry point but notebooks."""
    if program is Program.PACKAGE:
        return Command([str(python), "-m", entry_point.removesuffix(".py"), *arguments], folder, environment)
    if program is Program.SCRIPT:
        return Command([str(python), entry_point, *arguments], folder, environment, script=entry_point)
    (folder / entry_point).chmod(0o777)
    line = " ".join(["./" + quote(entry_point), *map(quote, arguments)])
    return Command(["/bin/sh", "-c", line], folder, environment)


def run(
    command: Command, stop: StopSignal, fork: Callable[[], int] | None, on_started: Callable[[], None]
) -> int:
    """Run the command to its end and return its exit code, 128 + n for signal n.

    ``fork`` makes the program's process out of this one (a warm start) instead of executing. Raises Stopped.
    """
    stop.waiting()
    if fork is not None:
        pid = fork()
    else:
        pid = execute(command)
    on_started()
    if (
        stop.asked
    ):  # it may have come between the check above and the fork: then the program has not heard of it
        os.kill(pid, signal.SIGTERM)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def execute(command: Command) -> int:
    """Start the command in a fresh process; its pid. One that cannot be executed ends at once, with a shell's exit code."""
    # Between fork and exec the child has our handler, which would take note of a SIGTERM that is the program's.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        process = subprocess.Popen(
            list(command.arguments),
            cwd=command.folder,
            env=dict(command.environment),
            preexec_fn=_ready,
        )
    except OSError as error:
        print(f"[clary] Cannot execute {command.arguments[0]}: {error.strerror}", file=sys.stderr, flush=True)
        return _exited(127 if isinstance(error, FileNotFoundError) else 126)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    process.returncode = 0  # waited for by `run`; without this Popen's destructor would complain
    return process.pid


def _exited(code: int) -> int:
    """The pid of a child that has ended with ``code``."""
    pid = os.fork()
    if pid == 0:
        os._exit(code)
    return pid


def _ready() -> None:
    """In the child: what the program is to begin with."""
    die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def die_with_parent() -> None:
    """Ask Linux for SIGKILL when the agent dies: a program without its agent would write into the next attempt's time."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
