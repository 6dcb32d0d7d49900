"""Answers as arrays: who said what about which object, by numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Crowd:
    """n answers as arrays of shape (n,): `objects` in [0, n_objects), `workers` in [0, n_workers), `labels` in [0, n_classes)."""

    objects: Ints
    workers: Ints
    labels: Ints
    n_objects: int
    n_workers: int
    n_classes: int

    @classmethod
    def of(cls, answers: Iterable[tuple[int, str, int]], n_objects: int, n_classes: int) -> Crowd:
        """From (object, worker's name, label)."""
        import numpy as np

        names: dict[str, int] = {}
        rows = [(thing, names.setdefault(worker, len(names)), label) for thing, worker, label in answers]
        table = np.array(rows, np.int64).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2], n_objects, len(names), n_classes)

    def counts(self) -> Floats:
        """How many said what about each object, of shape (n_objects, n_classes)."""
        import numpy as np

        cells = self.objects * self.n_classes + self.labels
        counted = np.bincount(cells, minlength=self.n_objects * self.n_classes)
        return counted.reshape(self.n_objects, self.n_classes).astype(np.float64)
