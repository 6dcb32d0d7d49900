"""Named documents of a kind: what CreateX was given, and what has become of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from clary.store.database import Store

SortBy = Literal["created", "modified", "name", "status"]


class NotFound(LookupError):
    """There is no document of this kind and name."""


class AlreadyExists(Exception):
    """There is one already."""


class BadToken(ValueError):
    """A page token that this listing did not give out."""


@dataclass(frozen=True)
class Document:
    """Times are seconds since the epoch."""

    kind: str
    name: str
    arn: str
    status: str
    created: float
    modified: float
    body: dict[str, Any]


@dataclass(frozen=True)
class Page:
    items: list[Document]
    next_token: str | None


class Documents:
    """Reads and writes go by index; a page costs the same with fifty thousand documents as with ten."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(
        self, kind: str, name: str, body: dict[str, Any], *, arn: str = "", status: str = ""
    ) -> Document:
        now = time.time()
        with self._store.transaction() as db:
            try:
                db.execute(
                    "INSERT INTO documents (kind, name, arn, status, created, modified, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (kind, name, arn, status, now, now, _encode(body)),
                )
            except sqlite3.IntegrityError as error:
                raise AlreadyExists(f"{kind} {name}") from error
            self._store.changed(kind, name, "created")
        return Document(kind, name, arn, status, now, now, body)

    def get(self, kind: str, name: str) -> Document:
        row = (
            self._store.read()
            .execute("SELECT * FROM documents WHERE kind = ? AND name = ?", (kind, name))
            .fetchone()
        )
        if row is None:
            raise NotFound(f"{kind} {name}")
        return document_of(row)

    def find(self, kind: str, name: str) -> Document | None:
        try:
            return self.get(kind, name)
        except NotFound:
            return None

    def find_by_arn(self, arn: str) -> Document | None:
        row = (
            self._store.read()
            .execute("SELECT * FROM documents WHERE arn = ? AND arn != ''", (arn,))
            .fetchone()
        )
        return None if row is None else document_of(row)

    def update(
        self, kind: str, name: str, *, body: dict[str, Any] | None = None, status: str | None = None
    ) -> Document:
        """Replace the body, the status, or both, and the time of modification."""
        with self._store.transaction() as db:
            row = db.execute(
                "UPDATE documents SET body = coalesce(?, body), status = coalesce(?, status), modified = ?"
                " WHERE kind = ? AND name = ? RETURNING *",
                (None if body is None else _encode(body), status, time.time(), kind, name),
            ).fetchone()
            if row is None:
                raise NotFound(f"{kind} {name}")
            self._store.changed(kind, name, "updated" if status is None else "status")
        return document_of(row)

    def delete(self, kind: str, name: str) -> None:
        with self._store.transaction() as db:
            if db.execute("DELETE FROM documents WHERE kind = ? AND name = ?", (kind, name)).rowcount == 0:
                raise NotFound(f"{kind} {name}")
            self._store.changed(kind, name, "deleted")

    def after_name(self, kind: str, after: str, limit: int) -> list[Document]:
        """Up to `limit` documents whose names follow `after`, by name: for walking through all of them."""
        rows = self._store.read().execute(
            "SELECT * FROM documents WHERE kind = ? AND name > ? ORDER BY name LIMIT ?", (kind, after, limit)
        )
        return [document_of(row) for row in rows]

    def page(
        self,
        kind: str,
        *,
        limit: int,
        token: str | None = None,
        name_contains: str | None = None,
        status: str | None = None,
        created_after: float | None = None,
        created_before: float | None = None,
        modified_after: float | None = None,
        modified_before: float | None = None,
        within: tuple[str, tuple[Any, ...]] | None = None,
        sort_by: SortBy = "created",
        descending: bool = True,
    ) -> Page:
        """Up to `limit` documents that pass every filter. `name_contains` ignores case, as AWS does. `within`: SQL on the row,
        and its parameters. Raises BadToken."""
        conditions, values = ["kind = ?"], [kind]  # type: tuple[list[str], list[Any]]
        for condition, value in (
            ("status = ?", status),
            ("created > ?", created_after),
            ("created < ?", created_before),
            ("modified > ?", modified_after),
            ("modified < ?", modified_before),
            ("instr(lower(name), lower(?)) > 0", name_contains),
        ):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        if within is not None:
            conditions.append(f"({within[0]})")
            values += within[1]
        # The token carries the filters' fingerprint: going on with other filters would silently skip documents.
        asked = [sort_by, descending, *conditions, *values]
        fingerprint = hashlib.sha256(repr(asked).encode()).hexdigest()[:16]
        keys = {"name": ["name"], "status": ["status", "created", "name"]}.get(sort_by, [sort_by, "name"])
        if token is not None:
            conditions.append(
                f"({', '.join(keys)}) {'<' if descending else '>'} ({', '.join('?' * len(keys))})"
            )
            values += _after(token, fingerprint, len(keys))
        order = ", ".join(f"{key} {'DESC' if descending else 'ASC'}" for key in keys)
        rows = (
            self._store.read()
            .execute(
                f"SELECT * FROM documents WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT ?",
                (*values, limit + 1),
            )
            .fetchall()
        )
        if len(rows) <= limit:
            return Page([document_of(row) for row in rows], None)
        del rows[limit:]
        return Page([document_of(row) for row in rows], _token(fingerprint, [rows[-1][key] for key in keys]))


def _encode(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), default=_time)


def _time(value: Any) -> float:
    """Timestamps inside a body are kept as seconds since the epoch."""
    return float(value.timestamp())


def document_of(row: sqlite3.Row) -> Document:
    """A row of ``documents``, whatever else was selected with it."""
    return Document(
        row["kind"],
        row["name"],
        row["arn"],
        row["status"],
        row["created"],
        row["modified"],
        json.loads(row["body"]),
    )


def _token(fingerprint: str, last: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([fingerprint, *last]).encode()).decode()


def _after(token: str, fingerprint: str, length: int) -> list[Any]:
    try:
        given, *last = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error, TypeError) as error:
        raise BadToken("Invalid token") from error
    if given != fingerprint or len(last) != length or not all(_storable(value) for value in last):
        raise BadToken("Invalid token")
    return list(last)


def _storable(value: Any) -> bool:
    """Whether a value from a token, which anybody may have written, can be compared with a column."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str) and value.isprintable()
