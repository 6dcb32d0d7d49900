"""Connections, transactions and migrations."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from clary.home import Home
from clary.store.schema import MIGRATIONS
from clary.store.watch import announce

if TYPE_CHECKING:
    from clary.store.documents import Documents
    from clary.store.jobs import Jobs
    from clary.store.memberships import Memberships
    from clary.store.samples import Samples
    from clary.store.tags import Tags

# A writer waits this long for another's transaction; transactions are milliseconds, so this is only met on a stuck disk.
_BUSY_SECONDS = 30.0


class StoreError(Exception):
    """The database cannot be used; the text says why."""


class _PerThread(threading.local):
    connection: sqlite3.Connection | None = None
    depth: int = 0
    changes: list[dict[str, Any]]


class Store:
    """One home's database. Safe from many threads (a connection each) and from many processes at once."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._mine = _PerThread()
        self._migrate()

    @cached_property
    def documents(self) -> Documents:
        from clary.store.documents import Documents

        return Documents(self)

    @cached_property
    def jobs(self) -> Jobs:
        from clary.store.jobs import Jobs

        return Jobs(self)

    @cached_property
    def samples(self) -> Samples:
        from clary.store.samples import Samples

        return Samples(self)

    @cached_property
    def memberships(self) -> Memberships:
        from clary.store.memberships import Memberships

        return Memberships(self)

    @cached_property
    def tags(self) -> Tags:
        from clary.store.tags import Tags

        return Tags(self)

    def read(self) -> sqlite3.Connection:
        """This thread's connection, for SELECTs; inside a transaction it sees what that transaction wrote."""
        if self._mine.connection is None:
            self._mine.connection = self._connect()
        return self._mine.connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """``BEGIN IMMEDIATE`` ... ``COMMIT``; rolled back when the block raises. Blocks may nest within a thread: the
        outermost one decides. Changes noted with `changed` are told to watchers only after the commit."""
        db, mine = self.read(), self._mine
        if mine.depth:
            mine.depth += 1
            try:
                yield db
            finally:
                mine.depth -= 1
            return
        db.execute("BEGIN IMMEDIATE")
        mine.depth, mine.changes = 1, []
        try:
            yield db
        except BaseException:
            mine.depth = 0
            if db.in_transaction:  # SQLite has already rolled back by itself when, say, the disk is full
                db.execute("ROLLBACK")
            raise
        mine.depth = 0
        try:
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        for change in mine.changes:
            announce(self.home, change)

    def changed(self, kind: str, name: str, change: str) -> None:
        """Note, inside a transaction, what watchers are to hear once it is committed."""
        event = {"kind": kind, "name": name, "change": change}
        if event not in self._mine.changes:
            self._mine.changes.append(event)

    def close(self) -> None:
        """Close this thread's connection; it opens again when needed."""
        if self._mine.connection is not None:
            self._mine.connection.close()
            self._mine.connection = None

    def _connect(self) -> sqlite3.Connection:
        # isolation_level=None: Python must not open transactions of its own accord.
        db = sqlite3.connect(
            self.home.database, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        db.row_factory = sqlite3.Row
        # NORMAL: after a power cut the last commits may be missing, but never half there. A crash of processes loses nothing.
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    def _migrate(self) -> None:
        db = self.read()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == len(MIGRATIONS):
            return
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.home.database} was written by a newer Clary (schema {version}, this one knows {len(MIGRATIONS)}). "
                "Upgrade this Clary, or set CLARY_HOME to another folder."
            )
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")
        try:
            (version,) = db.execute("PRAGMA user_version").fetchone()  # another process may have been quicker
            for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
                for statement in script.split(";"):
                    if statement.strip():
                        db.execute(statement)
                db.execute(f"PRAGMA user_version = {number}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
