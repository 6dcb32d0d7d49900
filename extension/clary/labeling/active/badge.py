"""BADGE: items that are doubtful and unlike each other (Ash et al., ICLR 2020, arXiv 1906.03671).

Item i stands for the gradient it would give the last layer, (p_i - e_i) x_i, with p_i the model's probabilities, e_i its
own guess and x_i the item's coordinates: long where the model doubts, and pointing where it would have to change.
k-means++ picks a batch of them. The gradients are never built: their inner products are (p_i - e_i)(p_j - e_j) times x_i
x_j. Being drawn, now and then an item is one that the model thinks easy, which keeps the record of foresight honest (see
`doubts`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clary.labeling.active.strategy import Situation, Strategy

Floats = NDArray[np.float64]
_SHARPNESS = 3.0  # of the softmax of scores whose targets are -1 and 1


class Badge(Strategy):
    def choose(self, now: Situation, count: int, stream: np.random.Generator) -> list[int]:
        assert now.model is not None, "BADGE needs a model"
        pulls = probabilities(now.model.scores[now.pool])
        pulls[np.arange(len(now.pool)), now.model.classes[now.pool]] -= 1.0
        points = now.space.points[now.pool]
        lengths = (pulls**2).sum(axis=1) * (points**2).sum(axis=1)
        nearest, chosen = np.full(len(now.pool), np.inf), [int(np.argmax(lengths))]
        while len(chosen) < min(count, len(now.pool)):
            last = chosen[-1]
            inner = (pulls @ pulls[last]) * (points @ points[last])
            nearest = np.minimum(nearest, np.maximum(lengths + lengths[last] - 2.0 * inner, 0.0))
            nearest[chosen] = 0.0
            mass = np.cumsum(nearest)
            if not mass[-1] > 1e-12 * len(mass):  # only copies are left
                others = np.setdiff1d(np.arange(len(now.pool)), chosen)
                chosen += stream.choice(
                    others, min(count, len(now.pool)) - len(chosen), replace=False
                ).tolist()
                break
            chosen.append(int(np.searchsorted(mass, stream.random() * mass[-1], side="right")))
        return [int(now.pool[spot]) for spot in chosen]


def probabilities(scores: Floats) -> Floats:
    """Softmax (n, C) of one-against-rest scores."""
    grown = np.exp(_SHARPNESS * (scores - scores.max(axis=1, keepdims=True)))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))
