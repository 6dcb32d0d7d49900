"""What follows from a change to somebody's mark on an object: the object's columns, the counters, the queue, the review queue.

Everything here costs the same whatever the size of the job: it reads the marks of one object, which are few.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations

from clary.labeling.work.database import add
from clary.labeling.work.rows import DISAGREED, FAILED, FLAGGED, LABELED, MACHINE, OPEN, SKIPPED, STATES
from clary.labeling.work.rules import Rules

_OBJECT = "SELECT * FROM objects WHERE id = ?"
_MARKS = "SELECT worker, live, answer, skipped, flagged FROM marks WHERE object = ?"
_DECIDED = (
    "SELECT seq FROM deeds WHERE object = ? AND action = 'review' AND state = 1 ORDER BY seq DESC LIMIT 1"
)


@contextmanager
def changing(db: sqlite3.Connection, thing: int, rules: Rules) -> Iterator[None]:
    """Around every change to the marks or the deeds of the object `thing`, inside a transaction."""
    row, marks = db.execute(_OBJECT, (thing,)).fetchone(), db.execute(_MARKS, (thing,)).fetchall()
    yield
    _settle(db, row, marks, rules)


def _settle(db: sqlite3.Connection, row: sqlite3.Row, before: list[sqlite3.Row], rules: Rules) -> None:
    thing, item = row["id"], row["role"] == 0
    after = db.execute(_MARKS, (thing,)).fetchall()
    votes = sum(one["answer"] is not None for one in after)
    held = sum(one["live"] for one in after)
    flags = sum(one["flagged"] for one in after)
    want = max(0, rules.workers - sum(one["skipped"] == 2 for one in after))
    decided = db.execute(_DECIDED, (thing,)).fetchone()
    state, reason = row["state"], row["reason"]
    of_machine = db.execute("SELECT 1 FROM machine WHERE object = ?", (thing,)).fetchone() is not None
    # What nobody was let at is what it was: an image that cannot be shown, say.
    if item and (row["batch"] or of_machine) and state in (OPEN, LABELED, FAILED, MACHINE):
        state, reason = _state(votes, want, decided is not None, of_machine, after)
    agreement = _agreement(after, rules) if item and state == LABELED else None
    review = 0 if decided is not None or not item else _review(state, flags, agreement, rules)
    free, was_free = want - votes - held, row["want"] - row["votes"] - row["held"]
    position = row["position"]
    if item and state == OPEN and free > (max(0, was_free) if row["state"] == OPEN else 0):
        position = next_position(db)  # everybody comes by it once more
    db.execute(
        "UPDATE objects SET state = ?, reason = ?, position = ?, want = ?, votes = ?, held = ?, flags = ?, agreement = ?,"
        " review = ?, decided = ? WHERE id = ?",
        (state, reason, position, want, votes, held, flags, agreement, review, decided and decided[0], thing),
    )
    if item and state != row["state"]:
        add(db, STATES[row["state"]], -1)
        add(db, STATES[state], 1)
    add(db, "review", (review > 0) - (row["review"] > 0))
    _count_people(db, before, after, item and row["state"] == OPEN, item and state == OPEN)


def next_position(db: sqlite3.Connection, places: int = 1) -> int:
    """The first of so many new places at the end of the queue."""
    add(db, "position", places)
    (last,) = db.execute("SELECT value FROM counters WHERE name = 'position'").fetchone()
    return int(last) - places + 1


def _state(
    votes: int, want: int, decided: bool, of_machine: bool, marks: list[sqlite3.Row]
) -> tuple[int, str]:
    if of_machine and not decided:
        return MACHINE, ""
    if decided or (votes and votes >= want):
        return LABELED, ""
    if votes >= want:
        names = ", ".join(one["worker"] for one in marks if one["skipped"] == 2)
        return FAILED, f"Skipped by {names}."
    return OPEN, ""


def _agreement(marks: list[sqlite3.Row], rules: Rules) -> float | None:
    """1 less the mean distance of all pairs of answers; only where somebody wants to know."""
    answers = [one["answer"] for one in marks if one["answer"] is not None]
    if rules.review_below is None or rules.distances is None or len(answers) < 2:
        return None
    distances = [rules.distances(one, other) for one, other in combinations(answers, 2)]
    return 1.0 - sum(distances) / len(distances)


def _review(state: int, flags: int, agreement: float | None, rules: Rules) -> int:
    disagreed = agreement is not None and rules.review_below is not None and agreement < rules.review_below
    return FLAGGED * (flags > 0) | DISAGREED * disagreed | SKIPPED * (state == FAILED)


def _count_people(
    db: sqlite3.Connection, before: list[sqlite3.Row], after: list[sqlite3.Row], was_open: bool, is_open: bool
) -> None:
    old = {one["worker"]: _of_person(one, was_open) for one in before}
    new = {one["worker"]: _of_person(one, is_open) for one in after}
    none = (0, 0, 0, 0)
    for worker in {*old, *new}:
        one, other = old.get(worker, none), new.get(worker, none)
        if one != other:
            db.execute(
                "INSERT INTO annotators (worker, done, skipped, flagged, settled) VALUES (?, ?, ?, ?, ?) ON CONFLICT (worker)"
                " DO UPDATE SET done = done + excluded.done, skipped = skipped + excluded.skipped,"
                " flagged = flagged + excluded.flagged, settled = settled + excluded.settled",
                (worker, *(there - here for here, there in zip(one, other, strict=True))),
            )


def _of_person(mark: sqlite3.Row, is_open: bool) -> tuple[int, int, int, int]:
    """done, skipped, flagged, settled."""
    answered, skipped = mark["answer"] is not None, mark["skipped"]
    settled = is_open and (answered or skipped == 2)
    return int(answered), int(skipped > 0), int(mark["flagged"]), int(settled)
