"""Dawid and Skene's model of annotators, shrunk: everybody's confusion matrix is pulled to what the crowd has in common.

A. Dawid, A. Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm", Applied Statistics 28
(1979). The maximum likelihood estimate fails where people answered little (K x K numbers from a few answers); here it is a
maximum a posteriori estimate in levels, each the prior of the next:

- the crowd's matrix, how often class k is called l, pulled to "right as often as in general, else anything";
- a person's skill, the share of right answers, pulled to the crowd's;
- a person's matrix, pulled to the crowd's rows bent to the person's skill.

How strongly a person is pulled (`Strengths`, in answers) is not set but found: empirical Bayes, the strengths under which the
counts are most likely (marginal likelihood of Dirichlet-multinomials). A crowd of people who are alike gets strong ties, one of
characters loose ones; a person of a few answers counts as an average one, one of many as what they are. The crowd's own matrix
is pulled hard: what all people mistake alike cannot be told from what is so. Where objects of a class differ, which the counts
tell, too, people who say the same of one are no independent witnesses (`repeats`). Gold items enter as objects whose class is
known. Vectorised: an iteration costs a few passes over (answers x classes) numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from clary.labeling.consolidation.crowd import Crowd
from clary.labeling.consolidation.repeats import INDEPENDENT, TELLING, Repeats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clary.labeling.consolidation.crowd import Floats, Ints

_SETTLED = 3e-3
_RETHINK = (3, 6, 12, 25)  # rounds in which the strengths are found anew
_GRID = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_PRIOR = 10.0  # answers' worth of every class being as frequent


@dataclass(frozen=True)
class Strengths:
    """How many answers each pull is worth: on the crowd's rows, a person's skill, a person's rows; and that of a class on what
    is said of its objects (`repeats`). `rounds`: the most."""

    crowd: float = 2048.0
    skill: float = 8.0
    person: float = 16.0
    tie: float = INDEPENDENT
    rounds: int = 60


# For answers of yes and no: who overlooks much need not imagine much, so there is no skill for both. Person and crowd as they did
# best on made crowds of every kind, and few rounds: of yes and no from three people there are several explanations, and the one
# near the vote is wanted.
YES_OR_NO = Strengths(crowd=8.0, skill=1e6, person=4.0, rounds=10)


@dataclass(frozen=True)
class Fitted:
    """`posterior`: (objects, classes), what each object is, gold as it is known. `evidence`: (answers, classes), the log
    likelihood that each answer adds, in the order of the crowd's answers. `prior`: (classes,), log. `skill`: (workers,), the
    share of right answers; `strengths`: what was found."""

    posterior: Floats
    evidence: Floats
    prior: Floats
    skill: Floats
    strengths: Strengths

    def blind(self, crowd: Crowd) -> Floats:
        """Log posteriors, unnormalised, from the answers alone: of gold objects, too, as if they were not known."""
        return self.prior + summed(self.evidence, crowd.objects, crowd.n_objects)


def fit(crowd: Crowd, known: Ints | None = None, strengths: Strengths | None = None) -> Fitted:
    """Fit the model. `known`: (objects,), the class of gold objects, -1 of all others. `strengths`: None: found.

    There must be answers; objects without any get the classes' prior."""
    import numpy as np

    counts = crowd.counts()
    total = counts.sum(1, keepdims=True)
    posterior = np.where(total > 0, counts / np.maximum(total, 1), 1 / crowd.n_classes)
    gold = known >= 0 if known is not None else np.zeros(crowd.n_objects, bool)
    truth = np.eye(crowd.n_classes)[known[gold]] if known is not None else posterior[gold]
    posterior[gold] = truth
    pairs = _Pairs(crowd)
    ties = strengths or Strengths()
    weight: Floats | None = None
    for number in range(ties.rounds):
        before = posterior
        level = _Level.of(pairs, posterior, total[:, 0] > 0, weight)
        if strengths is None and number in _RETHINK:
            ties = level.strengths(ties)
        logs, skill = level.logs(ties)
        joint = level.prior + pairs.said @ logs
        if strengths is None and number in _RETHINK and (number == _RETHINK[0] or ties.tie != INDEPENDENT):
            some = pairs.some_repeats
            ties = replace(ties, tie=some.tie(logs, joint[:TELLING], total[:TELLING, 0].astype(np.int64)))
        more = weight = None
        if ties.tie != INDEPENDENT:
            more, weight = pairs.repeats.shares(logs, ties.tie)
            joint = joint + pairs.repeats.added(more)
        posterior = softmax(joint)
        posterior[gold] = truth
        if number > _RETHINK[0] and np.abs(posterior - before).max(initial=0) < _SETTLED:
            break
    evidence = logs[pairs.of_answer]
    if more is not None:
        repeated = pairs.repeats.of_answer >= 0
        groups = pairs.repeats.of_answer[repeated]
        evidence[repeated] += (more / pairs.repeats.times[:, None])[groups]
    return Fitted(posterior, evidence, level.prior, skill, ties)


