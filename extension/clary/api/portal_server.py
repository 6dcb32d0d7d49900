"""`clary portal`: the annotators' portal over HTTP, and nothing else of Clary's, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from clary.api.engine import Engine
from clary.api.limits import Limits
from clary.api.portal_address import PATH, reachable
from clary.api.presence import PORTAL, Presence
from clary.api.serve import Server
from clary.home import Home

_ROUTES = r"/clary/portal(?:/.*)?"
# Strangers may reach this port: a body is an answer, and the largest answers are masks.
_LIMITS = Limits(object_bytes=8 * 2**20, drained_bytes=16 * 2**20, stall_s=15.0)


def serve(host: str, port: int, home: str | Path | None = None, *, public_url: str = "") -> int:
    """Serve until SIGTERM or SIGINT; returns the process's exit status.

    `public_url`: where annotators reach it (a proxy's https address, say); by default where it listens.
    """
    if public_url and urlsplit(public_url).scheme not in ("http", "https"):
        print(f"clary portal: --public-url {public_url} is no http or https address.", file=sys.stderr)
        return 2
    located = Home.locate(home)
    os.environ["CLARY_HOME"] = str(located.root)
    try:
        return asyncio.run(_serve(host, port, located, public_url))
    except OSError as error:
        print(f"clary portal: cannot listen on {host}:{port}: {error.strerror or error}", file=sys.stderr)
        return 1


async def _serve(host: str, port: int, home: Home, public_url: str) -> int:
    engine = Engine(home)
    _ = engine.store
    server = Server(engine, _LIMITS, only=_ROUTES)
    url = server.listen(host, port)
    shown = public_url.rstrip("/").removesuffix(PATH.rstrip("/")) or reachable(url)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    presence = Presence(home, shown, PORTAL, pings=reachable(url))
    print(f"Annotators' links begin with {shown}{PATH} (home {home.root})", flush=True)
    await stop.wait()
    presence.leave()
    await server.close()
    return 0
