"""Margin sampling: what the model is least sure of (Scheffer et al., 2001).

Of the strategies tried in the same loop it needs the fewest labels when errors must be rare; `badge.Badge` is as good or a
little better when they need not.
"""

from __future__ import annotations

import numpy as np

from clary.labeling.active.strategy import Situation, Strategy


class Margin(Strategy):
    """`lot`: the share of a batch that is picked at random."""

    def __init__(self, lot: float = 0.0) -> None:
        self.lot = lot

    def choose(self, now: Situation, count: int, stream: np.random.Generator) -> list[int]:
        assert now.model is not None, "margin sampling needs a model"
        # Equal gaps are broken by chance, not by the order of the manifest.
        order = now.pool[np.lexsort((stream.random(len(now.pool)), now.model.gaps[now.pool]))]
        lots = round(self.lot * count)
        least, others = order[: count - lots], order[count - lots :]
        drawn = stream.choice(others, min(lots, len(others)), replace=False)
        return [int(one) for one in (*least, *drawn)]