class _Pairs:
    """The answers gathered by (worker, label): matrices have rows for the pairs that there are, not for all.

    `said`: (objects, pairs), sparse, how often a pair's label was said by its worker about an object."""

    def __init__(self, crowd: Crowd) -> None:
        import numpy as np
        from scipy.sparse import csr_array

        self.crowd = crowd
        keys, self.of_answer = np.unique(crowd.workers * crowd.n_classes + crowd.labels, return_inverse=True)
        self.worker, self.label = np.divmod(keys, crowd.n_classes)
        ones = np.ones(len(crowd.objects))
        shape = crowd.n_objects, len(keys)
        self.said = csr_array((ones, (crowd.objects, self.of_answer)), shape)
        self.about = csr_array((ones, (self.of_answer, crowd.objects)), shape[::-1])
        self.answers = np.bincount(crowd.workers, minlength=crowd.n_workers)
        self.right = np.arange(len(keys)), self.label

    @cached_property
    def some_repeats(self) -> Repeats:
        return Repeats.of_some(self.crowd, self.of_answer, len(self.worker))

    @cached_property
    def repeats(self) -> Repeats:
        return Repeats(self.crowd, self.of_answer, len(self.worker))


@dataclass
class _Level:
    """Expected counts under what the objects seem to be, and the estimates that follow from them.

    `counts`: (pairs, classes), how often a pair's label was said of each class; `rows`: (workers, classes), how many objects of
    a class a worker saw; `crowd`: (truth, said); `hits`: (workers,), right answers; `mean`: their share in all."""

    pairs: _Pairs
    prior: Floats
    counts: Floats
    rows: Floats
    crowd: Floats
    hits: Floats
    mean: float

    @classmethod
    def of(
        cls, pairs: _Pairs, posterior: Floats, answered: NDArray[np.bool_], weight: Floats | None
    ) -> _Level:
        """`weight`: what `Repeats.shares` says of the answers' groups; None: every answer counts in full."""
        import numpy as np

        classes, workers = pairs.crowd.n_classes, pairs.crowd.n_workers
        there = posterior[answered].sum(0) + _PRIOR
        counts = pairs.about @ posterior
        hits = np.bincount(pairs.worker, counts[pairs.right], workers).astype(np.float64)
        mean = float((hits.sum() + 1.0) / (pairs.answers.sum() + 2.0))
        if weight is not None:
            counts = counts - pairs.repeats.lost(weight, posterior)
        columns = range(classes)
        rows = np.stack(
            [np.bincount(pairs.worker, counts[:, one], workers) for one in columns], axis=1
        ).astype(float)
        crowd = np.stack([np.bincount(pairs.label, counts[:, one], classes) for one in columns]).astype(float)
        return cls(pairs, np.log(there / there.sum()), counts, rows, crowd, hits, mean)

    def plain(self) -> Floats:
        """(truth, said): right as often as in general, else anything."""
        import numpy as np

        classes = len(self.crowd)
        found = np.full((classes, classes), (1 - self.mean) / max(classes - 1, 1))
        np.fill_diagonal(found, self.mean)
        return found

    def expected(self, ties: Strengths) -> tuple[Floats, Floats]:
        """The crowd's matrix bent to each worker's skill, at the pairs: (pairs, classes); and the skills, (workers,)."""
        import numpy as np

        pairs = self.pairs
        shared = (self.crowd + ties.crowd * self.plain()) / (self.crowd.sum(1, keepdims=True) + ties.crowd)
        skill = (self.hits + ties.skill * self.mean) / (pairs.answers + ties.skill)
        right = np.diag(shared)
        own = 1 / (1 + np.exp(-(_logit(right)[None, :] + (_logit(skill) - _logit(self.mean))[:, None])))
        wrong = (1 - own) / np.maximum(1 - right, 1e-9)
        found = shared.T[pairs.label] * wrong[pairs.worker]
        found[pairs.right] = own[pairs.worker, pairs.label]
        return np.maximum(found, 1e-9), skill

    def logs(self, ties: Strengths) -> tuple[Floats, Floats]:
        """Log likelihood of each pair's label, given each class, (pairs, classes); and the skills."""
        import numpy as np

        expected, skill = self.expected(ties)
        chance = (self.counts + ties.person * expected) / (self.rows[self.pairs.worker] + ties.person)
        return np.log(np.maximum(chance, 1e-12)), skill

    def strengths(self, ties: Strengths) -> Strengths:
        """The strengths under which these counts are most likely, one level after the other."""
        import numpy as np

        mean = np.array([self.mean, 1 - self.mean])
        hits = np.stack([self.hits, self.pairs.answers - self.hits], axis=1)
        skill = max(_GRID, key=lambda one: _marginal(hits, one * mean, hits.sum(1), one))
        ties = replace(ties, skill=skill)
        expected, _ = self.expected(ties)
        person = max(_GRID, key=lambda one: _marginal(self.counts, one * expected, self.rows, one))
        return replace(ties, person=person)


def _marginal(counts: Floats, prior: Floats, totals: Floats, strength: float) -> float:
    """Log likelihood of counts under Dirichlet-multinomials, up to what the strength does not change; cells that are not
    listed have no counts and add nothing."""
    from scipy.special import gammaln

    cells = (gammaln(counts + prior) - gammaln(prior)).sum()
    return float(cells + (gammaln(strength) - gammaln(totals + strength)).sum())


def softmax(logs: Floats) -> Floats:
    """Rows that sum to 1."""
    import numpy as np

    found = np.exp(logs - logs.max(-1, keepdims=True))
    return np.asarray(found / found.sum(-1, keepdims=True))


def summed(rows: Floats, places: Ints, count: int) -> Floats:
    """(count, columns): the rows added up by their places."""
    import numpy as np

    return np.stack([np.bincount(places, one, count) for one in rows.T], axis=1)


def _logit(share: Floats | float) -> Floats:
    import numpy as np

    clipped = np.clip(share, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(clipped / (1 - clipped)))
