"""A request that belongs to another endpoint, sent there by its Unix socket and its answer brought back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httptools

_HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"date", b"upgrade"}
# Who may invoke was checked by the process that forwards; the secret need not travel on.
_DROPPED = _HOP_BY_HOP | {b"authorization", b"expect", b"host"}


class Unreachable(Exception):
    """Nobody answers at that socket. `sent`: the request may have been worked on."""

    def __init__(self, sent: bool) -> None:
        super().__init__("the endpoint's process cannot be reached")
        self.sent = sent


class _Exchange(asyncio.Protocol):
    def __init__(self, request: bytes, done: asyncio.Future[None]) -> None:
        self._request = request
        self._done = done
        self._parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.answered = False

    def connection_made(self, transport: Any) -> None:
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._end()

    def connection_lost(self, error: Exception | None) -> None:
        self._end()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status >= 200:
            self.answered = True
            self._end()

    def _end(self) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def forward(
    folder: Path, method: bytes, url: bytes, headers: dict[bytes, bytes], body: bytes
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of the answer. Raises Unreachable."""
    loop = asyncio.get_running_loop()
    lines = [
        b"%b %b HTTP/1.1\r\nHost: clary\r\nConnection: close\r\nContent-Length: %d\r\n"
        % (method, url, len(body))
    ]
    lines += [b"%b: %b\r\n" % (name, value) for name, value in headers.items() if name not in _DROPPED]
    done: asyncio.Future[None] = loop.create_future()
    exchange = _Exchange(b"".join(lines) + b"\r\n" + body, done)
    transport: Any
    try:
        transport, _ = await loop.create_unix_connection(lambda: exchange, str(folder / "http"))
    except OSError as error:
        raise Unreachable(sent=False) from error
    try:
        await done
    finally:
        transport.close()
    if not exchange.answered:
        raise Unreachable(sent=True)
    kept = [(name, value) for name, value in exchange.headers if name.lower() not in _HOP_BY_HOP]
    return exchange.status, kept, bytes(exchange.body)
