"""What the HTTP front takes, and for how long it waits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    # AWS's own limit for one PUT, with room for the framing of chunked uploads.
    object_bytes: int = 5 * 2**30 + 64 * 2**20
    request_bytes: int = 8 * 2**20
    # A refused body up to this size is read to its end, so that its sender hears the refusal.
    drained_bytes: int = 64 * 2**20
    # A body that stops coming for this long is given up.
    stall_s: float = 30.0
    # How long a waiter's question is held while nothing has changed; below botocore's read timeout of 60.
    hold_s: float = 45.0
