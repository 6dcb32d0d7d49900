"""What the log of events alone says: the tables that follow from it, worked out anew, and compared with those that are kept."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from clary.labeling.work.database import counters
from clary.labeling.work.recording import encode
from clary.labeling.work.rows import FAILED, LABELED, OPEN, STATES, Event

_UNDOABLE = ("answer", "skip", "flag", "unflag", "review")


@dataclass
class Replay:
    """deeds: events that hold, by number. undone: those that a redo could bring back."""

    deeds: dict[int, Event] = field(default_factory=dict)
    undone: dict[int, Event] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """The next event of the log."""
        if event.action in _UNDOABLE:
            self.undone = {seq: one for seq, one in self.undone.items() if one.worker != event.worker}
            self.deeds[event.seq] = event
        elif event.action == "undo":
            for seq in event.body["undoes"]:
                self.undone[seq] = self.deeds.pop(seq)
        elif event.action == "redo":
            for seq in event.body["redoes"]:
                self.deeds[seq] = self.undone.pop(seq)

    def answers(self) -> dict[tuple[int, str], Event]:
        """The answer or the skip that holds, by object and person."""
        return self._last("answer", "skip")

    def flags(self) -> set[tuple[int, str]]:
        return {key for key, event in self._last("flag", "unflag").items() if event.action == "flag"}

    def decisions(self) -> dict[int, int]:
        """The event of the owner's decision, by object."""
        held = sorted((seq, one) for seq, one in self.deeds.items() if one.action == "review")
        return {one.object: seq for seq, one in held}

    def _last(self, *actions: str) -> dict[tuple[int, str], Event]:
        held = sorted((seq, one) for seq, one in self.deeds.items() if one.action in actions)
        return {(one.object, one.worker): one for _, one in held}


def replayed(db: sqlite3.Connection) -> Replay:
    """All events of the log."""
    replay = Replay()
    for row in db.execute("SELECT * FROM events ORDER BY seq"):
        replay.take(Event.of(row))
    return replay


def differences(db: sqlite3.Connection, workers: int) -> list[str]:
    """Where the kept tables say something else than the log does, in words; none, unless Clary has a fault. For a job that is
    in progress. `workers`: answers wanted per object."""
    replay = replayed(db)
    answers, flags, decisions = replay.answers(), replay.flags(), replay.decisions()
    found: list[str] = []

    def same(what: str, kept: Any, expected: Any) -> None:
        if kept != expected:
            found.append(f"{what}: kept {kept!r}, replayed {expected!r}")

    marks = {(row["object"], row["worker"]): row for row in db.execute("SELECT * FROM marks")}
    for key in {*marks, *answers}:
        mark, event = marks.get(key), answers.get(key)
        kept = (None, None, 0) if mark is None else (mark["seq"], mark["answer"], mark["skipped"])
        same(f"mark {key}", kept, _mark(event))
        same(f"flag {key}", bool(mark and mark["flagged"]), key in flags)
    objects = db.execute("SELECT * FROM objects").fetchall()
    open_things = set()
    for row in objects:
        votes = sum(one == row["id"] and event.action == "answer" for (one, _), event in answers.items())
        finals = sum(one == row["id"] and _mark(event)[2] == 2 for (one, _), event in answers.items())
        held = sum(mark["live"] for (one, _), mark in marks.items() if one == row["id"])
        want = max(0, workers - finals)
        same(f"object {row['id']}", (row["votes"], row["want"], row["held"]), (votes, want, held))
        same(f"decision {row['id']}", row["decided"], decisions.get(row["id"]))
        if row["role"] == 0 and row["batch"]:
            state = (
                LABELED
                if row["id"] in decisions or (votes and votes >= want)
                else FAILED
                if votes >= want
                else OPEN
            )
            same(f"state of {row['id']}", STATES[row["state"]], STATES[state])
            if state == OPEN:
                open_things.add(row["id"])
    counts = counters(db)
    for number, state_name in enumerate(STATES):
        items = sum(row["role"] == 0 and row["state"] == number for row in objects)
        same(f"counter {state_name}", counts.get(state_name, 0), items)
    same("counter review", counts.get("review", 0), sum(row["review"] > 0 for row in objects))
    for row in db.execute("SELECT * FROM annotators"):
        mine = {key[0]: event for key, event in answers.items() if key[1] == row["worker"]}
        same(
            f"annotator {row['worker']}",
            (row["done"], row["skipped"], row["flagged"], row["settled"]),
            (
                sum(event.action == "answer" for event in mine.values()),
                sum(event.action == "skip" for event in mine.values()),
                sum(worker == row["worker"] for _, worker in flags),
                sum(_mark(event)[2] != 1 for thing, event in mine.items() if thing in open_things),
            ),
        )
    return found


def _mark(event: Event | None) -> tuple[int | None, str | None, int]:
    """seq, answer, skipped."""
    if event is None:
        return None, None, 0
    if event.action == "skip":
        return event.seq, None, 1 + bool(event.body.get("final"))
    return event.seq, encode(event.body["answer"]), 0
