"""Where annotators find the portal: the base of the links that are given to them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clary.api import presence

if TYPE_CHECKING:
    from clary.api.engine import Engine
    from clary.api.http_types import Request

PATH = "/clary/portal/"
PORT = 8182


def find(engine: Engine, request: Request) -> tuple[str, bool]:
    """The portal's address, with a slash at its end, and whether a server answers there now.

    First of all a `clary portal`, which was started for just this; then the server that is asked for the link; then any
    other server of this home. Where there is none: where `clary portal` will be.
    """
    portal = presence.running(engine.home, presence.PORTAL)
    if portal is not None:
        return f"{portal}{PATH}", True
    if request.remote:
        scheme = request.headers.get("x-forwarded-proto", "http").split(",")[0].strip()
        host = request.headers.get("host", "")
        if host and scheme in ("http", "https"):
            return f"{scheme}://{host}{request.prefix.removesuffix('/clary/aws')}{PATH}", True
    server = presence.running(engine.home)
    if server is not None:
        return f"{reachable(server.removesuffix('/clary/aws'))}{PATH}", True
    return f"http://127.0.0.1:{PORT}{PATH}", False


def reachable(url: str) -> str:
    """The address of a server that listens at all of this machine's addresses, with one that others can use."""
    parts = urlsplit(url)
    if parts.hostname not in ("0.0.0.0", "::"):
        return url
    return f"{parts.scheme}://{_own_address()}:{parts.port}{parts.path}"


def _own_address() -> str:
    """This machine's address in its network. Nothing is sent: a datagram socket only looks up the route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
