"""How far the answers to an object are apart. To compare two large ones takes a while, in which nobody should have to wait: it is
done before an answer is recorded, and looked up while it is."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from itertools import combinations

from clary.labeling.task_type import Answer

_MOST = 4_000
_OTHERS = "SELECT answer FROM marks WHERE object = ? AND worker <> ? AND answer IS NOT NULL"


class Distances:
    """The distance (0..1, symmetric) of two answers as the database has them, with a memory. Safe from many threads."""

    def __init__(self, distance: Callable[[Answer, Answer], float]) -> None:
        self._distance = distance
        self._known: dict[tuple[bytes, ...], float] = {}

    def __call__(self, one: str, other: str) -> float:
        key = tuple(sorted((_digest(one), _digest(other))))
        found = self._known.get(key)
        if found is None:
            found = self._distance(json.loads(one), json.loads(other))
            if len(self._known) >= _MOST:
                self._known = {}
            self._known[key] = found
        return found

    def prepare(self, db: sqlite3.Connection, thing: int, worker: str, answer: str) -> None:
        """Compare what there will be when the person has given this answer."""
        others = [row[0] for row in db.execute(_OTHERS, (thing, worker))]
        for one, other in combinations([*others, answer], 2):
            self(one, other)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
