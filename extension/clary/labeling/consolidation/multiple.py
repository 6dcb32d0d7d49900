"""Sets of labels from the sets that several people chose: for every object and label, whether it holds.

Each (object, label) is a yes or no of everybody who saw the object, and goes through the model of `dawid_skene` with two
classes: how much people overlook and how much they imagine is theirs for all labels, how frequent a label is its own. What nobody
chose does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clary.labeling.consolidation.calibration import kept_share
from clary.labeling.consolidation.crowd import Crowd
from clary.labeling.consolidation.dawid_skene import YES_OR_NO, fit, softmax
from clary.labeling.task_type import Vote

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clary.labeling.consolidation.crowd import Floats, Ints

_CELLS = 300_000  # answers x labels that the model learns from; of more a regular sample of the objects
_FREQUENT = 10.0  # objects' worth of a label being as frequent as labels are


@dataclass(frozen=True)
class Chosen:
    """`confidences`: of everything that anybody chose, in the labels' order; `holding`: the labels of 0.5 or more; `confidence`:
    that of the whole set, the least of its decisions' confidences."""

    holding: list[str]
    confidence: float
    confidences: dict[str, float]


def consolidate(
    votes: Mapping[int, Sequence[Vote]], names: Sequence[str], gold: Mapping[int, frozenset[str]], alone: bool = False
) -> dict[int, Chosen]:  # fmt: skip
    """What holds of every object that has votes and is not gold. `alone`: confidences are 0, and all that was chosen holds.

    A single vote is never overruled, it is only trusted more or less."""
    numbers = [number for number, given in votes.items() if given]
    if not numbers or all(number in gold for number in numbers):
        return {}
    table = _Table(votes, numbers, names)
    sure = table.shares() if alone else table.judged([gold.get(number) for number in numbers], names)
    rows, columns = table.touched.nonzero()
    found: dict[int, dict[str, float]] = {number: {} for number in numbers if number not in gold}
    for row, column, value in zip(rows.tolist(), columns.tolist(), sure[rows, columns].tolist(), strict=True):
        if numbers[row] in found:
            found[numbers[row]][names[column]] = value
    return {number: _chosen(confidences, alone) for number, confidences in found.items()}


def _chosen(confidences: dict[str, float], alone: bool) -> Chosen:
    if alone:
        return Chosen(list(confidences), 0.0, dict.fromkeys(confidences, 0.0))
    least = min((max(one, 1 - one) for one in confidences.values()), default=1.0)
    return Chosen([name for name, one in confidences.items() if one >= 0.5], least, confidences)


class _Table:
    """Answers as arrays: `objects`, `workers`: (answers,); `chose`: (answers, labels), yes or no; `touched`: (objects, labels),
    whether anybody chose the label."""

    def __init__(
        self, votes: Mapping[int, Sequence[Vote]], numbers: Sequence[int], names: Sequence[str]
    ) -> None:
        import numpy as np

        positions = {name: index for index, name in enumerate(names)}
        people: dict[str, int] = {}
        given = [(index, vote) for index, number in enumerate(numbers) for vote in votes[number]]
        self.objects = np.array([index for index, _ in given])
        self.workers = np.array([people.setdefault(vote.worker, len(people)) for _, vote in given])
        self.n_workers = len(people)
        chosen = [
            (row, positions[name]) for row, (_, vote) in enumerate(given) for name in vote.answer["labels"]
        ]
        self.chose: NDArray[np.bool_] = np.zeros((len(given), len(names)), bool)
        if chosen:
            rows, columns = np.array(chosen).T
            self.chose[rows, columns] = True
        self.n_objects, self.n_labels = len(numbers), len(names)
        columns = [np.bincount(self.objects, one, self.n_objects) for one in self.chose.T]
        self.yes = np.stack(columns, axis=1)
        self.touched = self.yes > 0

    def shares(self) -> Floats:
        """(objects, labels): the share of people who chose the label."""
        import numpy as np

        return self.yes / np.maximum(np.bincount(self.objects, minlength=self.n_objects), 1)[:, None]

    def judged(self, gold: Sequence[frozenset[str] | None], names: Sequence[str]) -> Floats:
        """(objects, labels): the probability that a label holds, calibrated."""
        import numpy as np

        truth = np.full((self.n_objects, self.n_labels), -1, np.int64)
        for index, known in enumerate(gold):
            if known is not None:
                truth[index] = [name in known for name in names]
        logs = self._logs(truth)
        is_gold = (truth >= 0) & self.touched
        sure = softmax(kept_share(logs[is_gold], truth[is_gold]) * logs)[..., 1]
        alone = np.bincount(self.objects, minlength=self.n_objects) == 1
        sure[alone] = np.where(self.touched[alone], np.maximum(sure[alone], 0.5), sure[alone])
        return sure

    def _logs(self, truth: Ints) -> Floats:
        """(objects, labels, 2): log posteriors, unnormalised; gold as if it were not known."""
        import numpy as np

        step = 1 + len(self.objects) * self.n_labels // _CELLS
        use = self.objects % step == 0
        crowd, cells = self._crowd(use)
        fitted = fit(crowd, truth.reshape(-1)[cells], YES_OR_NO)
        # What an answer says, (worker, said, holds), from the answers that the model learned from.
        said = np.zeros((self.n_workers, 2, 2))
        said[crowd.workers, crowd.labels] = fitted.evidence
        seen = np.zeros((self.n_workers, 2), bool)
        seen[crowd.workers, crowd.labels] = True
        for answer in (0, 1):  # of people who are not in the sample: what an average one's says
            known = seen[:, answer]
            said[~known, answer] = said[known, answer].mean(0) if known.any() else 0.0
        logs = np.zeros((self.n_objects, self.n_labels, 2))
        for holds in (0, 1):
            no, yes = said[self.workers, 0, holds], said[self.workers, 1, holds]
            for label, chose in enumerate(self.chose.T):
                logs[:, label, holds] = np.bincount(self.objects, np.where(chose, yes, no), self.n_objects)
        frequent = softmax(fitted.prior + logs)[..., 1].sum(0) + _FREQUENT * np.exp(fitted.prior[1])
        share = frequent / (self.n_objects + _FREQUENT)
        return logs + np.log(np.stack([1 - share, share], axis=1) + 1e-9)

    def _crowd(self, use: NDArray[np.bool_]) -> tuple[Crowd, Ints]:
        """The answers in `use` as a crowd over (object, label) cells, and which cells those are."""
        import numpy as np

        labels = np.arange(self.n_labels)
        cells = (self.objects[use][:, None] * self.n_labels + labels).reshape(-1)
        kept, places = np.unique(cells, return_inverse=True)
        workers = np.repeat(self.workers[use], self.n_labels)
        said = self.chose[use].reshape(-1).astype(np.int64)
        return Crowd(places, workers, said, len(kept), self.n_workers, 2), kept
