"""The answers of classification tasks as arrays, so that 100,000 objects are counted in a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clary.labeling.task_type import Vote

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Choices:
    """What several people chose for the same objects. objects: [n]; workers: names; row, worker, label: of each vote, places in
    objects, workers and labels; counts: how often each label was given to each object, [n, labels]."""

    objects: tuple[int, ...]
    workers: tuple[str, ...]
    labels: tuple[str, ...]
    row: NDArray[np.int64]
    worker: NDArray[np.int64]
    label: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, votes: Mapping[int, list[Vote]], shared: Sequence[int], labels: Sequence[str]) -> Choices:
        import numpy as np

        numbers = {name: number for number, name in enumerate(labels)}
        people: dict[str, int] = {}
        rows, workers, chosen = [], [], []
        for row, thing in enumerate(shared):
            for vote in votes[thing]:
                rows.append(row)
                workers.append(people.setdefault(vote.worker, len(people)))
                name = str(vote.answer.get("label"))
                chosen.append(numbers.setdefault(name, len(numbers)))
        row_of, label_of = np.asarray(rows, dtype=np.int64), np.asarray(chosen, dtype=np.int64)
        flat = np.bincount(row_of * len(numbers) + label_of, minlength=len(shared) * len(numbers))
        return cls(
            tuple(shared), tuple(people), tuple(numbers), row_of, np.asarray(workers, dtype=np.int64), label_of,
            flat.reshape(len(shared), len(numbers)).astype(np.int64),
        )  # fmt: skip

    def alike(self) -> NDArray[np.float64]:
        """The share of each object's pairs of answers that are the same, [n]."""
        given = self.counts.sum(axis=1)
        same: NDArray[np.float64] = ((self.counts**2).sum(axis=1) - given) / (given * (given - 1))
        return same

    def alike_by_person(self) -> dict[str, tuple[float, int]]:
        """For each person the mean share of the others who gave the same answer, and of how many objects."""
        import numpy as np

        given = self.counts.sum(axis=1)
        same = (self.counts[self.row, self.label] - 1) / (given[self.row] - 1)
        sums = np.bincount(self.worker, weights=same, minlength=len(self.workers))
        times = np.bincount(self.worker, minlength=len(self.workers))
        return {
            name: (float(sums[place] / times[place]), int(times[place]))
            for place, name in enumerate(self.workers)
        }

    def confusion(self) -> NDArray[np.int64]:
        """How often one person gave a row's label and another the column's, both ways round, [labels, labels]."""
        import numpy as np

        pairs: NDArray[np.int64] = self.counts.T @ self.counts - np.diag(self.counts.sum(axis=0))
        return pairs
