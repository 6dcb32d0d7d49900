"""One client's connection: an asyncio.Protocol on httptools, with limits on size and time, that can change processes."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import httptools

from clary.serving.answers import error_response
from clary.serving.request import Request

if TYPE_CHECKING:
    from clary.serving.http import HttpServer


class Connection(asyncio.Protocol):
    """One client. Requests are handled as they come, answers leave in their order (HTTP pipelining included)."""

    def __init__(self, server: HttpServer, *, trusted: bool) -> None:
        self.server = server
        self.trusted = trusted
        self.closed = False
        self._transport: Any = None
        self._parser: Any = None
        self._queue: deque[Request] = deque()
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._head_size = 0
        self._inside = False  # between the first byte of a request and its last
        self._in_head = False
        self._too_large = False
        self._ending = False  # no further request is read
        self._paused = False
        self._write_blocked: float | None = None
        self._since = time.monotonic()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        self.server.connections.add(self)
        if self.server.leaving:  # the loop starts to read after this method, whatever it does
            asyncio.get_running_loop().call_soon(self.flush)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        self.server.connections.discard(self)
        self._parser = None
        self._queue.clear()

    def data_received(self, data: bytes) -> None:
        if self._ending:
            return
        in_head = self._in_head or not self._inside
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.refuse(400, "ValidationError", "Protocol upgrades are not supported here.")
        except httptools.HttpParserError as error:
            self.refuse(400, "ValidationError", f"Not a valid HTTP/1.1 request: {error}.")
        else:
            if self._in_head and in_head:
                self._head_size += len(data)
                if self._head_size > self.server.limits.head:
                    self.refuse(
                        431,
                        "ValidationError",
                        f"The request's headers exceed {self.server.limits.head} bytes.",
                    )

    def eof_received(self) -> bool:
        if self._queue:  # it half-closed after asking: answer, then close
            self._ending = True
            self._queue[-1].keep_alive = False
            return True
        return False

    def pause_writing(self) -> None:
        self._write_blocked = time.monotonic()
        self._pause()

    def resume_writing(self) -> None:
        self._write_blocked = None
        self._resume()

    # httptools

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = {}
        self._body = []
        self._size = self._head_size = 0
        self._inside = self._in_head = True
        self._too_large = False
        self._since = time.monotonic()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        known = self._headers.get(name)
        if known is not None:
            value = known + b"," + value
        self._headers[name] = value

    def on_headers_complete(self) -> None:
        self._in_head = False
        limits, headers = self.server.limits, self._headers
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > limits.body:
            self._too_large = True
            if int(length) > limits.discard:
                self._answer_too_large()
                return
        if headers.get(b"expect", b"").lower() == b"100-continue" and not self._too_large:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._ending:
            return
        self._size += len(body)
        if self._size > self.server.limits.body:
            self._too_large = True
            self._body.clear()
            if self._size > self.server.limits.discard:
                self._answer_too_large()
        elif not self._too_large:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._ending:
            return
        self._inside = False
        if self._too_large:
            self._answer_too_large()
            return
        parts = self._body
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        parser = self._parser
        request = Request(
            self, parser.get_method(), self._url, self._headers, body, parser.should_keep_alive()
        )
        self._queue.append(request)
        if not request.keep_alive:
            self._ending = True
        if len(self._queue) >= self.server.limits.pipelined:
            self._pause()
        self.server.handle(request)

    # for Request, HttpServer and handover

    @property
    def idle(self) -> bool:
        """At a boundary between requests, everything answered and written: it can move to another process."""
        return (
            not self.closed
            and not self._inside
            and not self._queue
            and not self._ending
            and self._transport.get_write_buffer_size() == 0
        )

    def release(self) -> int | None:
        """Stop reading and give the descriptor, which stays this transport's until `abort`; None if it has just closed."""
        try:
            self._paused = True
            self._transport.pause_reading()
            descriptor: int = self._transport.get_extra_info("socket").fileno()
        except (OSError, RuntimeError, AttributeError):
            return None
        return descriptor if descriptor >= 0 else None

    def resume(self) -> None:
        """Go on here after all: nobody took it."""
        self._resume()

    def abort(self) -> None:
        """Let go without a word on the wire; a duplicate of the descriptor elsewhere lives on."""
        # The transport tells of its end a turn later. Until then this must not be given away once more: two processes
        # that read from one socket would get half a request each.
        self.closed = True
        self._transport.abort()

    def flush(self) -> None:
        """Write the answers that are due, in the order of their requests."""
        queue = self._queue
        while queue and queue[0].response is not None:
            request = queue.popleft()
            if self.closed:
                continue
            if isinstance(request.response, tuple):
                self._transport.writelines(request.response)
            else:
                self._transport.write(request.response)
            request.response = None
            if not request.keep_alive:
                self._transport.close()
                return
        if not queue:
            self._since = time.monotonic()
            if self.server.leaving and not self._inside:
                self._pause()  # a client that asks without pause is never seen idle: its next request is for the successor
                return
        self._resume()

    def refuse(self, status: int, code: str, message: str) -> None:
        """Answer outside of any request, and close."""
        if self.closed or self._ending:
            return
        self._ending = True
        self._inside = False
        head, body = error_response(status, code, message)
        request = Request(self, b"", b"", {}, b"", keep_alive=False)
        self._queue.append(request)
        request.reply(head, body)

    def check(self, now: float) -> None:
        """Called every second: end what is too slow or idle too long."""
        limits = self.server.limits
        if self._write_blocked is not None and now - self._write_blocked > limits.write_seconds:
            self.abort()
        elif self._inside and not self._ending:
            allowed = limits.head_seconds if self._in_head else limits.body_seconds
            if now - self._since > allowed:
                self.refuse(
                    408, "ValidationError", f"The request was not complete after {allowed:.0f} seconds."
                )
        elif not self._queue and now - self._since > limits.idle_seconds:
            self._transport.close()

    def _answer_too_large(self) -> None:
        self.refuse(413, "ValidationError", f"HTTP content length exceeded {self.server.limits.body} bytes.")

    def _pause(self) -> None:
        if not self._paused and not self.closed:
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if (
            self._paused
            and not self.closed
            and self._write_blocked is None
            and not (self.server.leaving and self.idle)
            and len(self._queue) < self.server.limits.pipelined
        ):
            self._paused = False
            self._transport.resume_reading()
