"""The course of a job: what is to be done next follows from its database alone, so any process may look, and do it."""

from __future__ import annotations

import sqlite3
import time
from typing import Literal

from clary.labeling.settings import JobSettings
from clary.labeling.work.database import counters, get, put

Status = Literal["Initializing", "InProgress", "Stopping", "Stopped", "Completed", "Failed"]
Due = Literal["prepare", "advance", "refresh", "finish"]

ENDED: tuple[Status, ...] = ("Stopped", "Completed", "Failed")

# How often the intermediate output is rewritten at most, and how much of the time that may take.
_REFRESH_S = 10.0
_REFRESH_SHARE = 0.05


def due(db: sqlite3.Connection, settings: JobSettings, now: float | None = None) -> Due | None:
    """The step that the job needs now, or None: it waits for people, or has ended."""
    status: Status = get(db, "status")
    now = time.time() if now is None else now
    if now < get(db, "retry_at", 0.0):
        return None
    if status in ENDED:
        return "finish" if get(db, "again", False) and status != "Failed" else None
    if status == "Initializing":
        return "prepare"
    if status == "Stopping" or is_expired(db, settings, now):
        return "finish"
    counts = counters(db)
    if counts.get("open", 0) == 0:
        if settings.automatic is not None and not get(db, "automatic_done", False):
            return "advance"
        if settings.review_below is None or counts.get("review", 0) == 0:
            return "finish"
    return "refresh" if _is_stale(db, now) else None


def is_expired(db: sqlite3.Connection, settings: JobSettings, now: float) -> bool:
    """Whether people have had all the time that the job gives them."""
    opened = get(db, "opened")
    return opened is not None and now >= opened + settings.availability_s


def conclude(db: sqlite3.Connection, settings: JobSettings) -> None:
    """Stop the job when a stopping condition is met. Called in the transaction of every act. One that nothing is left of to be
    labelled is not stopped: it completes, after the review if there is one."""
    if settings.max_human_labeled is None and settings.max_labeled_share is None:
        return
    counts = counters(db)
    if counts.get("open", 0) == 0 and counts.get("unlabeled", 0) == 0:
        return
    human, machine = counts.get("labeled", 0), counts.get("machine", 0)
    enough = settings.max_human_labeled is not None and human >= settings.max_human_labeled
    share = settings.max_labeled_share
    if enough or (share is not None and human + machine >= share * counts.get("total", 0)):
        put(db, "status", "Stopping")


def fail(db: sqlite3.Connection) -> Literal["failed", "halted", "outdated"]:
    """What was due cannot be done, so nothing is due any more until somebody asks with `retry`.

    failed: the job has failed. halted: it has, and holds what people did. outdated: it had ended, and stays what it was, with
    the output that it had.
    """
    status: Status = get(db, "status")
    put(db, "again", False)
    put(db, "crashes", {})
    if status in ENDED:
        return "failed" if status == "Failed" else "outdated"
    halted = last_event(db) > 0
    put(db, "failed_from", status if halted else None)
    put(db, "status", "Failed")
    return "halted" if halted else "failed"


def retry(db: sqlite3.Connection) -> bool:
    """Let what failed be done again; of a job that completed or was stopped, its output. False where there is nothing to do: the
    job goes on, or failed before people did anything."""
    status: Status = get(db, "status")
    before: Status | None = get(db, "failed_from")
    if status not in ENDED or (status == "Failed" and before is None):
        return False
    if status == "Failed":
        put(db, "status", before)
        put(db, "failed_from", None)
    else:
        put(db, "again", True)
    put(db, "reason", None)
    return True


def refreshed(db: sqlite3.Connection, seq: int, took_s: float, now: float) -> None:
    """Note that the intermediate output shows everything up to the event `seq`."""
    put(db, "refreshed", {"seq": seq, "took": took_s, "time": now})


def last_event(db: sqlite3.Connection) -> int:
    (seq,) = db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
    return int(seq)


def _is_stale(db: sqlite3.Connection, now: float) -> bool:
    shown = get(db, "refreshed", {"seq": 0, "took": 0.0, "time": get(db, "opened", now)})
    pause = max(_REFRESH_S, shown["took"] / _REFRESH_SHARE)
    return bool(now >= shown["time"] + pause and last_event(db) > shown["seq"])
