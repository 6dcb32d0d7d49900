"""Looking at a labeling job: what there is, what people said, how far it is."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, DataObject, TaskType, Verdict, Vote
from clary.labeling.work import course, progress, reading
from clary.labeling.work.database import Database, counters, get
from clary.labeling.work.errors import SessionError
from clary.labeling.work.rows import Batch, Event, ObjectRow, Purpose, Role, State


class Looking:
    """The reading half of `Work`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.settings = JobSettings.from_json(get(database.read(), "settings"))
        self._verdicts: tuple[tuple[int, int], dict[int, Verdict]] | None = None

    @property
    def folder(self) -> Path:
        return self.database.path.parent

    @cached_property
    def task(self) -> TaskType:
        from clary.labeling import tasks

        return tasks.of(self.settings)

    @property
    def status(self) -> course.Status:
        status: course.Status = get(self.database.read(), "status")
        return status

    def counters(self) -> dict[str, int]:
        """AWS's LabelCounters."""
        return progress.label_counters(counters(self.database.read()))

    def progress(self, worker: str, owner: bool = False) -> dict[str, Any]:
        """How far the job and the person are; see the canvas' protocol. Costs the same for any size of job."""
        return progress.of(self.database.read(), self.settings, worker, owner, time.time())

    def objects(
        self, after: int = -1, limit: int = 1000, state: State | None = None, role: Role | None = "item"
    ) -> list[ObjectRow]:
        """Objects with numbers above `after`, in order."""
        return reading.objects(self.database.read(), after, limit, state, role)

    def all_objects(self, state: State | None = None, role: Role | None = "item") -> Iterator[ObjectRow]:
        """All objects in order, read piece by piece."""
        after = -1
        while rows := self.objects(after, 5000, state, role):
            yield from rows
            after = rows[-1].id

    def object(self, thing: int) -> ObjectRow:
        """Raises SessionError when there is none."""
        found = reading.one(self.database.read(), thing)
        if found is None:
            raise SessionError("NotFound", f"This job has no item {thing}.")
        return found

    def votes(self, ids: Iterable[int] | None = None, role: Role | None = "item") -> dict[int, list[Vote]]:
        """The answers that hold, of objects that have any; undone ones are not among them. `ids` None: of all objects, packed
        (see `TaskType.packed`)."""
        return reading.votes(self.database.read(), ids, role, self.task.packed if ids is None else None)

    def known(
        self, kind: str, ids: Iterable[int] | None = None
    ) -> dict[int, tuple[Answer, float | None, str]]:
        """What is known of objects beforehand: (answer, confidence, origin). Kinds: see `schema`. `ids` as for `votes`."""
        return reading.known(self.database.read(), kind, ids, self.task.packed if ids is None else None)

    def decisions(self) -> dict[int, Vote]:
        """The owner's final answers of the review queue, by object; packed."""
        return reading.decisions(self.database.read(), self.task.packed)

    def machine(self, ids: Iterable[int] | None = None) -> dict[int, tuple[Answer, float]]:
        """What the machine has labelled: (answer, confidence)."""
        return reading.machine(self.database.read(), ids)

    def verdicts(self, ids: Iterable[int] | None = None) -> dict[int, Verdict]:
        """What the votes amount to, of every object that has any, and the machine's labels. Recomputed when votes changed."""
        db = self.database.read()
        (machines,) = db.execute("SELECT count(*) FROM machine").fetchone()
        state = (course.last_event(db), machines)
        if self._verdicts is None or self._verdicts[0] != state:
            self._verdicts = (state, reading.verdicts(db, self.task, self.settings))
        every = self._verdicts[1]
        return dict(every) if ids is None else {thing: every[thing] for thing in ids if thing in every}

    def events(
        self, after: int = 0, limit: int = 1000, worker: str | None = None, object: int | None = None
    ) -> list[Event]:
        """The audit trail: what people did, in order, from behind the event `after`."""
        return reading.events(self.database.read(), after, limit, worker, object)

    def review_queue(self, n: int, have: Collection[int] = ()) -> list[int]:
        """Objects on which the owner has to decide."""
        return reading.review_queue(self.database.read(), n, have)

    def history(self, worker: str, before: int | None, n: int) -> list[tuple[int, int]]:
        """(object, event) of what a person answered or skipped, newest first."""
        return reading.history(self.database.read(), worker, before, n)

    def comments(self, thing: int) -> list[dict[str, str]]:
        """What people said when they flagged the object."""
        return reading.comments(self.database.read(), thing)

    def touched_by(self, seq: int) -> list[int]:
        """The objects that an undo or a redo concerned."""
        return reading.touched_by(self.database.read(), seq)

    def mark(self, worker: str, thing: int) -> sqlite3.Row | None:
        """What there is between a person and an object: a row of `marks`."""
        row: sqlite3.Row | None = (
            self.database.read()
            .execute("SELECT * FROM marks WHERE object = ? AND worker = ?", (thing, worker))
            .fetchone()
        )
        return row

    def was_given(self, worker: str, thing: int) -> bool:
        return self.mark(worker, thing) is not None

    def purpose(self, batch: int) -> Purpose | None:
        """What a batch is for; None: there is none of this number."""
        row = self.database.read().execute("SELECT purpose FROM batches WHERE id = ?", (batch,)).fetchone()
        return None if row is None else row[0]

    def thing(self, row: ObjectRow) -> DataObject:
        """The object as task types want it."""
        if self.settings.mode == "label":
            return row.thing
        looked_at = self.known("prelabel", [row.id]).get(row.id)
        return row.thing if looked_at is None else replace(row.thing, prelabel=looked_at[0])

    def things(self) -> Mapping[int, DataObject]:
        """All objects, each read when it is asked for."""
        return reading.Things(self.database.read(), self.settings)

    def counts(self) -> dict[str, int]:
        """The kept counters: total, gold, review, and one for each state."""
        return counters(self.database.read())

    def states(self) -> dict[int, State]:
        """Every item's state."""
        return reading.states(self.database.read())

    def batch_of(self) -> dict[int, int]:
        """The batch in which each item was opened."""
        return reading.batch_of(self.database.read())

    def batches(self) -> list[Batch]:
        return reading.batches(self.database.read())

    def gold(self) -> dict[str, tuple[int, int]]:
        """How each person did on gold items: (right, of)."""
        return reading.gold(self.database.read(), self.task)

    def fact(self, key: str, default: Any = None) -> Any:
        """Something that a step left: certificate, automatic, output, reason, ..."""
        return get(self.database.read(), key, default)

    def due(self) -> course.Due | None:
        """The step that the job needs now."""
        return course.due(self.database.read(), self.settings)
