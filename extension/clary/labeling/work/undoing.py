"""Undo and redo, without limit, across items, in the order of one person's deeds. Both are events like any other."""

from __future__ import annotations

import sqlite3
from typing import Literal

from clary.labeling.work import assignment
from clary.labeling.work.changes import changing
from clary.labeling.work.errors import SessionError
from clary.labeling.work.recording import derive, known_nonce, refuse_decided_audit, write_event
from clary.labeling.work.rules import Rules

_LAST_DONE = "SELECT * FROM deeds WHERE worker = ? AND state = 1 ORDER BY seq DESC LIMIT 1"
_FIRST_UNDONE = "SELECT * FROM deeds WHERE worker = ? AND state = 2 ORDER BY seq LIMIT 1"
_PART = "SELECT * FROM deeds WHERE worker = ? AND part = ? AND state = ? ORDER BY seq"


def undo(db: sqlite3.Connection, worker: str, nonce: str, rules: Rules, now: float) -> tuple[int, int]:
    """Take back the person's last deed (or the group it was done in), and give the item back to the person.

    Returns (event, object). Raises SessionError when there is nothing, or when it decided an audit.
    """
    return _turn(db, worker, nonce, rules, now, "undo")


def redo(db: sqlite3.Connection, worker: str, nonce: str, rules: Rules, now: float) -> tuple[int, int]:
    """Do again what was undone last. Raises SessionError when there is nothing, or no place is left on the object."""
    return _turn(db, worker, nonce, rules, now, "redo")


def _turn(
    db: sqlite3.Connection, worker: str, nonce: str, rules: Rules, now: float, action: Literal["undo", "redo"]
) -> tuple[int, int]:
    prior = known_nonce(db, worker, nonce)
    if prior is not None:
        return int(prior["seq"]), int(prior["object"])
    assignment.sweep(db, rules, now)
    old, new = (1, 2) if action == "undo" else (2, 1)
    deed = db.execute(_LAST_DONE if action == "undo" else _FIRST_UNDONE, (worker,)).fetchone()
    if deed is None:
        raise SessionError("BadRequest", f"There is nothing to {action}.")
    part = db.execute(_PART, (worker, deed["part"], old)).fetchall()
    things = [db.execute("SELECT * FROM objects WHERE id = ?", (one["object"],)).fetchone() for one in part]
    for one, thing in zip(part, things, strict=True):
        if one["action"] in ("answer", "skip", "review"):
            refuse_decided_audit(db, thing)
        if action == "redo" and one["action"] == "answer":
            _needs_place(db, worker, thing)
    thing_id = part[0]["object"]
    body = {f"{action}es": [one["seq"] for one in part]}
    seq = write_event(db, worker, action, thing_id, nonce, body, 0.0, 0.0, now)
    for one in reversed(part):  # so that the first of them comes first again
        with changing(db, one["object"], rules):
            db.execute("UPDATE deeds SET state = ? WHERE seq = ?", (new, one["seq"]))
            if one["action"] == "review":
                continue
            if action == "undo":
                _give_back(db, one, worker, rules, now)
            elif one["action"] in ("answer", "skip"):
                _let_go(db, one["object"], worker)
            derive(db, one["object"], worker)
    return seq, int(thing_id)


def _give_back(db: sqlite3.Connection, deed: sqlite3.Row, worker: str, rules: Rules, now: float) -> None:
    """The person gets the item again, before all others, with what was answered as a draft: where nobody has the place."""
    if deed["action"] not in ("answer", "skip"):
        return
    mark = db.execute(
        "SELECT * FROM marks WHERE object = ? AND worker = ?", (deed["object"], worker)
    ).fetchone()
    thing = db.execute("SELECT * FROM objects WHERE id = ?", (deed["object"],)).fetchone()
    wanted = thing["want"] + (mark["skipped"] == 2)
    taken = thing["votes"] + thing["held"] - (mark["answer"] is not None) - mark["live"]
    if thing["role"] == 0 and wanted <= taken:
        return
    earlier = db.execute(
        "SELECT 1 FROM deeds WHERE object = ? AND worker = ? AND state = 1 AND action IN ('answer', 'skip')",
        (deed["object"], worker),
    ).fetchone()
    if earlier is not None:
        return  # an answer that was revised stands again as it was
    (first,) = db.execute(
        "SELECT coalesce(min(turn), 0) FROM marks WHERE worker = ? AND until > 0", (worker,)
    ).fetchone()
    assignment.lease(db, deed["object"], worker, rules, now, min(0, first) - 1)
    db.execute("UPDATE marks SET draft = answer WHERE object = ? AND worker = ?", (deed["object"], worker))


def _let_go(db: sqlite3.Connection, thing: int, worker: str) -> None:
    db.execute(
        "UPDATE marks SET until = 0, live = 0, draft = NULL WHERE object = ? AND worker = ?", (thing, worker)
    )


def _needs_place(db: sqlite3.Connection, worker: str, thing: sqlite3.Row) -> None:
    mark = db.execute("SELECT * FROM marks WHERE object = ? AND worker = ?", (thing["id"], worker)).fetchone()
    if mark["live"] or mark["answer"] is not None or assignment.has_place(thing):
        return
    raise SessionError("LeaseExpired", "Meanwhile somebody else has labelled this item.")
