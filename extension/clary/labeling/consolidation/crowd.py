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
        objects, workers, labels = [], [], []
        for thing, worker, label in answers:
            objects.append(thing)
            workers.append(names.setdefault(worker, len(names)))
            labels.append(label)
        columns = [np.array(one, np.int64) for one in (objects, workers, labels)]
        return cls(columns[0], columns[1], columns[2], n_objects, len(names), n_classes)

    def counts(self) -> Floats:
        """How many said what about each object, of shape (n_objects, n_classes)."""
        import numpy as np

        cells = self.objects * self.n_classes + self.labels
        counted = np.bincount(cells, minlength=self.n_objects * self.n_classes)
        return counted.reshape(self.n_objects, self.n_classes).astype(np.float64)
