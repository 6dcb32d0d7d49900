"""Reading a job's objects, answers and events."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, DataObject, TaskType, Verdict, Vote
from clary.labeling.work.rows import ROLES, STATES, Batch, Event, ObjectRow, Role, State

_SHORT, _FEW = 80, 1000
Packed = Callable[[Answer], Answer]
_OBJECT = "SELECT objects.*, line, shown FROM objects JOIN lines USING (id)"


def one(db: sqlite3.Connection, thing: int) -> ObjectRow | None:
    row = db.execute(f"{_OBJECT} WHERE objects.id = ?", (thing,)).fetchone()
    return None if row is None else ObjectRow.of(row)


def objects(
    db: sqlite3.Connection, after: int, limit: int, state: State | None, role: Role | None
) -> list[ObjectRow]:
    where: list[str] = ["objects.id > ?"]
    values: list[int | str] = [after]
    if state is not None:
        where.append("state = ?")
        values.append(STATES.index(state))
    if role is not None:
        where.append("role = ?")
        values.append(ROLES.index(role))
    rows = db.execute(f"{_OBJECT} WHERE {' AND '.join(where)} ORDER BY objects.id LIMIT ?", (*values, limit))
    return [ObjectRow.of(row) for row in rows]


def votes(
    db: sqlite3.Connection, ids: Iterable[int] | None, role: Role | None, packed: Packed | None = None
) -> dict[int, list[Vote]]:
    """Every object's current answers, in the order in which they came. `packed`: `TaskType.packed`, where many are held."""
    sql = (
        "SELECT object, worker, answer, answered, marks.seconds, accepted FROM marks JOIN objects ON id = object"
        " WHERE answer IS NOT NULL"
    )
    if role is not None:
        sql += f" AND role = {ROLES.index(role)}"
    found: dict[int, list[Vote]] = {}
    # Of classification there are a few different answers: nobody changes them, so each is parsed once.
    parsed: dict[str, Answer] = {}
    for thing, worker, text, answered, seconds, accepted in _some(
        db, sql, "object", ids, "ORDER BY object, seq"
    ):
        answer = parsed.get(text)
        if answer is None:
            answer = _answer(text, packed)
            if len(text) <= _SHORT and len(parsed) < _FEW:
                parsed[text] = answer
        vote = Vote(worker, answer, answered, seconds, accepted)
        cast = found.get(thing)
        if cast is None:
            found[thing] = [vote]
        else:
            cast.append(vote)
    return found


def known(
    db: sqlite3.Connection, kind: str, ids: Iterable[int] | None, packed: Packed | None = None
) -> dict[int, tuple[Answer, float | None, str]]:
    sql = f"SELECT * FROM known WHERE kind = '{kind}'"
    return {
        row["object"]: (_answer(row["answer"], packed), row["confidence"], row["origin"])
        for row in _some(db, sql, "object", ids)
    }


def machine(db: sqlite3.Connection, ids: Iterable[int] | None) -> dict[int, tuple[Answer, float]]:
    rows = _some(db, "SELECT * FROM machine WHERE 1", "object", ids)
    return {row["object"]: (json.loads(row["answer"]), row["confidence"]) for row in rows}


def decisions(db: sqlite3.Connection, packed: Packed) -> dict[int, Vote]:
    rows = db.execute(
        "SELECT objects.id, worker, body, time, seconds FROM objects JOIN events ON seq = decided WHERE decided IS NOT NULL"
    )
    return {
        row["id"]: Vote(row["worker"], packed(json.loads(row["body"])["answer"]), row["time"], row["seconds"])
        for row in rows
    }


def verdicts(db: sqlite3.Connection, task: TaskType, settings: JobSettings) -> dict[int, Verdict]:
    """Human verdicts and machine labels of all items. A decision of the owner counts as the only vote there is."""
    answers = votes(db, None, None, task.packed)
    decided = decisions(db, task.packed)
    for thing, decision in decided.items():
        answers[thing] = [decision]
    gold = {thing: answer for thing, (answer, _, _) in known(db, "gold", None, task.packed).items()}
    items = {thing: cast for thing, cast in answers.items() if thing not in gold}
    found = task.consolidate(answers, Things(db, settings), settings, gold) if items else {}
    found = {thing: verdict for thing, verdict in found.items() if thing not in gold}
    for thing, (answer, confidence) in machine(db, None).items():
        if thing not in decided:
            found[thing] = Verdict(answer, confidence)
    return found


def review_queue(db: sqlite3.Connection, n: int, have: Collection[int]) -> list[int]:
    """Objects on which the owner has to decide, beyond those in `have`."""
    rows = db.execute(
        "SELECT id FROM objects INDEXED BY objects_review WHERE review > 0 ORDER BY id LIMIT ?",
        (n + len(have),),
    )
    return [row[0] for row in rows if row[0] not in have][:n]


