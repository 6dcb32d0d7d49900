"""What a labeling job refuses, and why."""

from __future__ import annotations

from typing import Literal

Code = Literal[
    "LeaseExpired",
    "NotYours",
    "AlreadyAnswered",
    "BadAnswer",
    "JobEnded",
    "NotReady",
    "NotFound",
    "BadRequest",
]


class WorkError(Exception):
    """There is no such labeling job, or its database cannot be used; the text says why."""


class SessionError(Exception):
    """A request of a canvas that cannot be followed. `message` is for people; `retry`: the same request may succeed later."""

    def __init__(self, code: Code, message: str, retry: bool = False) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.retry = retry
