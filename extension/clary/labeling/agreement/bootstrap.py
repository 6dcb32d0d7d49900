"""Confidence intervals by resampling objects: what the figure would be for other objects of the same kind.

B. Efron, "Bootstrap methods: another look at the jackknife" (1979); percentile intervals. Seeded, so that a page shows the same
figures twice, and without loops over samples: a sample is a row of counts, a figure a quotient of two products.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.labeling.consolidation.crowd import Floats

SAMPLES = 400
_MOST = 1_000  # objects; more are resampled in groups of neighbours, which costs no precision


def weights(objects: int, seed: int, samples: int = SAMPLES) -> Floats:
    """(samples, groups): how often a sample has each group of objects; see `grouped`."""
    import numpy as np

    groups = min(objects, _MOST)
    random = np.random.default_rng(seed)
    return random.multinomial(groups, np.full(groups, 1 / groups), samples).astype(np.float64)


def grouped(values: Floats) -> Floats:
    """(groups, ...): values of objects, (objects, ...), added up as `weights` groups them."""
    import numpy as np

    objects = len(values)
    if objects <= _MOST:
        return values
    return np.add.reduceat(values, np.arange(_MOST) * objects // _MOST)


def interval(figures: Floats, level: float = 0.95) -> tuple[float, float]:
    """(low, high) of a figure's values in the samples; nan where there are none."""
    import numpy as np

    figures = figures[np.isfinite(figures)]
    if not len(figures):
        return float("nan"), float("nan")
    low, high = np.quantile(figures, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
