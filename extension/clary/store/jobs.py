"""Rows of jobs, attempts and transitions: the runner's memory.

`state` is the runner's own (queued, running, settling, done); `status` and `secondary` are SageMaker's words for people.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clary.store.database import Store

# The first half lets SQLite use the index of unfinished jobs.
_DUE = "state != 'done' AND state = 'queued' AND not_before <= ?"


@dataclass(frozen=True)
class Job:
    """One supervised piece of work. Times are seconds since the epoch."""

    id: int
    kind: str
    name: str
    state: str
    status: str
    secondary: str
    spec: dict[str, Any]
    attempt: int
    max_attempts: int
    cpus: float
    memory_mb: int
    gpus: int
    gpu_list: tuple[int, ...]
    created: float
    not_before: float
    started: float | None
    ended: float | None
    stop_requested: float | None
    failure_reason: str
    result: dict[str, Any]
    give_up_at: float | None = None


@dataclass(frozen=True)
class Transition:
    """One line of SecondaryStatusTransitions."""

    status: str
    message: str
    start: float
    end: float | None


@dataclass(frozen=True)
class Waiting:
    """As much of a queued job as the scheduler must know."""

    id: int
    cpus: float
    memory_mb: int
    gpus: int
    created: float


@dataclass(frozen=True)
class AttemptRow:
    """One attempt at a job. `outcome`: empty while it runs, else exited | crashed (and to be restarted) | interrupted | lost |
    unstarted;
    `phases`: bytes of its phases that are transitions already."""

    number: int
    claimed: float
    ended: float | None
    outcome: str
    phases: int


class Jobs:
    def __init__(self, store: Store) -> None:
        self._store = store

    def create(
        self,
        kind: str,
        name: str,
        spec: dict[str, Any],
        *,
        cpus: float,
        memory_mb: int,
        gpus: int,
        max_attempts: int = 1,
        max_wait_s: float | None = None,
    ) -> Job:
        """Queue a job. Raises sqlite3.IntegrityError when (kind, name) is taken."""
        now = time.time()
        give_up_at = None if max_wait_s is None else now + max_wait_s
        with self._store.transaction() as db:
            row = db.execute(
                "INSERT INTO jobs (kind, name, spec, cpus, memory_mb, gpus, max_attempts, created, give_up_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
                (kind, name, json.dumps(spec), cpus, memory_mb, gpus, max_attempts, now, give_up_at),
            ).fetchone()
            self._store.changed(kind, name, "created")
        return _job(row)

    def get(self, job_id: int) -> Job | None:
        row = self._store.read().execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return None if row is None else _job(row)

    def find(self, kind: str, name: str) -> Job | None:
        row = (
            self._store.read()
            .execute("SELECT * FROM jobs WHERE kind = ? AND name = ?", (kind, name))
            .fetchone()
        )
        return None if row is None else _job(row)

    def in_states(self, *states: str, limit: int = -1) -> list[Job]:
        """Jobs in any of these states, oldest first; reads only the index of unfinished jobs."""
        marks = ", ".join("?" * len(states))
        rows = self._store.read().execute(
            f"SELECT * FROM jobs WHERE state != 'done' AND state IN ({marks}) ORDER BY id LIMIT ?",
            (*states, limit),
        )
        return [_job(row) for row in rows]

    def update(self, job_id: int, **columns: Any) -> Job:
        """Set columns of a job's row; `result` and `gpu_list` are given as Python values."""
        for name in ("result", "gpu_list", "spec"):
            if name in columns:
                columns[name] = json.dumps(columns[name])
        assignments = ", ".join(f"{name} = ?" for name in columns)
        with self._store.transaction() as db:
            row = db.execute(
                f"UPDATE jobs SET {assignments} WHERE id = ? RETURNING *", (*columns.values(), job_id)
            ).fetchone()
            job = _job(row)
            self._store.changed(job.kind, job.name, "updated")
            if columns.get("state") in ("queued", "settling"):  # there is something to do for engines
                self._store.changed(job.kind, job.name, columns["state"])
        return job

    def any_due(self, now: float) -> bool:
        """Whether a queued job may start now, were there room."""
        return (
            self._store.read().execute(f"SELECT 1 FROM jobs WHERE {_DUE} LIMIT 1", (now,)).fetchone()
            is not None
        )

    def any_fits(
        self, now: float, free: tuple[float, int, int], all_there_is: tuple[float, int, int]
    ) -> bool:
        """Whether a queued job may start now that needs no more (cpus, memory_mb, gpus) than is free. One that needs more than
        there is at all is content with that."""
        fits = " AND ".join(f"({name} = 0 OR min({name}, ?) <= ?)" for name in ("cpus", "memory_mb", "gpus"))
        bounds = [bound for pair in zip(all_there_is, free, strict=True) for bound in pair]
        query = f"SELECT 1 FROM jobs WHERE {_DUE} AND {fits} LIMIT 1"
        return self._store.read().execute(query, (now, *bounds)).fetchone() is not None

    def due(self, now: float) -> Iterator[Waiting]:
        """Queued jobs that may start now: first those that need nothing, then the others, each oldest first."""
        for condition in (
            "cpus = 0 AND memory_mb = 0 AND gpus = 0",
            "(cpus > 0 OR memory_mb > 0 OR gpus > 0)",
        ):
            # Fetched at once, for the caller changes these very rows; what is beyond the limit has its turn later.
            query = f"SELECT id, cpus, memory_mb, gpus, created FROM jobs WHERE {_DUE} AND {condition}"
            for row in self._store.read().execute(f"{query} ORDER BY id LIMIT 256", (now,)).fetchall():
                yield Waiting(*row)

    def next_delayed(self, now: float) -> float | None:
        """When the next of those queued jobs that have to wait for their time may start; None when there is none."""
        row = (
            self._store.read()
            .execute(
                "SELECT min(not_before) FROM jobs WHERE state != 'done' AND state = 'queued' AND not_before > ?",
                (now,),
            )
            .fetchone()
        )
        value: float | None = row[0]
        return value

    def given_up(self, now: float) -> list[Job]:
        """Queued jobs that have waited for longer than they may."""
        rows = self._store.read().execute(
            "SELECT * FROM jobs WHERE give_up_at <= ? AND give_up_at IS NOT NULL AND state != 'done'"
            " AND state = 'queued'",
            (now,),
        )
        return [_job(row) for row in rows]

    def any_active(self) -> bool:
        """Whether any job is not done."""
        return (
            self._store.read().execute("SELECT 1 FROM jobs WHERE state != 'done' LIMIT 1").fetchone()
            is not None
        )

    def occupied(self) -> tuple[tuple[float, int, int], frozenset[int]]:
        """What running jobs hold together (cpus, memory_mb, gpus), and which GPUs."""
        rows = self._store.read().execute(
            "SELECT cpus, memory_mb, gpus, gpu_list FROM jobs WHERE state != 'done' AND state = 'running'"
        )
        cpus, memory_mb, gpus, taken = 0.0, 0, 0, set[int]()
        for row in rows:
            cpus, memory_mb, gpus = cpus + row["cpus"], memory_mb + row["memory_mb"], gpus + row["gpus"]
            taken.update(json.loads(row["gpu_list"]))
        return (cpus, memory_mb, gpus), frozenset(taken)

    def claim(self, job_id: int, gpu_list: Iterable[int]) -> Job:
        """A queued job's next attempt begins. Inside the scheduler's transaction."""
        with self._store.transaction() as db:
            row = db.execute(
                "UPDATE jobs SET state = 'running', attempt = attempt + 1, gpu_list = ?"
                " WHERE id = ? AND state = 'queued' RETURNING *",
                (json.dumps(list(gpu_list)), job_id),
            ).fetchone()
            db.execute(
                "INSERT INTO attempts (job_id, number, claimed) VALUES (?, ?, ?)",
                (job_id, row["attempt"], time.time()),
            )
            self._store.changed(row["kind"], row["name"], "updated")
        return _job(row)

    def attempts(self, job_id: int) -> list[AttemptRow]:
        """All attempts, the first one first."""
        rows = self._store.read().execute(
            "SELECT number, claimed, ended, outcome, phases FROM attempts WHERE job_id = ? ORDER BY number",
            (job_id,),
        )
        return [AttemptRow(*row) for row in rows]

    def update_attempt(self, job_id: int, number: int, **columns: Any) -> None:
        assignments = ", ".join(f"{name} = ?" for name in columns)
        with self._store.transaction() as db:
            db.execute(
                f"UPDATE attempts SET {assignments} WHERE job_id = ? AND number = ?",
                (*columns.values(), job_id, number),
            )

    def set_status(
        self,
        job_id: int,
        *,
        status: str | None = None,
        secondary: str | None = None,
        message: str = "",
        at: float | None = None,
    ) -> None:
        """Change what people see. A new `secondary` (or a new message for it) becomes a transition; `status` is copied to the
        document of the same kind and name, so that lists can filter by it."""
        now = time.time() if at is None else at
        with self._store.transaction() as db:
            row = db.execute(
                "UPDATE jobs SET status = coalesce(?, status), secondary = coalesce(?, secondary)"
                " WHERE id = ? RETURNING kind, name",
                (status, secondary, job_id),
            ).fetchone()
            if row is None:
                return
            if secondary is not None:
                self._transit(db, job_id, secondary, message, now)
            db.execute(
                "UPDATE documents SET status = coalesce(?, status), modified = ? WHERE kind = ? AND name = ?",
                (status, now, row["kind"], row["name"]),
            )
            self._store.changed(row["kind"], row["name"], "status")

    def transitions(self, job_id: int) -> list[Transition]:
        rows = self._store.read().execute("SELECT * FROM transitions WHERE job_id = ? ORDER BY id", (job_id,))
        return [Transition(row["status"], row["message"], row["started"], row["ended"]) for row in rows]

    def delete(self, job_ids: Iterable[int]) -> None:
        with self._store.transaction() as db:
            for job_id in job_ids:
                for table, column in (("transitions", "job_id"), ("attempts", "job_id"), ("jobs", "id")):
                    db.execute(f"DELETE FROM {table} WHERE {column} = ?", (job_id,))

    def _transit(self, db: sqlite3.Connection, job_id: int, status: str, message: str, now: float) -> None:
        last = db.execute(
            "SELECT * FROM transitions WHERE job_id = ? ORDER BY id DESC LIMIT 1", (job_id,)
        ).fetchone()
        if last is not None and last["status"] == status and last["ended"] is None:
            if message:  # the same phase tells more
                db.execute("UPDATE transitions SET message = ? WHERE id = ?", (message, last["id"]))
            return
        db.execute("UPDATE transitions SET ended = ? WHERE job_id = ? AND ended IS NULL", (now, job_id))
        final = status in ("Completed", "Failed", "Stopped", "MaxRuntimeExceeded", "MaxWaitTimeExceeded")
        db.execute(
            "INSERT INTO transitions (job_id, status, message, started, ended) VALUES (?, ?, ?, ?, ?)",
            (job_id, status, message, now, now if final else None),
        )


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    for name in ("spec", "result"):
        values[name] = json.loads(values[name])
    values["gpu_list"] = tuple(json.loads(values["gpu_list"]))
    return Job(**values)
