"""What is said about the agreement of people: figures with their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval; None where there is nothing to compare."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, value: float, between: tuple[float, float]) -> Figure:
        if not math.isfinite(value):
            return cls()
        low, high = between
        return cls(value, low if math.isfinite(low) else None, high if math.isfinite(high) else None)


@dataclass(frozen=True)
class OfClass:
    """Agreement on one class. `answers`: how many gave it."""

    label: str
    figure: Figure
    answers: int


@dataclass(frozen=True)
class OfWorker:
    """How like a person's answers are to those that others gave to the same objects. `answers`: all of theirs; `compared`:
    those that others answered, too."""

    name: str
    figure: Figure
    answers: int
    compared: int


@dataclass(frozen=True)
class Agreement:
    """How far people agree.

    `alpha`: Krippendorff's, 1: agreement, 0: chance. `likeness`: of two answers to one object in the mean, 0..1 (a share of
    equal labels, a mean IoU). `by_object`: likeness, of the objects that several answered. `by_class`: alpha of having the
    class or not; of marks (boxes, masks, spans) the likeness of those with the label. `confusion`: (labels, labels), how often
    one said the row's label where another said the column's; empty where labels do not exclude each other."""

    measure: str = "Krippendorff's alpha"
    alpha: Figure = Figure()
    likeness: Figure = Figure()
    by_object: dict[int, float] = field(default_factory=dict)
    by_class: list[OfClass] = field(default_factory=list)
    by_worker: list[OfWorker] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)
