"""Who gets which object next: leases, given in the order of the queue, at most so many on an object as answers are wanted.

Everybody walks through the queue with a cursor of their own and never turns back: an object on which a place becomes free again
moves to the queue's end, where everybody comes by once more. So a person's next object costs the same in a job of a hundred
thousand objects as in one of a hundred.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection

from clary.labeling.work.changes import changing
from clary.labeling.work.errors import SessionError
from clary.labeling.work.rules import Rules

EXPIRED = "The time for this item ran out, and it was given to somebody else. Nothing is wrong: go on with the next one."

# What one person may have at once.
_MOST_LEASES = 200

_LAPSED = "SELECT object, worker FROM marks INDEXED BY marks_live WHERE live = 1 AND until <= ?"
_OWN = "SELECT object, live FROM marks INDEXED BY marks_leases WHERE worker = ? AND until > 0 ORDER BY turn"
_QUEUE = """
    SELECT id, position, held FROM objects INDEXED BY objects_queue
    WHERE role = 0 AND state = 1 AND want > votes + held AND position > ? AND NOT EXISTS
      (SELECT 1 FROM marks WHERE object = objects.id AND worker = ? AND (seq IS NOT NULL OR until > 0))
    ORDER BY position LIMIT 1
"""
_SKIPPED = """
    SELECT id, held FROM marks INDEXED BY marks_skipped JOIN objects ON id = object
    WHERE worker = ? AND skipped = 1 AND live = 0 AND role = 0 AND state = 1 AND want > votes + held ORDER BY seq LIMIT 1
