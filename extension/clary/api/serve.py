"""`clary serve`: the API over HTTP, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, ErrorHandler

from clary.api.engine import Engine
from clary.api.http import AwsHandler
from clary.api.limits import Limits
from clary.api.presence import Presence
from clary.home import Home

log = logging.getLogger("clary.api")
_THREADS = 32
_GRACE_S = 10.0


class Server:
    """The HTTP server of one engine. Make it and use it inside a running event loop. `only`: a pattern of the paths that it
    answers (all: everything)."""

    def __init__(self, engine: Engine, limits: Limits | None = None, only: str = ".*") -> None:
        self.engine = engine
        self.url = ""
        self._active = 0
        self._stopping = asyncio.Event()
        self._pool = ThreadPoolExecutor(_THREADS, "clary-api")
        self._http = HTTPServer(
            self._application(limits or Limits(), only),
            idle_connection_timeout=75,
            max_header_size=64 * 2**10,
        )

    def listen(self, host: str, port: int) -> str:
        """Bind and accept; returns the address. Port 0 takes a free one. Raises OSError when it cannot be
        bound.
        """
        sockets = bind_sockets(port, host, family=_family(host))
        self._http.add_sockets(sockets)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{sockets[0].getsockname()[1]}"
        return self.url

    def adopt(self, listener: socket.socket) -> None:
        """Accept at a socket that listens already and does not block."""
        self._http.add_sockets([listener])

    async def close(self, grace_s: float = _GRACE_S) -> None:
        """Take no new connections, let requests that have begun finish for `grace_s` seconds, then cut
        them.
        """
        self._http.stop()
        self._stopping.set()
        end = asyncio.get_running_loop().time() + grace_s
        while self._active and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.02)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._http.close_all_connections(), 2)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _application(self, limits: Limits, only: str) -> Application:
        server = self

        class Handler(AwsHandler):
            async def prepare(self) -> None:
                server._active += 1
                self._counted = True
                await super().prepare()

            def on_finish(self) -> None:
                super().on_finish()
                self._uncount()

            def on_connection_close(self) -> None:
                super().on_connection_close()
                self._uncount()

            def _uncount(self) -> None:
                # Both can happen to one request.
                if getattr(self, "_counted", False):
                    self._counted = False
                    server._active -= 1

        options = {"engine": self.engine, "pool": self._pool, "limits": limits, "stopping": self._stopping}
        return Application(
            [(only, Handler, options)],
            log_function=lambda handler: None,
            default_handler_class=ErrorHandler,
            default_handler_args={"status_code": 403},
        )


def serve(host: str = "127.0.0.1", port: int = 0, home: str | Path | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the process's exit status.

    Prints one line to standard output when requests are answered; `clary env` finds the address (`clary.api.presence`).
    """
    located = Home.locate(home)
    os.environ["CLARY_HOME"] = str(located.root)
    try:
        return asyncio.run(_serve(host, port, located))
    except OSError as error:
        print(f"clary serve: cannot listen on {host}:{port}: {error.strerror or error}", file=sys.stderr)
        return 1


async def _serve(host: str, port: int, home: Home) -> int:
    engine = Engine(home)
    # Made now, so that a home that cannot be used is an error here and not in the first request.
    _ = engine.credentials, engine.store
    server = Server(engine)
    url = server.listen(host, port)
    if not _is_loopback(host):
        print(
            f"clary serve: {host} can be reached from other machines; only the key guards it.",
            file=sys.stderr,
        )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    pump = _pump(engine)
    presence = Presence(home, url)
    print(f"Clary is ready at {url} (home {home.root})", flush=True)
    await stop.wait()
    presence.leave()
    await server.close()
    await loop.run_in_executor(None, pump.stop)
    return 0


def _pump(engine: Engine) -> Any:
    """What keeps jobs and endpoints going while the server lives."""
    from clary.runner import Pump

    pump = Pump(engine.runner)
    pump.start()
    return pump


def _family(host: str) -> socket.AddressFamily:
    try:
        return socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        # A name: one address family, so that port 0 is one port.
        return socket.AF_INET


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
