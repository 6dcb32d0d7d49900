"""Which trial components belong to which trials: many to many, by name (in the spelling of their creation)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.store.database import Store


class Memberships:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, component: str, trial: str) -> None:
        """A component joins a trial; that it is there already is fine."""
        with self._store.transaction() as db:
            db.execute(
                "INSERT INTO memberships (component, trial, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (component, trial, time.time()),
            )

    def remove(self, component: str, trial: str) -> bool:
        """Whether it was there."""
        with self._store.transaction() as db:
            found = db.execute(
                "DELETE FROM memberships WHERE component = ? AND trial = ?", (component, trial)
            )
            return found.rowcount > 0

    def trials(self, component: str) -> list[str]:
        rows = self._store.read().execute(
            "SELECT trial FROM memberships WHERE component = ? ORDER BY created, trial", (component,)
        )
        return [row[0] for row in rows]

    def components(self, trial: str, limit: int = -1) -> list[str]:
        rows = self._store.read().execute(
            "SELECT component FROM memberships WHERE trial = ? ORDER BY created, component LIMIT ?",
            (trial, limit),
        )
        return [row[0] for row in rows]
