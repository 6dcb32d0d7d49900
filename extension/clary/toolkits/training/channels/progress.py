"""What is said while a channel is downloaded."""

from __future__ import annotations

import time
from collections.abc import Callable

INTERVAL_S = 5.0


class Progress:
    """Counts objects and bytes, and tells of them every few seconds. ``report`` gets a line for the job's log, ``announce`` the
    message of its phase."""

    def __init__(
        self, channel: str, objects: int, report: Callable[[str], None], announce: Callable[[str], None]
    ) -> None:
        self._channel, self._objects = channel, objects
        self._report, self._announce = report, announce
        self._done, self._bytes = 0, 0
        self._told = time.monotonic()

    def add_object(self) -> None:
        self._done += 1
        if not self._done & 0xFF:
            self._tell()

    def add_bytes(self, count: int) -> None:
        self._bytes += count
        self._tell()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told < INTERVAL_S:
            return
        self._told = now
        text = f"channel {self._channel}: {self._done} of {self._objects} object(s)"
        if self._bytes:
            text += f", {self._bytes / 1e6:,.0f} MB copied"
        self._report(f"Downloading {text}")
        self._announce(f"Downloading input data: {text}")
