"""A request on its way through a process of serving, and how it is answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.serving.connection import Connection

_PHRASES = {
    200: b"OK",
    202: b"Accepted",
    400: b"Bad Request",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    408: b"Request Timeout",
    413: b"Payload Too Large",
    424: b"Failed Dependency",
    429: b"Too Many Requests",
    431: b"Request Header Fields Too Large",
    500: b"Internal Server Error",
    501: b"Not Implemented",
    503: b"Service Unavailable",
}


def status_line(status: int) -> bytes:
    return b"HTTP/1.1 %d %b\r\n" % (status, _PHRASES.get(status, b"Status"))


_BIG = 65_536


class Request:
    """A complete request. Header names are lower case. Answer it exactly once, by `reply`, from the loop's thread."""

    __slots__ = ("arrived", "body", "connection", "headers", "keep_alive", "method", "response", "url")

    def __init__(
        self,
        connection: Connection,
        method: bytes,
        url: bytes,
        headers: dict[bytes, bytes],
        body: bytes,
        keep_alive: bool,
    ) -> None:
        self.connection = connection
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.keep_alive = keep_alive
        self.arrived = time.monotonic()
        self.response: bytes | tuple[bytes, bytes] | None = None

    @property
    def trusted(self) -> bool:
        """It came by a Unix socket in Clary's private folder: only this user can do that."""
        return self.connection.trusted

    @property
    def gone(self) -> bool:
        """The client has hung up: nobody waits for the answer."""
        return self.connection.closed

    def reply(self, head: bytes, body: bytes) -> None:
        """`head`: the status line and headers, each with its line end; Content-Length, Date and Connection are added."""
        connection = self.connection
        ending = b"\r\n\r\n" if self.keep_alive else b"\r\nConnection: close\r\n\r\n"
        start = b"%b%bContent-Length: %d%b" % (head, connection.server.date, len(body), ending)
        # One small piece is one system call; a big body is not copied for that.
        self.response = start + body if len(body) < _BIG else (start, body)
        connection.flush()