def history(db: sqlite3.Connection, worker: str, before: int | None, n: int) -> list[tuple[int, int]]:
    """(object, event) of what the person answered or skipped, newest first."""
    rows = db.execute(
        "SELECT object, seq FROM marks INDEXED BY marks_history WHERE worker = ? AND seq IS NOT NULL AND seq < ?"
        " ORDER BY seq DESC LIMIT ?",
        (worker, 2**62 if before is None else before, n),
    )
    return [(row[0], row[1]) for row in rows]


def comments(db: sqlite3.Connection, thing: int) -> list[dict[str, str]]:
    rows = db.execute(
        "SELECT worker, comment FROM marks WHERE object = ? AND flagged = 1 AND comment IS NOT NULL", (thing,)
    )
    return [{"worker": row[0], "comment": row[1]} for row in rows]


def touched_by(db: sqlite3.Connection, seq: int) -> list[int]:
    """The objects of the deeds that an undo or a redo turned."""
    row = db.execute("SELECT body FROM events WHERE seq = ?", (seq,)).fetchone()
    body = json.loads(row[0])
    deeds = body.get("undoes") or body.get("redoes") or []
    return [
        thing for deed in deeds for (thing,) in db.execute("SELECT object FROM events WHERE seq = ?", (deed,))
    ]


def events(
    db: sqlite3.Connection, after: int, limit: int, worker: str | None, thing: int | None
) -> list[Event]:
    where: list[str] = ["seq > ?"]
    values: list[int | str] = [after]
    if worker is not None:
        where.append("worker = ?")
        values.append(worker)
    if thing is not None:
        where.append("object = ?")
        values.append(thing)
    rows = db.execute(
        f"SELECT * FROM events WHERE {' AND '.join(where)} ORDER BY seq LIMIT ?", (*values, limit)
    )
    return [Event.of(row) for row in rows]


def states(db: sqlite3.Connection) -> dict[int, State]:
    return {row[0]: STATES[row[1]] for row in db.execute("SELECT id, state FROM objects WHERE role = 0")}


def batch_of(db: sqlite3.Connection) -> dict[int, int]:
    rows = db.execute("SELECT id, batch FROM objects WHERE role = 0 AND batch > 0")
    return {row[0]: row[1] for row in rows}


def batches(db: sqlite3.Connection) -> list[Batch]:
    return [
        Batch(row["id"], row["purpose"], row["size"], row["opened"], row["closed"], json.loads(row["facts"]))
        for row in db.execute("SELECT * FROM batches ORDER BY id")
    ]


def gold(db: sqlite3.Connection, task: TaskType) -> dict[str, tuple[int, int]]:
    """(right, of) of everybody who answered gold items; right: nearer to the known answer than to anything else."""
    truth = known(db, "gold", None, task.packed)
    counts: dict[str, tuple[int, int]] = {}
    for thing, cast in votes(db, None, "gold", task.packed).items():
        for vote in cast:
            right, of = counts.get(vote.worker, (0, 0))
            is_right = task.distance(vote.answer, truth[thing][0]) <= 0.5
            counts[vote.worker] = (right + is_right, of + 1)
    return counts


class Things(Mapping[int, DataObject]):
    """The objects of a job by number, each read when somebody asks for it."""

    def __init__(self, db: sqlite3.Connection, settings: JobSettings) -> None:
        self._db = db
        self._known: dict[int, DataObject] = {}
        self._prelabels: dict[int, tuple[Answer, float | None, str]] = {}
        if settings.mode != "label":
            from clary.labeling import tasks

            self._prelabels = known(db, "prelabel", None, tasks.find(settings.task).packed)

    def __getitem__(self, thing: int) -> DataObject:
        if thing not in self._known:
            found = one(self._db, thing)
            if found is None:
                raise KeyError(thing)
            looked_at = self._prelabels.get(thing)
            self._known[thing] = replace(found.thing, prelabel=looked_at[0]) if looked_at else found.thing
        return self._known[thing]

    def __iter__(self) -> Iterator[int]:
        return iter([row[0] for row in self._db.execute("SELECT id FROM objects ORDER BY id")])

    def __len__(self) -> int:
        (count,) = self._db.execute("SELECT count(*) FROM objects").fetchone()
        return int(count)


def _answer(text: str, packed: Packed | None) -> Answer:
    answer: Answer = json.loads(text)
    return answer if packed is None else packed(answer)


def _some(
    db: sqlite3.Connection, sql: str, column: str, ids: Iterable[int] | None, order: str = ""
) -> Iterator[sqlite3.Row]:
    """The rows of all objects, or of these, a few hundred at a time."""
    if ids is None:
        yield from db.execute(f"{sql} {order}")
        return
    wanted = list(ids)
    for first in range(0, len(wanted), 500):
        some = wanted[first : first + 500]
        marks = ",".join("?" * len(some))
        yield from db.execute(f"{sql} AND {column} IN ({marks}) {order}", some)
