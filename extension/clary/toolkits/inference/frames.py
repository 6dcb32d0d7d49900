"""Messages between an endpoint process and its workers: a small JSON head and a body of raw bytes, each with its length.

``<head length: 4 bytes><body length: 4 bytes><head><body>``, little endian, over a Unix stream socket.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

PREFIX = struct.Struct("<II")
LONGEST_HEAD = 1 << 20
LONGEST_BODY = 1 << 30


class BrokenFrame(Exception):
    """The other side wrote something that is no frame, or is gone."""


def pack(head: dict[str, Any], body: bytes | memoryview = b"") -> bytes:
    """The prefix and the head; the body is sent after it, so that a big one is not copied."""
    text = json.dumps(head, separators=(",", ":")).encode()
    return PREFIX.pack(len(text), len(body)) + text


def lengths(prefix: bytes | bytearray | memoryview) -> tuple[int, int]:
    """Head and body length. Raises BrokenFrame when they cannot be true."""
    head, body = PREFIX.unpack_from(prefix)
    if head > LONGEST_HEAD or body > LONGEST_BODY:
        raise BrokenFrame(f"a frame of {head} + {body} bytes")
    return head, body


def receive(connection: socket.socket) -> tuple[dict[str, Any], bytes] | None:
    """Block for one message; None when the other side has closed. Raises BrokenFrame."""
    prefix = _exactly(connection, PREFIX.size)
    if prefix is None:
        return None
    head_length, body_length = lengths(prefix)
    head = _exactly(connection, head_length)
    body = _exactly(connection, body_length)
    if head is None or body is None:
        raise BrokenFrame("the connection ended inside a message")
    value: dict[str, Any] = json.loads(head)
    return value, bytes(body)


def send(connection: socket.socket, head: dict[str, Any], body: bytes = b"") -> None:
    """Block until all of it is handed to the kernel."""
    prefix = pack(head, body)
    if len(body) < 65_536:
        connection.sendall(prefix + body)
    else:
        connection.sendall(prefix)
        connection.sendall(body)


def _exactly(connection: socket.socket, count: int) -> bytearray | None:
    data = bytearray(count)
    view, got = memoryview(data), 0
    while got < count:
        read = connection.recv_into(view[got:])
        if read == 0:
            return None
        got += read
    return data
