"""Confidences that are right as often as they say.

People find the same objects hard, so their errors are not independent, and posteriors that count them as such are too sure:
on real crowds those of 0.99 and more were right in 71 to 97 of 100 cases. Log posteriors are therefore tempered (divided by a
temperature, C. Guo et al., "On calibration of modern neural networks", 2017), which changes no decision. The share that is
kept of them is `KEPT` where nothing is known, and is fitted where there are gold objects: the most likely one under a
log-normal prior around `KEPT`, so that a few gold objects move it a little and a hundred settle it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.labeling.consolidation.crowd import Floats, Ints

KEPT = 0.6
_DOUBT = 0.5  # the prior's standard deviation, in log units
_LEAST, _MOST, _STEPS = 0.05, 1.5, 60


def kept_share(logs: Floats, truth: Ints) -> float:
    """How much of log posteriors (gold objects, classes) to keep, given what the objects are."""
    import numpy as np

    from clary.labeling.consolidation.dawid_skene import softmax

    if not len(truth):
        return KEPT
    grid = np.geomspace(_LEAST, _MOST, _STEPS)
    rows = np.arange(len(truth))
    fit = [np.log(softmax(share * logs)[rows, truth] + 1e-12).sum() for share in grid]
    doubt = (np.log(grid / KEPT) / _DOUBT) ** 2 / 2
    return float(grid[int(np.argmax(np.array(fit) - doubt))])
