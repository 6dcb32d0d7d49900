"""How far a job and a person are, from kept counters: the same few reads whatever the size of the job."""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Mapping
from typing import Any

from clary.labeling.settings import JobSettings
from clary.labeling.work import course
from clary.labeling.work.database import counters, get

# What a pace is taken from: the last so many answers.
_RECENT = 20

# Open objects on which others hold every place that is left; at most as many as may be with people at once.
_FULL = """
    SELECT count(*) FROM objects INDEXED BY objects_full WHERE role = 0 AND state = 1 AND want <= votes + held AND NOT EXISTS
      (SELECT 1 FROM marks WHERE object = objects.id AND worker = ? AND (live = 1 OR answer IS NOT NULL OR skipped = 2))
"""
_PACE = "SELECT seconds FROM marks INDEXED BY marks_history WHERE worker = ? AND seq IS NOT NULL ORDER BY seq DESC LIMIT ?"


def label_counters(counts: Mapping[str, int]) -> dict[str, int]:
    """AWS's LabelCounters."""
    human, machine = counts.get("labeled", 0), counts.get("machine", 0)
    return {
        "TotalLabeled": human + machine,
        "HumanLabeled": human,
        "MachineLabeled": machine,
        "FailedNonRetryableError": counts.get("failed", 0),
        "Unlabeled": counts.get("unlabeled", 0) + counts.get("open", 0),
    }


def of(db: sqlite3.Connection, settings: JobSettings, worker: str, owner: bool, now: float) -> dict[str, Any]:
    """The canvas' `progress`."""
    counts = counters(db)
    me = db.execute("SELECT * FROM annotators WHERE worker = ?", (worker,)).fetchone()
    status: course.Status = get(db, "status")
    left = 0
    if status == "InProgress" and not course.is_expired(db, settings, now):
        (full,) = db.execute(_FULL, (worker,)).fetchone()
        left = max(0, counts.get("open", 0) - (me["settled"] if me else 0) - full)
    pace = _pace(db, worker)
    return {
        "done": me["done"] if me else 0,
        "left": left,
        "total": counts.get("total", 0) - counts.get("chained", 0),
        "labeled": counts.get("labeled", 0),
        "machine": counts.get("machine", 0),
        "failed": counts.get("failed", 0),
        "skipped": me["skipped"] if me else 0,
        "flagged": me["flagged"] if me else 0,
        "items_per_hour": None if pace is None else round(3600 / pace, 1),
        "seconds_left": None if pace is None else round(left * pace, 1),
        "waiting": None if left else _waiting(status, counts, settings),
        "status": status,
        "review": counts.get("review", 0) if owner else 0,
    }


def _pace(db: sqlite3.Connection, worker: str) -> float | None:
    """Median seconds of the person's latest items; None before there are any."""
    recent = [row[0] for row in db.execute(_PACE, (worker, _RECENT)) if row[0] > 0]
    return statistics.median(recent) if recent else None


def _waiting(status: course.Status, counts: Mapping[str, int], settings: JobSettings) -> str | None:
    """Why there is nothing to do though the job goes on."""
    if status == "Initializing":
        return "The job is being prepared. It takes a moment."
    if status != "InProgress":
        return None
    if counts.get("open", 0):
        return "The last items are with other annotators; more may come."
    if settings.automatic is not None and counts.get("unlabeled", 0):
        return "The model learns from the answers; more items come in a moment."
    if settings.review_below is not None and counts.get("review", 0):
        return "All items are labeled; those on which annotators differ are being reviewed."
    return None
