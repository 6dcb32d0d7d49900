"""How items are chosen for people to label: one small base, one file a strategy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clary.labeling.active.learner import Model
from clary.labeling.active.space import Space


@dataclass(frozen=True)
class Situation:
    """What a strategy may look at. `pool`: items that may be asked; `labelled`: items with a label; `model`: None before
    any label."""

    space: Space
    pool: NDArray[np.int64]
    labelled: NDArray[np.int64]
    model: Model | None


class Strategy(ABC):
    """Chooses a batch. Deterministic, given the stream."""

    @abstractmethod
    def choose(self, now: Situation, count: int, stream: np.random.Generator) -> list[int]:
        """At most `count` different items of the pool, the most wanted first."""
