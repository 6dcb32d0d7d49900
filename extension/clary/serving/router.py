"""The router process: one stable address for all endpoints.

It accepts a connection, looks at the first line of the request without taking it (MSG_PEEK), and passes the live
connection to the process of the endpoint named there. From then on it has no part in it: no byte is copied.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from clary import signing
from clary.config import Config
from clary.home import Home, write_json
from clary.serving.addresses import active_folder, router_folder
from clary.serving.answers import error_response
from clary.serving.front import Front
from clary.serving.gate import Gate
from clary.serving.http import HttpServer, Request
from clary.serving.limits import Limits
from clary.serving.loops import run
from clary.serving.passing import Passer, Receiver, raise_descriptor_limit
from clary.serving.tending import Tender
from clary.store import Store

_LINE = re.compile(rb"[A-Z]+ /endpoints/([^/? ]+)/")
_PEEK = 4096
_BACKLOG = 4096
_WATCH_SECONDS = 30.0
_IDLE_SECONDS = 900.0


class Router:
    """Accepts, peeks, passes on. Connections that name no endpoint are answered here, as errors."""

    def __init__(self, home: Home, config: Config) -> None:
        self._home = home
        self._loop = asyncio.get_running_loop()
        self._limits = Limits(body=config.max_body_mb * 2**20)
        gate = Gate(signing.load_or_mint(home))
        front = Front(home, gate, config.account_id, None, self._nobody)
        self._tender = Tender(home, config, Store(home))
        front.missing = self._tender.poke
        self._server = HttpServer(front.handle, self._limits)
        self._passers: dict[Path, Passer] = {}
        self._waiting: set[int] = set()
        self._listener: socket.socket | None = None
        self._store = Store(home)
        self._busy_at = self._loop.time()
        self.ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._receiver: Receiver | None = None

    def listen(self, listener: socket.socket) -> None:
        """Serve a bound TCP socket, and connections that endpoint processes give back."""
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        self._listener = listener
        folder = router_folder(self._home)
        folder.mkdir(mode=0o700, exist_ok=True)
        self._receiver = Receiver(folder, self._returned)
        self._server.start()
        self._tender.start(self.ended.set)
        self._tasks = {self._loop.create_task(self._watch())}
        self._loop.add_reader(listener.fileno(), self._accept)

    async def close(self) -> None:
        """Stop accepting; connections that are being passed on are let go."""
        self._tender.stop()
        for task in self._tasks:
            task.cancel()
        if self._listener is not None:
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()
        if self._receiver is not None:
            self._receiver.close()
        await self._server.close()

    def _accept(self) -> None:
        assert self._listener is not None
        for _ in range(256):
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # out of descriptors: those that are open must go first
                self._loop.remove_reader(self._listener.fileno())
                self._loop.call_later(0.1, self._loop.add_reader, self._listener.fileno(), self._accept)
                return
            self._take(connection, trusted=False)

    def _returned(self, descriptor: int, trusted: bool) -> None:
        self._take(socket.socket(fileno=descriptor), trusted=trusted)

    def _take(self, connection: socket.socket, *, trusted: bool) -> None:
        connection.setblocking(False)
        if len(self._waiting) >= self._limits.connections:
            connection.close()
            return
        if self._peek(connection, trusted):
            return
        # Nothing there yet, or half a line. The idle limit is for connections between requests, which may come back here.
        self._waiting.add(connection.fileno())
        deadline = self._loop.time() + self._limits.idle_seconds
        self._loop.add_reader(connection.fileno(), self._look, connection, trusted, deadline, 0.001)
        self._loop.call_later(self._limits.idle_seconds, self._give_up, connection)

    def _look(self, connection: socket.socket, trusted: bool, deadline: float, pause: float) -> None:
        """There are bytes. Half a line would be reported again and again by the selector, so it is looked at by the clock."""
        self._loop.remove_reader(connection.fileno())
        if self._peek(connection, trusted):
            return
        begun = self._loop.time()
        self._again(connection, trusted, begun + self._limits.head_seconds, pause)

    def _again(self, connection: socket.socket, trusted: bool, deadline: float, pause: float) -> None:
        if connection.fileno() < 0:
            return
        if self._peek(connection, trusted):
            return
        if self._loop.time() > deadline:
            self._refuse(connection)
            return
        self._loop.call_later(pause, self._again, connection, trusted, deadline, min(pause * 2, 0.1))

    def _give_up(self, connection: socket.socket) -> None:
        descriptor = connection.fileno()
        if descriptor >= 0 and descriptor in self._waiting:
            self._loop.remove_reader(descriptor)
            self._waiting.discard(descriptor)
            connection.close()

    def _peek(self, connection: socket.socket, trusted: bool) -> bool:
        """Decide by what has come; False when that is too little yet. Afterwards the connection is not ours any more."""
        try:
            data = connection.recv(_PEEK, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            data = b""
        if not data:
            self._forget(connection)
            connection.close()
            return True
        match = _LINE.match(data)
        if match is not None:
            self._pass_on(connection, unquote(match[1].decode("latin-1")), trusted, tries=200)
            return True
        if b"\n" in data or len(data) >= _PEEK or not b"POST /endpoints/".startswith(data[:16]):
            self._answer_here(connection, trusted)
            return True
        return False

    def _pass_on(self, connection: socket.socket, endpoint: str, trusted: bool, tries: int) -> None:
        self._forget(connection)
        folder = active_folder(self._home, endpoint)
        if folder is None:
            self._answer_here(connection, trusted)
            return
        passer = self._passers.get(folder)
        if passer is None:
            if len(self._passers) > 64:
                for known in self._passers.values():
                    known.close()
                self._passers.clear()
            passer = self._passers[folder] = Passer(folder)
        sent = passer.send(connection.fileno(), trusted=trusted)
        if sent:
            connection.close()
        elif sent is None and tries > 0:
            self._loop.call_later(0.005, self._pass_on, connection, endpoint, trusted, tries - 1)
        else:
            self._passers.pop(folder, None)
            if active_folder(self._home, endpoint) != folder and tries > 0:
                self._pass_on(connection, endpoint, trusted, tries - 1)
            else:
                self._answer_here(connection, trusted)

    def _refuse(self, connection: socket.socket) -> None:
        """Half a request line for too long."""
        self._forget(connection)
        message = f"The request was not complete after {self._limits.head_seconds:.0f} seconds."
        head, body = error_response(408, "ValidationError", message)
        with contextlib.suppress(OSError):
            connection.send(b"%bContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (head, len(body), body))
        connection.close()

    def _answer_here(self, connection: socket.socket, trusted: bool) -> None:
        self._forget(connection)
        self._server.adopt(connection.detach(), trusted=trusted)

    def _forget(self, connection: socket.socket) -> None:
        if connection.fileno() in self._waiting:
            self._waiting.discard(connection.fileno())
            self._loop.remove_reader(connection.fileno())

    async def _watch(self) -> None:
        """End when there has been nothing to route to for a while; the next endpoint, or `clary env`, starts another."""
        while not self.ended.is_set():
            await asyncio.sleep(_WATCH_SECONDS)
            page = await self._loop.run_in_executor(
                None, lambda: self._store.documents.page("endpoint", limit=1)
            )
            if page.items or self._waiting or not self._server.quiet:
                self._busy_at = self._loop.time()
            elif self._loop.time() - self._busy_at > _IDLE_SECONDS:
                print("There are no endpoints: the router ends until there is one.", flush=True)
                self.ended.set()

    @staticmethod
    def _nobody(request: Request) -> None:
        request.reply(*error_response(500, "InternalFailure", "The router serves no endpoint itself."))


def bind(home: Home, wanted: int) -> socket.socket:
    """The address of last time if it is free, else one that is; `wanted` (0: none) is insisted on. Raises OSError."""
    remembered = 0
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        remembered = int(json.loads((home.root / "runtime.json").read_bytes())["port"])
    tries = [wanted] if wanted else [remembered, 0] if remembered else [0]
    for port in tries:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((os.environ.get("CLARY_RUNTIME_HOST") or "127.0.0.1", port))
        except OSError:
            listener.close()
            if port == tries[-1]:
                raise
            continue
        return listener
    raise OSError("no address")


async def _serve(home: Home, config: Config, attempt: str) -> None:
    loop = asyncio.get_running_loop()
    listener = bind(home, config.runtime_port)
    router = Router(home, config)
    router.listen(listener)
    host, port = listener.getsockname()[:2]
    write_json(
        home.root / "runtime.json", {"host": host, "port": port, "pid": os.getpid(), "attempt": attempt}
    )
    print(f"Runtime address http://{host}:{port}", flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, router.ended.set)
    await router.ended.wait()
    await router.close()


def main(attempt_dir: Path) -> int:
    """Entry of the job of kind ``router``."""
    from clary.runner.child import load_spec

    payload: dict[str, Any] = load_spec(attempt_dir).payload
    home = Home.locate(payload["home"])
    raise_descriptor_limit()
    try:
        run(_serve(home, Config.load(home), f"{attempt_dir.parent.name}.{attempt_dir.name}"))
    except OSError as error:
        print(f"The runtime address cannot be opened: {error}", file=sys.stderr, flush=True)
        return 1
    return 0
