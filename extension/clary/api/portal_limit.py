"""A brake on guessing: how many wrong secrets one address may try."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque

_TRIES = 20
_WITHIN_S = 60.0
_MOST_ADDRESSES = 4096


class WrongSecrets:
    """Counts wrong secrets by address. A right one is always let in, whoever else guesses from the same address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def too_many(self, address: str) -> bool:
        """Note one more wrong secret from `address`; True when it had its share of this minute already."""
        now = time.monotonic()
        with self._lock:
            tries = self._tries.setdefault(address, deque(maxlen=_TRIES))
            self._tries.move_to_end(address)
            while len(self._tries) > _MOST_ADDRESSES:
                self._tries.popitem(last=False)
            full = len(tries) == _TRIES and now - tries[0] < _WITHIN_S
            if not full:
                tries.append(now)
            return full
