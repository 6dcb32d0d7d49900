"""Messages between an endpoint process and its workers: a small JSON head and a body of raw bytes, each with its length.

``<head length: 4 bytes><body length: 4 bytes><head><body>``, little endian, over a Unix stream socket. A big body goes by
a file in memory that both sides have open, one for each direction: through a socket, with its small buffers, 5 MB take
three times as long. The head's member ``shared`` then says how long it is.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import tempfile
from typing import Any

PREFIX = struct.Struct("<II")
LONGEST_HEAD = 1 << 20
LONGEST_BODY = 1 << 30
SHARED_FROM = 131_072
# What one very big body leaves in memory is given back.
_KEPT = 32 << 20


class BrokenFrame(Exception):
    """The other side wrote something that is no frame, or is gone."""


def pack(head: dict[str, Any], body: bytes | memoryview = b"") -> bytes:
    """The prefix and the head; the body is sent after it, so that a big one is not copied."""
    text = json.dumps(head, separators=(",", ":")).encode()
    return PREFIX.pack(len(text), len(body)) + text


def shared_file() -> int:
    """A file in memory, by its descriptor; one on the disk where the system has no such thing."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("clary-bodies", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def put_shared(descriptor: int, body: bytes) -> None:
    """Write all of a body."""
    view, done = memoryview(body), 0
    while done < len(body):
        done += os.pwrite(descriptor, view[done:], done)


def take_shared(descriptor: int, length: int) -> bytes:
    """Read a body that `put_shared` wrote. Raises BrokenFrame when it is not there."""
    if not 0 <= length <= LONGEST_BODY:
        raise BrokenFrame(f"a shared body of {length} bytes")
    body = os.pread(descriptor, length, 0)
    while len(body) < length:
        more = os.pread(descriptor, length - len(body), len(body))
        if not more:
            raise BrokenFrame("a shared body is cut short")
        body += more
    if length > _KEPT:
        os.ftruncate(descriptor, 0)
    return body


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
