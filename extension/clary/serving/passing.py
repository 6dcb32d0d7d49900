"""Live connections from process to process: descriptors over Unix sockets (SCM_RIGHTS).

One byte goes with each descriptor: ``t`` for a client over TCP, which has to prove who it is, ``u`` for one that came by
a Unix socket and need not.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

_UNTRUSTED, _TRUSTED = b"t", b"u"
_NAME = "pass"
_CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class Receiver:
    """Listens at ``<folder>/pass`` and hands each descriptor that comes to `take(descriptor, trusted)`."""

    def __init__(self, folder: Path, take: Callable[[int, bool], None]) -> None:
        self._take = take
        self._path = folder / _NAME
        self._loop = asyncio.get_running_loop()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.setblocking(False)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._listener.bind(str(self._path))
        self._listener.listen(128)
        self._peers: set[socket.socket] = set()
        self._loop.add_reader(self._listener.fileno(), self._accept)

    def close(self) -> None:
        """Take what has been sent already, then stop. May be called again."""
        if self._listener.fileno() < 0:
            return
        self._accept()
        for peer in list(self._peers):
            self._receive(peer)
            self._drop(peer)
        self._loop.remove_reader(self._listener.fileno())
        self._listener.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            peer.setblocking(False)
            self._peers.add(peer)
            self._loop.add_reader(peer.fileno(), self._receive, peer)
            self._receive(peer)

    def _receive(self, peer: socket.socket) -> None:
        while peer in self._peers:
            try:
                data, ancillary, _, _ = peer.recvmsg(1, socket.CMSG_SPACE(4 * 4), _CLOEXEC)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._drop(peer)
                return
            if not data:
                self._drop(peer)
                return
            for level, kind, content in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    descriptors = array.array("i")
                    descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
                    for descriptor in descriptors:
                        self._take(descriptor, data == _TRUSTED)

    def _drop(self, peer: socket.socket) -> None:
        if peer in self._peers:
            self._peers.discard(peer)
            self._loop.remove_reader(peer.fileno())
            peer.close()


class Passer:
    """Sends descriptors to the receiver in a folder. `send` never blocks."""

    def __init__(self, folder: Path) -> None:
        self._path = str(folder / _NAME)
        self._socket: socket.socket | None = None

    def send(self, descriptor: int, *, trusted: bool) -> bool | None:
        """True: the other process has it (the caller closes its own). False: nobody is there. None: full, try again soon."""
        for _ in range(2):
            try:
                if self._socket is None:
                    self._socket = self._connect()
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
                self._socket.sendmsg([_TRUSTED if trusted else _UNTRUSTED], rights)
                return True
            except (BlockingIOError, InterruptedError):
                return None
            except OSError as error:
                if error.errno in (errno.ETOOMANYREFS, errno.ENOBUFS):
                    return None
                self.close()  # the process was replaced, or is gone: connect once more to see which
        return False

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            connection.connect(self._path)
        except BaseException:
            connection.close()
            raise
        return connection


def raise_descriptor_limit() -> None:
    """Every connection is a descriptor; the usual soft limit of 1,024 is far below what one process can hold."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def close_quietly(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)
