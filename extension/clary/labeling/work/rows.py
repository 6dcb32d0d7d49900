"""What the tables of a labeling job hold, as Python sees it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from clary.labeling.task_type import Answer, DataObject

State = Literal["unlabeled", "open", "labeled", "machine", "failed", "chained"]
Role = Literal["item", "gold"]
Purpose = Literal["label", "train", "audit", "rest"]

STATES: tuple[State, ...] = ("unlabeled", "open", "labeled", "machine", "failed", "chained")
UNLABELED, OPEN, LABELED, MACHINE, FAILED, CHAINED = range(6)
ROLES: tuple[Role, ...] = ("item", "gold")

# Why an object is in the review queue.
FLAGGED, DISAGREED, SKIPPED = 1, 2, 4


@dataclass(frozen=True)
class NewObject:
    """A line of the input on its way in. `line`: its JSON text. `state`: unlabeled, failed (with `reason`) or chained.
    `known`: kind (prelabel | hint | gold | earlier) to (answer, confidence or None, origin). `shown`: what a canvas shows
    instead of the line's own: header, text, image (a URI); and bytes, the file's size."""

    line: str
    width: int = 0
    height: int = 0
    state: State = "unlabeled"
    reason: str = ""
    role: Role = "item"
    known: Mapping[str, tuple[Answer, float | None, str]] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ObjectRow:
    """One object. `want`: answers that are wanted; `votes`: that are there; `agreement`: 0..1, of several answers;
    `why_review`: flagged, disagreement, skipped; `decided`: the event of the owner's decision, if there is one."""

    id: int
    text: str
    role: Role
    state: State
    batch: int
    width: int
    height: int
    reason: str
    want: int
    votes: int
    held: int
    flags: int
    agreement: float | None
    why_review: tuple[str, ...]
    decided: int | None
    extra: str = ""

    @cached_property
    def line(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed

    @cached_property
    def shown(self) -> dict[str, Any]:
        """What the user's function before the task, or a template, made of the line: header, text, image, ..."""
        parsed: dict[str, Any] = json.loads(self.extra) if self.extra else {}
        return parsed

    @property
    def image_uri(self) -> str:
        return str(self.shown.get("image") or self.line.get("source-ref", ""))

    @property
    def thing(self) -> DataObject:
        return DataObject(self.id, self.line, self.width, self.height, shown=self.shown.get("text"))

    @classmethod
    def of(cls, row: sqlite3.Row) -> ObjectRow:
        words = (("flagged", FLAGGED), ("disagreement", DISAGREED), ("skipped", SKIPPED))
        return cls(
            id=row["id"],
            text=row["line"],
            role=ROLES[row["role"]],
            state=STATES[row["state"]],
            batch=row["batch"],
            width=row["width"],
            height=row["height"],
            reason=row["reason"],
            want=row["want"],
            votes=row["votes"],
            held=row["held"],
            flags=row["flags"],
            agreement=row["agreement"],
            why_review=tuple(word for word, bit in words if row["review"] & bit),
            decided=row["decided"],
            extra=row["shown"],
        )


@dataclass(frozen=True)
class Batch:
    """Objects that were opened together. Times are seconds since the epoch; `closed` None: people are at it."""

    id: int
    purpose: Purpose
    size: int
    opened: float
    closed: float | None
    facts: dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One line of the audit trail. `seconds`: spent on it; `taken`: when the person was given the object."""

    seq: int
    time: float
    worker: str
    action: str
    object: int
    body: dict[str, Any]
    nonce: str
    seconds: float
    taken: float

    @classmethod
    def of(cls, row: sqlite3.Row) -> Event:
        return cls(
            row["seq"],
            row["time"],
            row["worker"],
            row["action"],
            row["object"],
            json.loads(row["body"]),
            row["nonce"],
            row["seconds"],
            row["taken"],
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "time": self.time,
            "worker": self.worker,
            "action": self.action,
            "object": self.object,
            "body": self.body,
            "nonce": self.nonce,
            "seconds": self.seconds,
            "taken": self.taken,
        }
