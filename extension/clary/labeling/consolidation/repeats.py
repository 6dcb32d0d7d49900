"""Objects of one class differ: what somebody said about one, the next is likelier to say than about another of its class.

Dawid and Skene take an object's answers for independent, given its class. Of real crowds that is not true: some objects are
doubtful to everybody. A model that does not know it takes the doubtful ones for a class of their own, and ends below the vote. So
an object's answers are drawn around its class's chances as a Dirichlet-multinomial does it, `tie` being the strength of the
class in answers (infinite: independent), as in J. Mosimann, "On the compound multinomial distribution", Biometrika 49 (1962).
As an urn: a label with the chance q counts log q when it is named first, and log((tie q + j) / (tie + j)) when it was named j
times before. The mentions are by several people with chances of their own; q is their geometric mean, so that an infinite tie
gives Dawid and Skene's sum back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.labeling.consolidation.crowd import Crowd, Floats, Ints

INDEPENDENT = float("inf")
_TIES = (64.0, 32.0, 16.0, 8.0, 4.0)
# So many objects tell how strong the tie is; more would only cost time. Those without a repeated label speak against any.
TELLING = 3_000


class Repeats:
    """The labels that an object got more than once, its `groups`.

    `pair`: (answers,), the number of each answer's (worker, label); `n_pairs`: how many of these there are."""

    @classmethod
    def of_some(cls, crowd: Crowd, pair: Ints, n_pairs: int) -> Repeats:
        """Those of as many objects as tell the tie."""
        few = crowd.objects < TELLING
        objects = min(TELLING, crowd.n_objects)
        some = replace(
            crowd,
            objects=crowd.objects[few],
            workers=crowd.workers[few],
            labels=crowd.labels[few],
            n_objects=objects,
        )
        return cls(some, pair[few], n_pairs)

    def __init__(self, crowd: Crowd, pair: Ints, n_pairs: int) -> None:
        import numpy as np
        from scipy.sparse import csr_array

        keys, of_answer, times = np.unique(
            crowd.objects * crowd.n_classes + crowd.labels, return_inverse=True, return_counts=True
        )
        often = np.flatnonzero(times > 1)
        number = np.full(len(keys), -1)
        number[often] = np.arange(len(often))
        self.of_answer = number[of_answer]
        self.times = times[often]
        self.objects = keys[often] // crowd.n_classes
        inside = self.of_answer >= 0
        ones, groups = np.ones(inside.sum()), self.of_answer[inside]
        self._said = csr_array((ones, (groups, pair[inside])), (len(often), n_pairs))
        self._heard = csr_array((ones, (pair[inside], groups)), (n_pairs, len(often)))
        self._added = csr_array(
            (np.ones(len(often)), (self.objects, np.arange(len(often)))), (crowd.n_objects, len(often))
        )

    def shares(self, logs: Floats, tie: float) -> tuple[Floats, Floats]:
        """(groups, classes): what is to be added to each group's log likelihood, up to what all classes have in common, and
        how much of its mentions counts as evidence of the class's chances (1 for each would be all)."""
        import numpy as np

        strength = tie * np.exp((self._said @ logs) / self.times[:, None])
        more, weight = np.zeros_like(strength), np.ones_like(strength)
        for before in range(1, int(self.times.max(initial=0))):
            rows = self.times > before
            share = before / strength[rows]
            more[rows] += np.log1p(share)
            weight[rows] += 1 / (1 + share)
        return more, weight / self.times[:, None]

    def added(self, more: Floats) -> Floats:
        """(objects, classes): the sums over each object's groups."""
        return self._added @ more  # type: ignore[no-any-return]

    def lost(self, weight: Floats, posterior: Floats) -> Floats:
        """(pairs, classes): the expected counts that are no evidence, since others said the same."""
        return self._heard @ ((1 - weight) * posterior[self.objects])  # type: ignore[no-any-return]

    def tie(self, logs: Floats, joint: Floats, answers: Ints) -> float:
        """The tie under which the answers are most likely, of a few. `joint`: (objects, classes), log prior and likelihood of
        independent answers; `answers`: (objects,), how many each has."""
        import numpy as np

        if not len(self.objects):
            return INDEPENDENT

        def likelihood(tie: float) -> float:
            here, shared = joint, 0.0
            if tie != INDEPENDENT:
                here = here + self.added(self.shares(logs, tie)[0])
                counts = np.bincount(answers)
                urn = np.concatenate([[0.0], np.log1p(np.arange(len(counts) - 1) / tie).cumsum()])
                shared = float(counts @ urn)
            top = here.max(1)
            return float((top + np.log(np.exp(here - top[:, None]).sum(1))).sum()) - shared

        best, found = likelihood(INDEPENDENT), INDEPENDENT
        for tie in _TIES:
            now = likelihood(tie)
            if now <= best:
                break
            best, found = now, tie
        return found
