"""A labeling job's own memory: its objects, who works on which, what they answered, and how far it is."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from clary.home import Home
from clary.labeling.settings import JobSettings
from clary.labeling.work import assignment, course, filling, recording, undoing
from clary.labeling.work.database import Database, get, put
from clary.labeling.work.distances import Distances
from clary.labeling.work.errors import SessionError, WorkError
from clary.labeling.work.looking import Looking
from clary.labeling.work.recording import Act
from clary.labeling.work.rows import NewObject, Purpose
from clary.labeling.work.rules import Rules

# Whatever share of gold items is asked for: people are there to label.
_MOST_GOLD = 0.5
# So long after a job's end people may change what they answered; its output is then written once more.
_MENDED_FOR_S = 3_600.0
# A job that is open has three files for each thread that looked at it, and a process may often have no more than 1,024.
_MOST_OPEN = 16


def folder_of(home: Home, name: str) -> Path:
    """Where the labeling job keeps its files."""
    return home.root / "labeling" / name.lower()


class Work(Looking):
    """One labeling job. Every method may be called from many threads and processes at once; what a person did is on the disk
    when the method returns."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._secret: str = get(database.read(), "secret")

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
        """The job of this name; the process shares the object while it is among those used last. Raises WorkError when there is
        no such job."""
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
                while len(_open) > _MOST_OPEN:
                    _open.popitem(last=False)  # its connections close when nobody uses it any more
            _open.move_to_end(key)
        return work

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
            distances=Distances(self.task.distance) if settings.review_below is not None else None,
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
        self._compare(acts)
        with self.database.transaction() as db:
            known = [recording.known_nonce(db, act.worker, act.nonce) for act in acts]
            if all(row is not None for row in known):  # also when the job has ended meanwhile
                return [int(row["seq"]) for row in known if row is not None]
            review = all(act.action == "review" for act in acts)
            # The last answers of a job are mistaken as often as others, and it ends with them.
            mended = all(act.action == "answer" and act.revise for act in acts) and self._ended_lately(db)
            after = review or mended
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
        """Take the object back from the person, who gets it again later. Raises SessionError when the person does not have it."""
        with self.database.transaction() as db:
            assignment.release(db, worker, thing, self.rules)

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
            put(db, "prepared", True)
            filling.shuffle_gold(db, self._secret)
            if self.settings.automatic is None:
                filling.open_batch(db, "label", None, {}, time.time())
            put(db, "opened", time.time())
            put(db, "status", "InProgress")

    def open_batch(self, purpose: Purpose, ids: Sequence[int] | None, **facts: Any) -> int:
        with self.database.transaction() as db:
            return filling.open_batch(db, purpose, ids, facts, time.time())

    def set(self, **facts: Any) -> None:
        with self.database.transaction() as db:
            for key, value in facts.items():
                put(db, key, value)

    def retry(self) -> bool:
        """Make due again what failed; False where nothing did: see `course.retry`."""
        with self.database.transaction() as db:
            return course.retry(db)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """For steps, which change several things at once."""
        with self.database.transaction() as db:
            yield db

    def close(self) -> None:
        """Close this thread's connection; it opens again when needed."""
        self.database.close()

    def _compare(self, acts: Sequence[Act]) -> None:
        if self.rules.distances is not None:
            for act in acts:
                if act.action == "answer":
                    answer = recording.encode(act.answer)
                    self.rules.distances.prepare(self.database.read(), act.object, act.worker, answer)

    def _note(self, db: sqlite3.Connection, after_the_end: bool) -> None:
        if get(db, "status") == "InProgress":
            course.conclude(db, self.settings)
        elif after_the_end:
            put(db, "again", True)  # the output is written once more

    def _ended_lately(self, db: sqlite3.Connection) -> bool:
        ended: float | None = get(db, "ended")
        return ended is None or time.time() < ended + _MENDED_FOR_S

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


_open: OrderedDict[tuple[int, str, int], Work] = OrderedDict()
_lock = threading.Lock()


def _forget() -> None:
    """After a fork: connections and locks are the parent's."""
    global _lock
    _lock = threading.Lock()
    _open.clear()


os.register_at_fork(after_in_child=_forget)
