"""When to stop labeling and audit, decided by the expected total of human labels, and blind: nothing here has seen a
test label.

Of a frozen model with doubts q over the items left, an audit costs about log(1/delta) / G draws, where G is the growth
of the best bet (`audit.design`); the d most doubtful items may be left to humans first, which costs d and raises G. The
d that makes the sum smallest is the `Plan`. Labeling goes on as long as the doubts, extrapolated along their own
learning curve (a power law of the number of labels), promise a smaller total later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clary.labeling.active.audit import design
from clary.labeling.active.certificate import Scope

Floats = NDArray[np.float64]
_TRIES = 14  # numbers of items left to humans that are tried
_HORIZON = 10.0  # the curve is followed up to so many times the labels there are
_RECENT = 6  # rounds the learning curve is fitted to


@dataclass(frozen=True)
class Rule:
    """What must be shown. `total`: all items N; `scope`: errors as a share of N or of what the machine labels; `need`:
    log(1/delta)."""

    epsilon: float
    scope: Scope
    total: int
    need: float

    def allowed(self, automatic: int) -> int:
        """Wrong items that may remain among so many machine-labelled ones."""
        return int(np.floor(self.epsilon * (self.total if self.scope == "dataset" else automatic) + 1e-9))


@dataclass(frozen=True)
class Plan:
    """`leave`: the most doubtful items that humans should label; `draws`: expected size of the audit of the others."""

    leave: int
    draws: float

    @property
    def cost(self) -> float:
        return self.leave + self.draws


def plan(doubts: Floats, rule: Rule, tries: int = _TRIES) -> Plan:
    """The cheapest way to a certificate, expected; ``Plan(all, 0)`` where labeling everything is cheapest."""
    ordered = np.sort(doubts)[::-1]
    count = len(ordered)
    best = Plan(count, 0.0)
    leaves = np.unique(np.r_[0, np.geomspace(1, max(count, 1), tries).astype(int)])
    for leave in leaves.tolist():
        rest = ordered[leave:]
        if len(rest) == 0 or leave >= best.cost:
            continue
        draws = expected_draws(rest, rule)
        if leave + draws < best.cost:
            best = Plan(leave, draws)
    return best


def expected_draws(doubts: Floats, rule: Rule, need: float | None = None) -> float:
    """Of an audit of items with such doubts; infinity where they are not expected to pass."""
    null = rule.allowed(len(doubts)) + 1
    draws = design(doubts, null).draws(rule.need if need is None else need)
    return draws if draws < len(doubts) else float("inf")


def ideal_draws(count: int, rule: Rule) -> float:
    """Draws of an audit of so many items none of which is wrong: no audit is smaller."""
    null = rule.allowed(count) + 1
    if null > count:
        return 0.0
    draws, reached, left = 0, 0.0, count
    while reached < rule.need:
        if left <= null:
            return draws + 1.0
        reached += float(np.log(left / (left - null)))
        draws, left = draws + 1, left - 1
    return float(draws)


def better_later(history: Sequence[tuple[int, float]], doubts: Floats, rule: Rule, batch: int) -> bool:
    """Whether more labels promise a smaller total than an audit now. `history` as of `outlook`."""
    cheapest = plan(doubts, rule)
    # What humans have to label in any case may as well teach the model.
    return cheapest.leave >= batch or outlook(history, doubts, rule, batch) < cheapest.cost


def outlook(history: Sequence[tuple[int, float]], doubts: Floats, rule: Rule, batch: int) -> float:
    """Human labels from here to the end, expected, if at least a batch is learned before the audit.

    `history`: (labels, estimated share of wrong items among those left) of each round so far, the present one last.
    """
    labels, share = history[-1]
    decay = _decay(history)
    ordered = np.sort(doubts)[::-1]
    best = float(len(ordered))
    for more in np.unique(np.geomspace(batch, max(_HORIZON * labels, batch + 1), 10).astype(int)).tolist():
        if more >= best:
            break
        # Margin sampling takes the most doubtful; of the others the doubts shrink with the curve.
        wanted = share * (1 + more / max(labels, 1)) ** -decay * len(ordered)
        left = ordered[more:]
        left = left * min(1.0, wanted / max(float(left.sum()), 1e-9))
        best = min(best, more + plan(left, rule, tries=8).cost)
    return best


def _decay(history: Sequence[tuple[int, float]]) -> float:
    """The exponent of the learning curve, from the last rounds, drawn to 1 (a margin learner's usual one) as if by two
    more rounds."""
    recent = history[-_RECENT:]
    if len(recent) < 2:
        return 1.0
    x = np.log([max(labels, 1) for labels, _ in recent])
    y = np.log([max(share, 1e-6) for _, share in recent])
    x, y = x - x.mean(), y - y.mean()
    pull = 0.05
    return float(np.clip((pull * 1.0 - (x * y).sum()) / (pull + (x * x).sum()), 0.3, 3.0))
