"""The zygote: a process of an interpreter and a home, with the job's modules imported, that forks a job's shim in milliseconds.

Run as ``python -m clary.runner.zygote_process <home> <socket> [light]``; `zygote.ensure` does. It serves only while that is
correct: one thread, CUDA untouched, its packages and its own code unchanged on the disk; otherwise it refuses, ends, and
jobs start cold. It also ends when it was idle for long and nobody asked it to stay, or its home is gone.

A light one leaves torch out: most of what a fork costs is the memory that it has to share. It forks settlers, too.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from clary.config import Config
from clary.home import Home
from clary.runner import linux, processes, settling, shim, zygote_program
from clary.runner.launch import settle_log
from clary.runner.zygote import kept_until

_CHECK_S = 2.0
_LOCK_PATIENCE_S = 10.0
_SUCCESSION_S = 3.0
_LOCK_DESCRIPTOR = 3
_LONGEST_REQUEST = 4 << 20
# What a job's process imports in any case; modules that are not installed are passed over.
_PRELOADED = (
    "clary.runner.child", "clary.runner.supervisor", "clary.runner.isolation", "clary.runner.settle",
    "clary.toolkits.training.entry", "clary.toolkits.training.finish",
    "clary.toolkits.processing.entry", "clary.toolkits.processing.finish",
)  # fmt: skip


class _Ended(Exception):
    """SIGTERM came while nothing else was to be done."""


class Zygote:
    """The listening side. Single-threaded: one request at a time, each a fork."""

    def __init__(self, home: Home, path: Path) -> None:
        self._home, self._path = home, path
        self._idle_s = Config.load(home).zygote_idle_s
        self._used = time.monotonic()
        self._ending = self._waiting = False
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        draft = path.with_suffix(f".{os.getpid()}")
        self._listener.bind(str(draft))
        self._listener.listen(64)
        self._poll = select.poll()
        self._poll.register(self._listener, select.POLLIN)
        os.rename(draft, path)  # from now on it can be found, and it is ready
        self._inode = path.stat().st_ino

    def serve(self) -> Callable[[], NoReturn] | None:
        """Serve until the end (None), or return in a forked child with what that has to do."""
        signal.signal(signal.SIGTERM, self._end)
        # Shims that have ended leave no zombies.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        with contextlib.suppress(_Ended):
            while not self._ending and self._wanted():
                if self._somebody_asks():
                    with contextlib.suppress(OSError, ValueError):
                        connection, _ = self._listener.accept()
                        task = self._answer(connection)
                        if task is not None:
                            return task
        self._forget()
        return None

    def _somebody_asks(self) -> bool:
        """Wait for that, though not for ever."""
        self._waiting = True
        ready = not self._ending and self._poll.poll(_CHECK_S * 1000)
        self._waiting = False
        return bool(ready)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._ending = True
        if self._waiting:  # poll itself would go on waiting
            raise _Ended

    def _wanted(self) -> bool:
        try:
            if self._path.stat().st_ino != self._inode:
                return False
        except OSError:
            return False
        idle = time.monotonic() - self._used >= self._idle_s
        return not idle or kept_until(self._path.with_suffix(".keep")) > time.time()

    def _forget(self) -> None:
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    def _answer(self, connection: socket.socket) -> Callable[[], NoReturn] | None:
        with connection:
            connection.settimeout(2.0)
            if _peer(connection) != os.getuid():
                return None
            data, lock = _read(connection)
            pid = -1
            try:
                request = json.loads(data)
                if isinstance(request, dict):
                    pid = self._obey(connection, request)
            finally:
                if lock is not None and pid != 0:
                    os.close(lock)
            if pid:
                return None
            self._listener.close()
            connection.detach()
            held = None if lock is None else os.dup2(lock, _LOCK_DESCRIPTOR)
            zygote_program.close_descriptors(3 if held is None else _LOCK_DESCRIPTOR + 1)
            if "settle" in request:
                return lambda: _become_settler(self._home, request["environment"])
            return lambda: _become_shim(request["attempt"], request["environment"], held)

    def _obey(self, connection: socket.socket, request: dict[str, object]) -> int:
        """Answer a request; the pid of the fork, 0 in the fork itself, -1 where there is none."""
        if not {"attempt", "settle"} & set(request):
            connection.sendall(json.dumps({"zygote": os.getpid()}).encode())
            return -1
        reason = self._refuses()
        if reason:
            self._ending = True
            self._forget()  # first, so that the one who is refused can start a new one at once
            print(reason, file=sys.stderr, flush=True)
            connection.sendall(b"{}")
            return -1
        pid = os.fork()
        if pid:
            self._used = time.monotonic()
            with contextlib.suppress(OSError):  # the shim runs, whether its launcher still listens or not
                connection.sendall(json.dumps({"pid": pid}).encode())
        return pid

    def _refuses(self) -> str:
        return zygote_program.outdated() or zygote_program.unfit_to_fork()


def _peer(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def _read(connection: socket.socket) -> tuple[bytes, int | None]:
    """The request, and the descriptor that came with it."""
    piece, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 1)
    data = bytearray(piece)
    while piece and len(data) <= _LONGEST_REQUEST:
        piece = connection.recv(1 << 16)
        data += piece
    return bytes(data), descriptors[0] if descriptors else None


def _become_shim(attempt: str, environment: dict[str, str], lock: int | None) -> NoReturn:
    """In the forked child: the very shim that a launcher would have executed, with the job's modules loaded already."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(environment)
        log = os.open(f"{attempt}/shim.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        code = shim.main(attempt, child=_live, lock=lock, patience_s=_LOCK_PATIENCE_S)
    finally:
        if code == 1:
            import traceback

            traceback.print_exc()
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def _become_settler(home: Home, environment: dict[str, str]) -> NoReturn:
    """In the forked child: what ``python -m clary.runner.settle`` would be."""
    os.environ.clear()
    os.environ.update(environment)
    settling.become_settler(str(home.root), str(settle_log(home)))


def _live(attempt_dir: Path, host: str) -> int:
    from clary.runner import child

    zygote_program.search_like_fresh(attempt_dir)
    return child.run(attempt_dir, host)


def _alone(lock: int, path: Path) -> bool:
    """Take the lock; False when another zygote serves or comes up. One that is on its way out is waited for."""
    deadline = time.monotonic() + _SUCCESSION_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if path.exists() or time.monotonic() > deadline:
                return False
        time.sleep(0.02)


def main(root: str, path: str, light: bool) -> None:
    """Become the zygote of ``root`` at the socket ``path``, unless there is one already. ``light``: without torch."""
    if os.fork():
        os._exit(0)  # who started us waits for this only
    linux.set_name(processes.ZYGOTE_NAME)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    lock = os.open(f"{path.removesuffix('.sock')}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _alone(lock, Path(path)):
        return
    failed = Path(path).with_suffix(".failed")
    try:
        zygote_program.prepare()
        for name in _PRELOADED if light else ("torch", *_PRELOADED):
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                if not f"{name}.".startswith(f"{error.name}."):
                    raise
        reason = zygote_program.unfit_to_fork()
        if reason:
            raise RuntimeError(reason)
        zygote_program.warm_up()
        zygote_program.note_files()
        gc.collect()
        gc.freeze()  # the collector then leaves these pages alone, and forks go on sharing them
        zygote = Zygote(Home(Path(root)), Path(path))
    except BaseException:
        failed.touch()
        raise
    failed.unlink(missing_ok=True)
    task = zygote.serve()
    if task is not None:
        task()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], light="light" in sys.argv[3:])
