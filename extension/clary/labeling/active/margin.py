"""Margin sampling: what the model is least sure of, no two of a batch alike.

The plain rule (Scheffer et al., 2001) asks several near-copies in one batch; here candidates are taken from the most doubtful
items, some times as many as asked for, and thinned by k-means++ in the space of the features, weighted by doubt (Zhdanov, arXiv
1901.05954, with seeding instead of k-means).
"""

from __future__ import annotations

import numpy as np

from clary.labeling.active.strategy import Situation, Strategy


class Margin(Strategy):
    """`spread`: candidates per item asked for; 1 is plain margin sampling."""

    def __init__(self, spread: float = 1.0) -> None:
        self.spread = spread

    def choose(self, now: Situation, count: int, stream: np.random.Generator) -> list[int]:
        assert now.model is not None, "margin sampling needs a model"
        doubts = now.model.doubts[now.pool]
        # Equal doubts are broken by chance, not by the order of the manifest.
        order = np.lexsort((stream.random(len(doubts)), -doubts))
        candidates = now.pool[order[: max(count, round(self.spread * count))]]
        if len(candidates) <= count:
            return [int(one) for one in candidates]
        points, weights = now.space.points[candidates], now.model.doubts[candidates]
        chosen = [0]
        nearest = ((points - points[0]) ** 2).sum(axis=1)
        while len(chosen) < count:
            chances = nearest * weights
            chances[chosen] = 0.0
            if not chances.sum() > 0:  # only copies are left
                rest = [spot for spot in range(len(candidates)) if spot not in set(chosen)]
                chosen += rest[: count - len(chosen)]
                break
            chosen.append(int(stream.choice(len(candidates), p=chances / chances.sum())))
            nearest = np.minimum(nearest, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        return [int(candidates[spot]) for spot in chosen]
