"""A labeling job's own memory: its objects, who works on which, what they answered, and how far it is."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from clary.home import Home
from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, DataObject, TaskType, Verdict, Vote
from clary.labeling.work import assignment, course, filling, progress, reading, recording, undoing
from clary.labeling.work.database import Database, counters, get, put
from clary.labeling.work.errors import SessionError, WorkError
from clary.labeling.work.recording import Act
from clary.labeling.work.rows import Batch, Event, NewObject, ObjectRow, Purpose, Role, State
from clary.labeling.work.rules import Rules

# Whatever share of gold items is asked for: people are there to label.
_MOST_GOLD = 0.5


def folder_of(home: Home, name: str) -> Path:
    """Where the labeling job keeps its files."""
    return home.root / "labeling" / name.lower()


class Work:
    """One labeling job. Every method may be called from many threads and processes at once; what a person did is on the disk
    when the method returns."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.settings = JobSettings.from_json(get(database.read(), "settings"))
        self._secret: str = get(database.read(), "secret")
        self._verdicts: tuple[tuple[int, int], dict[int, Verdict]] | None = None

    @classmethod
    def create(cls, home: Home, settings: JobSettings) -> Work:
        """Make the job's folder and database. Raises WorkError when there is one of this name."""
        meta = {
            "settings": settings.to_json(),
            "secret": secrets.token_hex(16),
            "status": "Initializing",
            "created": time.time(),
        }
        path = folder_of(home, settings.name) / "job.db"
        try:
            Database.create(path, meta)
        except FileExistsError:
            raise WorkError(f"There is a labeling job named {settings.name} already.") from None
        with _lock:  # an inode may come again: forget what was there before
            for key in [key for key in _open if key[1] == str(path)]:
                del _open[key]
        return cls.open(home, settings.name)

    @classmethod
    def open(cls, home: Home, name: str) -> Work:
        """The job of this name; one object a process. Raises WorkError when there is none."""
        path = folder_of(home, name) / "job.db"
        try:
            inode = os.stat(path).st_ino
        except OSError:
            raise WorkError(f"There is no labeling job named {name}.") from None
        key = (os.getpid(), str(path), inode)
        with _lock:
            work = _open.get(key)
            if work is None:
                work = _open[key] = cls(Database(path))
        return work

    @property
    def folder(self) -> Path:
        return self.database.path.parent

    @cached_property
    def task(self) -> TaskType:
        from clary.labeling import tasks

        return tasks.of(self.settings)

    @cached_property
    def rules(self) -> Rules:
        settings = self.settings
        return Rules(
            workers=settings.workers_per_object,
            lease_s=settings.task_time_limit_s,
            max_concurrent=settings.max_concurrent,
            gold_share=min(_MOST_GOLD, settings.gold.share) if settings.gold else 0.0,
            secret=self._secret,
            review_below=settings.review_below,
            distance=self.task.distance if settings.review_below is not None else None,
        )

    # What people do

    def next(self, worker: str, n: int = 1, have: Collection[int] = ()) -> list[int]:
        """Objects for a person to work on, leased to them: up to `n` beyond those that they `have`."""
        with self.database.transaction(durable=False) as db:
            self._must_run(db)
            return assignment.next_objects(db, worker, n, have, self.rules, time.time())

    def record(self, *acts: Act) -> list[int]:
        """Record what a person did, all of it or nothing; returns the events' numbers. Several acts are undone together.
        An act whose nonce is known is not done again. Raises SessionError."""
        with self.database.transaction() as db:
            known = [recording.known_nonce(db, act.worker, act.nonce) for act in acts]
            if all(row is not None for row in known):  # also when the job has ended meanwhile
                return [int(row["seq"]) for row in known if row is not None]
            after = all(act.action == "review" for act in acts)
            self._must_run(db, after_the_end=after)
            seqs: list[int] = []
            for act in acts:
                part = seqs[0] if seqs else 0
                act = act if act.part or not part else Act(**{**act.__dict__, "part": part})
                seqs.append(recording.record(db, act, self.rules, time.time()))
            self._note(db, after)
        return seqs

    def undo(self, worker: str, nonce: str) -> tuple[int, int]:
        """Take back the person's last deed; returns (event, object)."""
        with self.database.transaction() as db:
            self._must_run(db)
            return undoing.undo(db, worker, nonce, self.rules, time.time())

    def redo(self, worker: str, nonce: str) -> tuple[int, int]:
        with self.database.transaction() as db:
            self._must_run(db)
            done = undoing.redo(db, worker, nonce, self.rules, time.time())
            self._note(db, False)
        return done

    def draft(self, worker: str, thing: int, answer: Any) -> None:
        """Keep unfinished work. Raises SessionError when the person does not hold the object."""
        with self.database.transaction() as db:
            found = db.execute(
                "UPDATE marks SET draft = ? WHERE object = ? AND worker = ? AND (until > 0 OR seq IS NOT NULL)",
                (None if answer is None else recording.encode(answer), thing, worker),
            )
            if found.rowcount == 0:
                raise SessionError("NotYours", "This item was not given to you.")

    def renew(self, worker: str, thing: int) -> float:
        """Give the person more time; returns until when. Raises SessionError when the object is no longer theirs."""
        with self.database.transaction() as db:
            self._must_run(db)
            return assignment.renew(db, worker, thing, self.rules, time.time())

    def release(self, worker: str, thing: int) -> None:
        """Take the object back from the person, who gets it again later."""
        with self.database.transaction() as db:
            assignment.release(db, worker, thing, self.rules)

    # What there is

    @property
    def status(self) -> course.Status:
        status: course.Status = get(self.database.read(), "status")
        return status

    def counters(self) -> dict[str, int]:
        """AWS's LabelCounters."""
        return progress.label_counters(counters(self.database.read()))

    def progress(self, worker: str, owner: bool = False) -> dict[str, Any]:
        """How far the job and the person are; see the canvas' protocol. Costs the same for any size of job."""
        return progress.of(self.database.read(), self.settings, self.rules, worker, owner, time.time())

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
        """The answers that hold, of objects that have any; undone ones are not among them."""
        return reading.votes(self.database.read(), ids, role)

    def known(
        self, kind: str, ids: Iterable[int] | None = None
    ) -> dict[int, tuple[Answer, float | None, str]]:
        """What is known of objects beforehand: (answer, confidence, origin). Kinds: prelabel, gold, earlier, model."""
        return reading.known(self.database.read(), kind, ids)

    def decisions(self) -> dict[int, tuple[str, Answer]]:
        """The owner's final answers of the review queue: object to (who decided, answer)."""
        return reading.decisions(self.database.read())

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

    # What steps do

    def add(self, things: Iterable[NewObject]) -> int:
        """Append objects; returns how many there are now."""
        with self.database.transaction() as db:
            return filling.insert(db, things, self.settings.workers_per_object)

    def start(self) -> None:
        """All objects are in: the job is in progress, and without automatic labels everything is open to people."""
        with self.database.transaction() as db:
            if get(db, "status") != "Initializing":
                return
            filling.shuffle_gold(db, self._secret)
            if self.settings.automatic is None:
                filling.open_batch(db, "label", None, {}, time.time())
            put(db, "opened", time.time())
            put(db, "status", "InProgress")

    def open_batch(self, purpose: Purpose, ids: Sequence[int] | None, **facts: Any) -> int:
        with self.database.transaction() as db:
            return filling.open_batch(db, purpose, ids, facts, time.time())

    def due(self) -> course.Due | None:
        """The step that the job needs now."""
        return course.due(self.database.read(), self.settings)

    def set(self, **facts: Any) -> None:
        with self.database.transaction() as db:
            for key, value in facts.items():
                put(db, key, value)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """For steps, which change several things at once."""
        with self.database.transaction() as db:
            yield db

    def close(self) -> None:
        """Close this thread's connection; it opens again when needed."""
        self.database.close()

    def _note(self, db: sqlite3.Connection, after_the_end: bool) -> None:
        if get(db, "status") == "InProgress":
            course.conclude(db, self.settings)
        elif after_the_end:
            put(db, "again", True)  # the output is written once more

    def _must_run(self, db: sqlite3.Connection, after_the_end: bool = False) -> None:
        status: course.Status = get(db, "status")
        if status == "Initializing":
            raise SessionError("NotReady", "The job is being prepared. It takes a moment.", retry=True)
        ended = status != "InProgress" or course.is_expired(db, self.settings, time.time())
        if ended and not (after_the_end and status in ("InProgress", "Completed", "Stopped")):
            words = {"Completed": "is complete", "Failed": "has failed", "InProgress": "is over"}
            raise SessionError(
                "JobEnded", f"This job {words.get(status, 'was stopped')}. Thank you for your work."
            )


_open: dict[tuple[int, str, int], Work] = {}
_lock = threading.Lock()


def _forget() -> None:
    """After a fork: connections and locks are the parent's."""
    global _lock
    _lock = threading.Lock()
    _open.clear()


os.register_at_fork(after_in_child=_forget)
