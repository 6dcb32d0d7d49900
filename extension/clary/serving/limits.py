"""What one connection may cost; the numbers a stranger on the socket cannot exceed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes and seconds. `discard` is how much of a body over the limit is read, so that its sender hears the answer."""

    head: int = 65_536
    body: int = 6 * 2**20
    discard: int = 256 * 2**20
    head_seconds: float = 10.0
    body_seconds: float = 60.0
    idle_seconds: float = 120.0
    write_seconds: float = 60.0
    pipelined: int = 64
    connections: int = 10_000
