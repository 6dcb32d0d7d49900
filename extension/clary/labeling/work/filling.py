"""Objects on their way into a job: added in pieces, opened to people in batches, labelled by the machine."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from clary.labeling.task_type import Answer
from clary.labeling.work.changes import next_position
from clary.labeling.work.database import add
from clary.labeling.work.recording import encode
from clary.labeling.work.rows import MACHINE, OPEN, ROLES, STATES, NewObject, Purpose


def insert(db: sqlite3.Connection, things: Iterable[NewObject], workers: int) -> int:
    """Append objects, numbered on from the last one; returns how many there are now."""
    (first,) = db.execute("SELECT coalesce(max(id) + 1, 0) FROM objects").fetchone()
    lines, rows, known, counts = [], [], [], dict[str, int]()
    for number, one in enumerate(things, start=first):
        gold = one.role == "gold"
        state = OPEN if gold else STATES.index(one.state)
        lines.append((number, one.line, encode(dict(one.shown)) if one.shown else ""))
        rows.append((number, ROLES.index(one.role), state, one.width, one.height, one.reason, workers))
        for kind, (answer, confidence, origin) in one.known.items():
            known.append((number, kind, encode(answer), confidence, origin))
        for counter in ("gold",) if gold else ("total", one.state):
            counts[counter] = counts.get(counter, 0) + 1
    db.executemany("INSERT INTO lines VALUES (?, ?, ?)", lines)
    db.executemany(
        "INSERT INTO objects (id, role, state, width, height, reason, want) VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    db.executemany("INSERT INTO known VALUES (?, ?, ?, ?, ?)", known)
    for counter, amount in counts.items():
        add(db, counter, amount)
    return int(first) + len(rows)


def shuffle_gold(db: sqlite3.Connection, secret: str) -> None:
    """Give the gold items their order."""
    ids = [row[0] for row in db.execute("SELECT id FROM objects WHERE role = 1 ORDER BY id")]
    random.Random(secret).shuffle(ids)
    db.executemany(
        "UPDATE objects SET position = ? WHERE id = ?", [(n, i) for n, i in enumerate(ids, start=1)]
    )


def open_batch(
    db: sqlite3.Connection, purpose: Purpose, ids: Sequence[int] | None, facts: dict[str, Any], now: float
) -> int:
    """Let people at these unlabelled objects, in this order; None: at all that are unlabelled. Returns the batch's number."""
    (batch,) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM batches").fetchone()
    if ids is None:
        (size,) = db.execute("SELECT count(*) FROM objects WHERE role = 0 AND state = 0").fetchone()
        (span,) = db.execute("SELECT coalesce(max(id) + 1, 0) FROM objects").fetchone()
        first = next_position(db, span)
        db.execute(
            "UPDATE objects SET state = 1, batch = ?, position = ? + id WHERE role = 0 AND state = 0",
            (batch, first),
        )
    else:
        first = next_position(db, max(1, len(ids)))
        size = 0
        for number, thing in enumerate(ids):
            size += db.execute(
                "UPDATE objects SET state = 1, batch = ?, position = ? WHERE id = ? AND role = 0 AND state = 0",
                (batch, first + number, thing),
            ).rowcount
    add(db, "unlabeled", -size)
    add(db, "open", size)
    db.execute(
        "INSERT INTO batches (id, purpose, size, opened, facts) VALUES (?, ?, ?, ?, ?)",
        (batch, purpose, size, now, json.dumps(facts)),
    )
    return int(batch)


def close_batch(db: sqlite3.Connection, batch: int, facts: dict[str, Any], now: float) -> None:
    """Note that what people did in a batch has been taken into account; merge `facts` into its own."""
    (old,) = db.execute("SELECT facts FROM batches WHERE id = ?", (batch,)).fetchone()
    db.execute(
        "UPDATE batches SET closed = ?, facts = ? WHERE id = ?",
        (now, json.dumps({**json.loads(old), **facts}), batch),
    )


def suggest(db: sqlite3.Connection, guesses: Mapping[int, tuple[Answer, float]]) -> None:
    """What the model thinks of objects that people are about to label. Who shows it sees to it that no audit is biased."""
    db.executemany(
        "INSERT OR REPLACE INTO known VALUES (?, 'model', ?, ?, '')",
        [(thing, encode(answer), confidence) for thing, (answer, confidence) in guesses.items()],
    )


def label_by_machine(db: sqlite3.Connection, labels: Mapping[int, tuple[Answer, float]]) -> None:
    """Enter machine labels for objects that are unlabelled."""
    done = 0
    for thing, (answer, confidence) in labels.items():
        if db.execute(
            "UPDATE objects SET state = ? WHERE id = ? AND role = 0 AND state = 0", (MACHINE, thing)
        ).rowcount:
            db.execute("INSERT INTO machine VALUES (?, ?, ?)", (thing, encode(answer), confidence))
            done += 1
    add(db, "unlabeled", -done)
    add(db, "machine", done)


def close_open(db: sqlite3.Connection, reason: str, now: float) -> None:
    """Nobody works on it any more: what has answers, though fewer than wanted, is labelled by them; with a `reason` the rest
    has failed for it, else it is what it was. All leases end."""
    db.execute("UPDATE marks SET live = 0 WHERE live = 1")
    db.execute("UPDATE objects SET held = 0 WHERE held > 0")
    answered = db.execute("UPDATE objects SET state = 2 WHERE role = 0 AND state = 1 AND votes > 0").rowcount
    state, counter = (4, "failed") if reason else (0, "unlabeled")
    rest = db.execute(
        "UPDATE objects SET state = ?, reason = ? WHERE role = 0 AND state = 1", (state, reason)
    ).rowcount
    waiting = 0
    if reason:
        waiting = db.execute(
            "UPDATE objects SET state = 4, reason = ? WHERE role = 0 AND state = 0", (reason,)
        ).rowcount
    add(db, "open", -answered - rest)
    add(db, "labeled", answered)
    add(db, counter, rest)
    add(db, "unlabeled", -waiting)
    add(db, "failed", waiting)
    db.execute("UPDATE annotators SET settled = 0")
    db.execute("UPDATE batches SET closed = ? WHERE closed IS NULL", (now,))
