"""HTTP/1.1 without a framework: the connections of one process, and the function that answers their requests."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from clary.serving.connection import Connection
from clary.serving.limits import Limits
from clary.serving.request import Request, status_line

__all__ = ["HttpServer", "Request", "status_line"]


class HttpServer:
    """The connections of one process and the function that handles their requests."""

    def __init__(self, handle: Callable[[Request], None], limits: Limits) -> None:
        self.handle = handle
        self.limits = limits
        self.connections: set[Connection] = set()
        self.leaving = False  # connections are given away: none reads another request once it is answered
        self.date = b""
        self._sweeper: asyncio.Task[None] | None = None
        self._adopting: set[asyncio.Task[Any]] = set()
        self._listeners: list[asyncio.Server] = []
        self._tick()

    async def listen_unix(self, path: str) -> None:
        """Serve trusted connections at a Unix socket."""
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(lambda: Connection(self, trusted=True), path, backlog=1024)
        self._listeners.append(server)

    def start(self) -> None:
        """Begin the sweep for slow and idle connections."""
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep())

    def adopt(self, descriptor: int, *, trusted: bool) -> None:
        """Take over a connected socket by its descriptor."""
        sock = socket.socket(fileno=descriptor)
        if len(self.connections) + len(self._adopting) >= self.limits.connections:
            sock.close()
            return
        sock.setblocking(False)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = asyncio.get_running_loop()
        task = loop.create_task(loop.connect_accepted_socket(lambda: Connection(self, trusted=trusted), sock))
        self._adopting.add(task)
        task.add_done_callback(self._adopted)

    def _adopted(self, task: asyncio.Task[Any]) -> None:
        self._adopting.discard(task)
        if not task.cancelled():
            task.exception()  # the client was gone already: nothing to do about it

    @property
    def quiet(self) -> bool:
        return not self.connections and not self._adopting

    def stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()

    async def close(self) -> None:
        self.stop_listening()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self.connections):
            connection.abort()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._tick()
            now = time.monotonic()
            for connection in list(self.connections):
                connection.check(now)

    def _tick(self) -> None:
        self.date = b"Date: %b\r\n" % formatdate(usegmt=True).encode()
