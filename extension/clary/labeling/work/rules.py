"""What the assignment and the bookkeeping of one job go by."""

from __future__ import annotations

from dataclasses import dataclass

from clary.labeling.work.distances import Distances


@dataclass(frozen=True)
class Rules:
    """workers: answers wanted per object. lease_s: how long a person may take. max_concurrent: objects that may be with people
    at once. gold_share: of the items a person gets (0..1). secret: where gold items fall is drawn with it. review_below: see
    `JobSettings`; distances: of answers, needed for it."""

    workers: int
    lease_s: float
    max_concurrent: int
    gold_share: float = 0.0
    secret: str = ""
    review_below: float | None = None
    distances: Distances | None = None
