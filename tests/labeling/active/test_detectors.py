"""How much of a detector's work is believed, and how often wrongly: many data sets, each from a seed."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from clary.labeling.settings import Automatic
from clary.labeling.steps.detecting import _first, _size, weighed

Scope = Literal["dataset", "auto-labelled"]


def labelled(count: int, doubtful: float, scope: Scope, seed: int) -> tuple[float, float]:
    """(share that the machine labels, errors as a share of the scope). A detector is wrong about as often as it is less sure
    than `doubtful`."""
    chance = np.random.default_rng(seed)
    sure = chance.random(count)
    wrong = chance.random(count) < 1 / (1 + np.exp(15 * (sure - doubtful)))
    automatic = Automatic(scope=scope)
    first = _first(count, count, automatic)
    assert first is not None
    look, size = 1, first
    while True:
        proof, more = weighed(list(sure), list(wrong[:size]), count, automatic, first, look)
        if more is None:
            break
        look, size = more, _size(first, more)
    if proof is None:
        return 0.0, 0.0
    machine = sure[size:] >= proof.threshold
    of = count if scope == "dataset" else max(1, machine.sum())
    return machine.sum() / count, wrong[size:][machine].sum() / of


@pytest.mark.parametrize(
    ("scope", "count", "doubtful", "least"),
    [("dataset", 1000, 0.15, 0.55), ("auto-labelled", 2000, 0.1, 0.5), ("auto-labelled", 4000, 0.2, 0.4)],
)
def test_a_useful_detector_is_believed_and_the_bound_holds(
    scope: Scope, count: int, doubtful: float, least: float
) -> None:
    found = [labelled(count, doubtful, scope, seed) for seed in range(25)]
    assert np.median([share for share, _ in found]) >= least
    assert (
        sum(error > 0.05 for _, error in found) <= 3
    )  # delta is 5 %: more than 3 of 25 come once in 30 runs at most


def test_nobody_is_believed_who_is_wrong_half_the_time() -> None:
    assert all(labelled(1000, 2.0, "auto-labelled", seed) == (0.0, 0.0) for seed in range(10))
