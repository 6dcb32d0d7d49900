"""Recording what a person does: one transaction an action, an event for everything that counts."""

from __future__ import annotations

import json
import math
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from clary.labeling.task_type import Answer
from clary.labeling.work import assignment
from clary.labeling.work.changes import changing
from clary.labeling.work.errors import SessionError
from clary.labeling.work.rows import FAILED, STATES
from clary.labeling.work.rules import Rules

Action = Literal["answer", "skip", "flag", "unflag", "review"]
_DAY = 86_400.0


@dataclass(frozen=True)
class Act:
    """What a person wants recorded. `answer`: in the task's normal form. `part`: the event that began a group of acts that are
    undone together; 0: this one alone. `revise`: the person knows that there is an answer already."""

    worker: str
    action: Action
    object: int
    nonce: str
    answer: Answer | None = None
    seconds: float = 0.0
    comment: str = ""
    revise: bool = False
    part: int = 0


def known_nonce(db: sqlite3.Connection, worker: str, nonce: str) -> sqlite3.Row | None:
    """The event that was recorded for it, if any: the acknowledgement may have been lost on its way."""
    row: sqlite3.Row | None = db.execute(
        "SELECT seq, object FROM events WHERE worker = ? AND nonce = ?", (worker, nonce)
    ).fetchone()
    return row


def record(db: sqlite3.Connection, act: Act, rules: Rules, now: float) -> int:
    """Record an act, inside a transaction; returns its event's number. Raises SessionError, and records nothing then."""
    prior = known_nonce(db, act.worker, act.nonce)
    if prior is not None:
        return int(prior["seq"])
    assignment.sweep(db, rules, now)
    thing = db.execute("SELECT * FROM objects WHERE id = ?", (act.object,)).fetchone()
    if thing is None:
        raise SessionError("NotFound", f"This job has no item {act.object}.")
    mark = db.execute(
        "SELECT * FROM marks WHERE object = ? AND worker = ?", (act.object, act.worker)
    ).fetchone()
    body: dict[str, Any] = {"revise": True} if act.revise else {}
    if act.action in ("answer", "skip"):
        _may_dispose(db, act, thing, mark)
        if act.action == "answer":
            body["answer"] = act.answer
        elif mark["skipped"]:
            body["final"] = True
    elif act.action == "review":
        body["answer"] = act.answer
        if STATES[thing["state"]] in ("unlabeled", "chained") or (
            not thing["batch"] and thing["state"] == FAILED
        ):
            raise SessionError(
                "BadRequest", "Nobody has labeled this item in this job, so there is nothing to review."
            )
        refuse_decided_audit(db, thing)
    elif mark is None:
        raise _not_yours()
    if act.comment:
        body["comment"] = act.comment
    taken = mark["taken"] if mark is not None and act.action == "answer" else 0.0
    return _write(db, act, body, taken, rules, now)


def write_event(
    db: sqlite3.Connection, worker: str, action: str, thing: int, nonce: str, body: dict[str, Any],
    seconds: float, taken: float, now: float,
) -> int:  # fmt: skip
    """Append to the log; returns the event's number."""
    cursor = db.execute(
        "INSERT INTO events (time, worker, action, object, body, nonce, seconds, taken) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (now, worker, action, thing, encode(body), nonce, seconds, taken),
    )
    return int(cursor.lastrowid or 0)


def derive(db: sqlite3.Connection, thing: int, worker: str) -> None:
    """Set the mark of a person on an object to what the person's deeds that hold amount to. Call inside `changing`."""
    last = _last_deed(db, thing, worker, "('answer', 'skip')")
    flag = _last_deed(db, thing, worker, "('flag', 'unflag')")
    values: tuple[Any, ...] = (None, None, 0.0, 0.0, 0.0, 0)
    if last is not None:
        body = json.loads(last["body"])
        answer = encode(body["answer"]) if last["action"] == "answer" else None
        skipped = 0 if answer is not None else 1 + bool(body.get("final"))
        values = (last["seq"], answer, last["time"], last["seconds"], last["taken"], skipped)
    flagged = flag is not None and flag["action"] == "flag"
    comment = json.loads(flag["body"]).get("comment") if flag is not None and flagged else None
    db.execute(
        "INSERT INTO marks (object, worker, seq, answer, answered, seconds, accepted, skipped, flagged, comment)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (object, worker) DO UPDATE SET seq = excluded.seq,"
        " answer = excluded.answer, answered = excluded.answered, seconds = excluded.seconds, accepted = excluded.accepted,"
        " skipped = excluded.skipped, flagged = excluded.flagged, comment = excluded.comment",
        (thing, worker, *values, int(flagged), comment),
    )


def refuse_decided_audit(db: sqlite3.Connection, thing: sqlite3.Row) -> None:
    """An audit that a decision was built on must stay what it was, or the certificate would not hold."""
    batch = db.execute("SELECT purpose, closed FROM batches WHERE id = ?", (thing["batch"],)).fetchone()
    if batch is not None and batch["purpose"] == "audit" and batch["closed"] is not None:
        raise SessionError(
            "BadRequest",
            "This answer was part of the audit on which the automatic labels rest, so it cannot be changed any more.",
        )


def encode(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def checked_seconds(value: Any) -> float:
    """Seconds that a client claims were spent, in bounds; 0 for anything that is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0.0
    return min(_DAY, max(0.0, float(value)))


def _may_dispose(db: sqlite3.Connection, act: Act, thing: sqlite3.Row, mark: sqlite3.Row | None) -> None:
    if mark is None or not mark["taken"]:
        raise _not_yours()
    if mark["answer"] is not None:
        if not act.revise:
            raise SessionError("AlreadyAnswered", "You have answered this item already.")
        refuse_decided_audit(db, thing)
        return
    if mark["live"]:
        return
    if not assignment.has_place(thing):
        raise SessionError("LeaseExpired", assignment.EXPIRED)


def _write(
    db: sqlite3.Connection, act: Act, body: dict[str, Any], taken: float, rules: Rules, now: float
) -> int:
    with changing(db, act.object, rules):
        seq = write_event(db, act.worker, act.action, act.object, act.nonce, body, act.seconds, taken, now)
        # What was undone can be done again only as long as nothing new was done.
        db.execute("UPDATE deeds SET state = 0 WHERE worker = ? AND state = 2", (act.worker,))
        db.execute(
            "INSERT INTO deeds (seq, worker, object, action, part) VALUES (?, ?, ?, ?, ?)",
            (seq, act.worker, act.object, act.action, act.part or seq),
        )
        if act.action in ("answer", "skip"):
            db.execute(
                "UPDATE marks SET until = 0, live = 0, draft = NULL WHERE object = ? AND worker = ?",
                (act.object, act.worker),
            )
        if act.action != "review":
            derive(db, act.object, act.worker)
    return seq


def _last_deed(db: sqlite3.Connection, thing: int, worker: str, actions: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT events.* FROM deeds JOIN events USING (seq) WHERE deeds.object = ? AND deeds.worker = ? AND deeds.state = 1"
        f" AND deeds.action IN {actions} ORDER BY deeds.seq DESC LIMIT 1",
        (thing, worker),
    ).fetchone()
    return row


def _not_yours() -> SessionError:
    return SessionError("NotYours", "This item was not given to you.")
