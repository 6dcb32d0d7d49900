"""The sign that somebody reconciles, schedules and settles: shims that see it need not start a settler."""

from __future__ import annotations

import fcntl
import os
from types import TracebackType
from typing import Self

from clary.home import Home
from clary.runner.attempt import Lock
from clary.runner.launch import engine_lock


class EngineLock:
    """Held, shared with other engines, while the block runs."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock: Lock | None = None

    def __enter__(self) -> Self:
        descriptor = os.open(engine_lock(self._home), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # shims that probe it exclusively let go at once
        self._lock = Lock(descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
