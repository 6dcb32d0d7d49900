"""A sequential audit of a frozen model: how many of its labels are wrong, asked of as few humans as possible.

The population is every item that the machine would label; item i is wrong (f_i = 1) or right (f_i = 0), fixed once the model is
frozen. Items are drawn without replacement, the doubtful ones more often, and a martingale bets against "K or more are wrong".

**The bet.** Before draw t choose, from what is known, weights v_i >= 1 and probabilities p_i > 0 over the items left; V
is the sum of v_i. Let b = K - (wrong items found so far). Drawing i multiplies the wealth by

    (v_i - f_i) / (p_i (V - b)).

*Proof.* Given the past the factor is at least 0 and its mean is (V - sum of f over the items left) / (V - b). If K or
more of the population are wrong, b or more of those left are, and the mean is at most 1: the wealth is a non-negative
supermartingale that starts at 1, so it ever reaches 1/delta with probability at most delta (Ville's inequality). This
needs nothing of the model, of its confidences, or of how v and p were chosen; and one may look, stop and go on after
every draw. Items may also leave the population otherwise (a human labels them): which of them were wrong is then known,
and counted into b.

**The best bet.** If item i is believed to be wrong with probability q_i, the wealth's expected log growth is largest for p_i
proportional to h_i = v_i (1 - 1/v_i)^q_i (Gibbs' inequality), and is then G = log(sum h_i / (V - b)): a ratio of concave
and linear, solved by Dinkelbach's method. Draws until acceptance are about log(1/delta) / G. Without doubts (all q
equal) p is uniform and the bet is the sequential likelihood ratio test; with them it samples where errors are expected.

Bets without replacement: Waudby-Smith and Ramdas, arXiv 2006.04347; weighted draws: Shekhar et al., arXiv 2305.06884. The
weights v with their closed-form optimum are Clary's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_DOUBTS = np.exp(np.linspace(np.log(1e-6), np.log(0.999), 100))  # the grid on which weights are solved


@dataclass(frozen=True)
class Design:
    """How to draw. `weights`: v, `chances`: h, of every item (unnormalised); `growth`: expected log growth of one draw;
    0: hopeless."""

    weights: Floats
    chances: Floats
    growth: float

    def draws(self, log_wealth_needed: float) -> float:
        """Expected draws until the wealth has grown by ``exp(log_wealth_needed)``."""
        return log_wealth_needed / self.growth if self.growth > 1e-9 else float("inf")


def _weights_of(rate: float) -> Floats:
    """u = v - 1 that solves h'(v) = rate for each doubt of the grid; h'(v) = (1 - 1/v)^q (1 + q / (v - 1)) falls from
    infinity to 1."""
    low, high = np.full_like(_DOUBTS, -30.0), np.full_like(_DOUBTS, 15.0)
    for _ in range(26):
        middle = (low + high) / 2
        u = np.exp(middle)
        above = _DOUBTS * (middle - np.log1p(u)) + np.log1p(_DOUBTS / u) > np.log(rate)
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray((low + high) / 2)


def design(doubts: Floats, null: float) -> Design:
    """The best bet against ``null`` or more wrong items. `doubts`: q, believed probabilities of being wrong, in (0, 1)."""
    q = np.clip(np.asarray(doubts, dtype=float), _DOUBTS[0], _DOUBTS[-1])
    uniform = Design(np.full(len(q), 2.0), np.ones(len(q)), 0.0)
    if len(q) == 0 or null <= 0 or null >= len(q):
        return uniform
    if q.sum() >= null:
        return uniform
    spots, logs = np.log(_DOUBTS), np.log(q)
    rate, v, h = len(q) / (len(q) - null), uniform.weights, uniform.chances
    for _ in range(40):
        v = 1.0 + np.exp(np.interp(logs, spots, _weights_of(rate)))
        h = v * np.exp(q * (np.log(v - 1.0) - np.log(v)))
        ratio = float(h.sum() / (v.sum() - null))
        if abs(ratio - rate) < 1e-6 * (rate - 1):
            break
        # From below the iteration rises to the optimum; a start far above it may land below 1, where nothing is won.
        rate = ratio if ratio > 1 else 1 + (rate - 1) / 4
    else:
        ratio = rate
    return Design(v, h, max(0.0, float(np.log(ratio))))


@dataclass(frozen=True)
class Draw:
    """One item drawn: its weight v, its probability p among those left, the sum V of the weights of those left (itself
    included)."""

    item: int
    weight: float
    chance: float
    total: float


def draw(items: Sequence[int], plan: Design, count: int, stream: np.random.Generator) -> list[Draw]:
    """`count` draws without replacement from `items`, in their order. Exponential keys give the same law as one draw
    after the other."""
    keys = stream.exponential(size=len(items)) / plan.chances
    order = np.argsort(keys, kind="stable")[:count]
    mass, total, drawn = float(plan.chances.sum()), float(plan.weights.sum()), []
    for spot in order.tolist():
        weight, chance = float(plan.weights[spot]), float(plan.chances[spot])
        drawn.append(Draw(int(items[spot]), weight, chance / mass, total))
        mass, total = mass - chance, total - weight
    return drawn


class Wealth:
    """The martingales of every K at once, over a course of draws and removals.

    log W(K) = sum log((v - f) / p) - sum log(V - K + found before): W grows with K, so that refuting K refutes every
    larger number. An item without an answer is played as a wrong one that was found (the factor is the smallest, the
    later b too small: both only lose wealth), yet it is no error put right, so it does not raise the number that may be
    wrong; it must not be machine-labelled.
    """

    def __init__(self) -> None:
        self._gain = 0.0
        self._ruined = False
        self._totals: list[float] = []
        self.found = 0  # wrong items that humans put right
        self.silent = 0  # drawn or removed without an answer
        self.drawn = 0
        self.drawn_wrong = 0

    def see(self, one: Draw, wrong: bool | None) -> None:
        """The answer to a draw; None: there is none."""
        self._totals.append(one.total + self.found + self.silent)
        left = one.weight - (wrong is not False)
        if left <= 0 or self._ruined:
            self._ruined = True
        else:
            self._gain += float(np.log(left) - np.log(one.chance))
        self.drawn += 1
        self.drawn_wrong += wrong is True
        self.remove(wrong)

    def remove(self, wrong: bool | None) -> None:
        """An item that a human labels without a draw."""
        self.found += wrong is True
        self.silent += wrong is None

    def log(self, null: int) -> float:
        """log W(null)."""
        if self._ruined:
            return -np.inf
        room = np.asarray(self._totals) - null
        if room.size and room.min() <= 0:  # more wrong items than were left
            return np.inf
        return self._gain - float(np.log(room).sum())

    def bound(self, delta: float, population: int) -> int:
        """With probability 1 - delta at most so many of the population were wrong at the start, those found included."""
        low, high = self.found, population + 1  # the latter is refuted: there are no more items than that
        while low < high:
            middle = (low + high) // 2
            if self.log(middle) >= np.log(1 / delta):
                high = middle
            else:
                low = middle + 1
        return max(self.found, low - 1)


def until(draws: Iterable[Draw], wealth: Wealth, null: int, need: float) -> int:
    """How many of the draws bring log W(null) to `need` if every one of them proves right; all of them if they do not
    suffice."""
    count, reached = 0, wealth.log(null)
    lost = wealth.found + wealth.silent
    for one in draws:
        if reached >= need:
            return count
        room = one.total + lost - null
        if room <= 0:
            return count
        reached += float(np.log(one.weight) - np.log(one.chance) - np.log(room))
        count += 1
    return count


def draw_from(values: Sequence[Any]) -> Draw:
    """A draw from its JSON form ``[item, weight, chance, total]``."""
    return Draw(int(values[0]), float(values[1]), float(values[2]), float(values[3]))
