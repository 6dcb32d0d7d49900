"""Tags: pairs of key and value on anything that has an ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.store.database import Store


class Tags:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set these tags; a key that is there gets the new value."""
        with self._store.transaction() as db:
            db.executemany(
                "INSERT INTO tags (arn, key, value) VALUES (?, ?, ?) ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
                [(arn, key, value) for key, value in tags.items()],
            )

    def list(self, arn: str) -> dict[str, str]:
        rows = self._store.read().execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,))
        return {row["key"]: row["value"] for row in rows}

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        with self._store.transaction() as db:
            db.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def clear(self, arn: str) -> None:
        with self._store.transaction() as db:
            db.execute("DELETE FROM tags WHERE arn = ?", (arn,))
