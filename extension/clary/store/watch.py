"""Telling other processes that something changed.

Every process that wants to know binds a datagram socket ``watch-<pid>-<random>.sock`` in the home's run folder; whoever
changes something sends a small JSON datagram to each. Datagrams are hints: a lost one costs time, never truth, since
watchers read the store itself.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import socket
from types import TracebackType
from typing import Any, Self

from clary.home import Home

_LARGEST = 65_000


def announce(home: Home, event: dict[str, Any]) -> int:
    """Send `event` to every watcher without ever waiting; returns how many there are."""
    try:
        names = [entry.path for entry in os.scandir(home.run) if entry.name.startswith("watch-")]
    except OSError:
        return 0
    if not names:
        return 0
    payload = json.dumps(event, separators=(",", ":")).encode()[:_LARGEST]
    listeners = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for name in names:
            try:
                sender.sendto(payload, name)
                listeners += 1
            except OSError as error:
                if error.errno == errno.ECONNREFUSED:  # its process is gone
                    with contextlib.suppress(OSError):
                        os.unlink(name)
                elif error.errno in (
                    errno.EAGAIN,
                    errno.ENOBUFS,
                ):  # alive, its queue is full: it will look anyway
                    listeners += 1
    return listeners


class Watcher:
    """Hears what `announce` sends. Select on `fileno`, or call `read`."""

    def __init__(self, home: Home) -> None:
        self._path = str(home.run / f"watch-{os.getpid()}-{os.urandom(4).hex()}.sock")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(self._path)

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self, timeout: float | None = 0.0) -> list[dict[str, Any]]:
        """All events that have come, waiting up to `timeout` seconds (None: for ever) for the first one."""
        if timeout != 0.0:
            # poll, since select fails in a process that has 1,024 files open, as a busy server has
            waiting = select.poll()
            waiting.register(self._socket, select.POLLIN)
            waiting.poll(None if timeout is None else max(0.0, timeout) * 1000)
        events: list[dict[str, Any]] = []
        while len(events) < 1000:
            try:
                payload = self._socket.recv(_LARGEST + 1)
            except OSError:
                break
            with contextlib.suppress(ValueError):
                events.append(json.loads(payload))
        return events

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._path)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