"""
_GOLD = "SELECT id, position FROM objects INDEXED BY objects_gold WHERE role = 1 AND position > ? ORDER BY position LIMIT 1"
_WITH_PEOPLE = "SELECT count(*) FROM objects INDEXED BY objects_held WHERE role = 0 AND held > 0"


def sweep(db: sqlite3.Connection, rules: Rules, now: float) -> None:
    """End the leases that ran out. Their holders find them again, unless somebody else takes the place."""
    for thing, worker in db.execute(_LAPSED, (now,)).fetchall():
        with changing(db, thing, rules):
            db.execute("UPDATE marks SET live = 0 WHERE object = ? AND worker = ?", (thing, worker))


def next_objects(
    db: sqlite3.Connection, worker: str, n: int, have: Collection[int], rules: Rules, now: float
) -> list[int]:
    """Lease up to `n` objects beyond `have`: first those that the person had and did not answer, then new ones."""
    sweep(db, rules, now)
    own = _own(db, worker, rules, now)
    given = [thing for thing in own if thing not in have][:n]
    for thing in own:
        if thing in have or thing in given:
            db.execute(
                "UPDATE marks SET until = ? WHERE object = ? AND worker = ?",
                (now + rules.lease_s, thing, worker),
            )
    held = len(own)
    while len(given) < n and held < _MOST_LEASES:
        taken = _take(db, worker, rules, now, nothing_else=held == 0)
        if taken is None:
            break
        given.append(taken)
        held += 1
    return given


def lease(db: sqlite3.Connection, thing: int, worker: str, rules: Rules, now: float, turn: int) -> None:
    """Give a person an object; call inside `changing`. `turn`: leases of lower turns come first."""
    db.execute(
        "INSERT INTO marks (object, worker, until, live, taken, turn) VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT (object, worker)"
        " DO UPDATE SET until = excluded.until, live = 1, taken = excluded.taken, turn = excluded.turn",
        (thing, worker, now + rules.lease_s, now, turn),
    )


def has_place(row: sqlite3.Row) -> bool:
    """Whether one more person may work on the object, a row of `objects`."""
    return bool(row["role"] == 1 or (row["state"] == 1 and row["want"] > row["votes"] + row["held"]))


def _own(db: sqlite3.Connection, worker: str, rules: Rules, now: float) -> list[int]:
    """What the person holds; leases that ran out are taken up again where there is still a place."""
    kept = []
    for thing, live in db.execute(_OWN, (worker,)).fetchall():
        if live or _take_up(db, thing, worker, rules, now):
            kept.append(thing)
    return kept


def _take_up(db: sqlite3.Connection, thing: int, worker: str, rules: Rules, now: float) -> bool:
    row = db.execute(
        "SELECT objects.*, live FROM objects JOIN marks ON object = id WHERE id = ? AND worker = ?",
        (thing, worker),
    ).fetchone()
    place = bool(row["live"]) or has_place(row)
    with changing(db, thing, rules):
        db.execute(
            "UPDATE marks SET live = ?, until = ? WHERE object = ? AND worker = ?",
            (int(place), now + rules.lease_s if place else 0, thing, worker),
        )
    return place


def _take(db: sqlite3.Connection, worker: str, rules: Rules, now: float, *, nothing_else: bool) -> int | None:
    db.execute("INSERT OR IGNORE INTO annotators (worker) VALUES (?)", (worker,))
    me = db.execute("SELECT * FROM annotators WHERE worker = ?", (worker,)).fetchone()
    row = db.execute(_QUEUE, (me["cursor"], worker)).fetchone()
    if row is None and nothing_else:
        row = db.execute(_SKIPPED, (worker,)).fetchone()  # the second and last time
    if row is None:
        return None
    if row["held"] == 0:
        (busy,) = db.execute(_WITH_PEOPLE).fetchone()
        if busy >= rules.max_concurrent:
            return None
    served = me["served"] + 1
    gold = _gold(db, worker, served, me["gold"], rules)
    if gold is not None:
        thing = gold["id"]
        db.execute(
            "UPDATE annotators SET served = ?, gold = ? WHERE worker = ?", (served, gold["position"], worker)
        )
    else:
        thing = row["id"]
        cursor = row["position"] if "position" in row.keys() else me["cursor"]  # noqa: SIM118 - a Row
        db.execute("UPDATE annotators SET served = ?, cursor = ? WHERE worker = ?", (served, cursor, worker))
    with changing(db, thing, rules):
        lease(db, thing, worker, rules, now, served)
    return int(thing)


def _gold(db: sqlite3.Connection, worker: str, served: int, after: int, rules: Rules) -> sqlite3.Row | None:
    """The gold item that this person gets now, if it is time for one: drawn, so that nobody can count them off."""
    if rules.gold_share <= 0:
        return None
    digest = hashlib.blake2b(f"{rules.secret}/{worker}/{served}".encode(), digest_size=8).digest()
    if int.from_bytes(digest, "big") / 2**64 >= rules.gold_share:
        return None
    row: sqlite3.Row | None = db.execute(_GOLD, (after,)).fetchone()
    return row


def renew(db: sqlite3.Connection, worker: str, thing: int, rules: Rules, now: float) -> float:
    """Extend a lease; one that ran out is taken up again if there is a place. Raises SessionError."""
    mark = db.execute("SELECT * FROM marks WHERE object = ? AND worker = ?", (thing, worker)).fetchone()
    if mark is None or (mark["seq"] is not None and not mark["until"]):
        raise SessionError("NotYours", "This item is not with you.")
    sweep(db, rules, now)
    if not _take_up(db, thing, worker, rules, now):
        raise SessionError("LeaseExpired", EXPIRED)
    return now + rules.lease_s


def release(db: sqlite3.Connection, worker: str, thing: int, rules: Rules) -> None:
    """End a lease; the person finds the object again unless somebody else takes the place. Nothing happens to a lease that has
    ended. Raises SessionError when the object is not with the person."""
    mark = db.execute("SELECT * FROM marks WHERE object = ? AND worker = ?", (thing, worker)).fetchone()
    if mark is None or not mark["until"]:
        raise SessionError("NotYours", "This item is not with you.")
    if not mark["live"]:
        return
    with changing(db, thing, rules):
        db.execute("UPDATE marks SET live = 0 WHERE object = ? AND worker = ?", (thing, worker))
