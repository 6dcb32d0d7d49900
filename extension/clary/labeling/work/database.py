"""The file of one labeling job: connections and transactions."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clary.labeling.work.errors import WorkError
from clary.labeling.work.schema import SCHEMA, VERSION

_BUSY_SECONDS = 30.0


class _PerThread(threading.local):
    connection: sqlite3.Connection | None = None
    depth: int = 0


class Database:
    """Safe from many threads (a connection each) and many processes at once."""

    def __init__(self, path: Path) -> None:
        """Raises WorkError when there is none at `path`, or when a newer Clary wrote it."""
        self.path = path
        self._mine = _PerThread()
        # Threads of one process queue here: SQLite's own waiting is a sleep that grows, and starves some of twenty.
        self._turn = threading.Lock()
        if not path.exists():
            raise WorkError(f"There is no labeling job in {path.parent}.")
        (version,) = self.read().execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise WorkError(f"{path} was written by a newer Clary (version {version}). Upgrade this Clary.")
        if version == 0:
            raise WorkError(f"{path} is not the database of a labeling job.")

    @classmethod
    def create(cls, path: Path, meta: dict[str, Any]) -> Database:
        """Make the file, whole or not at all. Raises FileExistsError."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        draft.unlink(missing_ok=True)
        db = sqlite3.connect(draft, isolation_level=None)
        try:
            # Here, where nobody else has the file open: to change it later takes the file for oneself alone.
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)
            db.executemany(
                "INSERT INTO meta VALUES (?, ?)", [(key, json.dumps(value)) for key, value in meta.items()]
            )
            db.execute(f"PRAGMA user_version = {VERSION}")
        finally:
            db.close()
        try:
            os.link(draft, path)  # unlike a rename, it never replaces a job that is there
        finally:
            draft.unlink()
        return cls(path)

    def read(self) -> sqlite3.Connection:
        """This thread's connection, for SELECTs."""
        if self._mine.connection is None:
            self._mine.connection = self._connect()
        return self._mine.connection

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """``BEGIN IMMEDIATE`` ... ``COMMIT``; rolled back when the block raises. Nested blocks belong to the outermost one.
        Not `durable`: a power cut may take it back (never the death of a process), which saves the wait for the disk."""
        db, mine = self.read(), self._mine
        if mine.depth:
            mine.depth += 1
            try:
                yield db
            finally:
                mine.depth -= 1
            return
        with self._turn:
            # An answer that was acknowledged survives a power cut, too: one fsync for each.
            db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            db.execute("BEGIN IMMEDIATE")
            mine.depth = 1
            try:
                yield db
                mine.depth = 0
                db.execute("COMMIT")
            except BaseException:
                mine.depth = 0
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close this thread's connection; it opens again when needed."""
        if self._mine.connection is not None:
            self._mine.connection.close()
            self._mine.connection = None

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        return db


def get(db: sqlite3.Connection, key: str, default: Any = None) -> Any:
    """A value of `meta`."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return default if row is None else json.loads(row[0])


def put(db: sqlite3.Connection, key: str, value: Any) -> None:
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))


def add(db: sqlite3.Connection, counter: str, amount: int) -> None:
    """Add to a counter."""
    if amount:
        db.execute(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (counter, amount),
        )


def counters(db: sqlite3.Connection) -> dict[str, int]:
    return {row[0]: row[1] for row in db.execute("SELECT name, value FROM counters")}
