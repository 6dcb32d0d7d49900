"""How sure to be of a label: confidences from foresight, the model's record of predicting labels before humans gave them.

Active learning spoils the usual ways. What is labelled is what was hard, so cross-validation among the labels says three to
seven times too many errors of what is left (measured). But each round the model had labelled the items that were asked
next: a record of predictions and truths, in which, *given its gap* (best score before second best), an item was picked
without regard to its label. A logistic curve P(wrong | gap) fitted to this record is therefore not biased by the picking; it is
extrapolated to gaps that were never asked about, until an audit, drawn by lot, joins the record. Predictions by weaker models
count less. A certificate does not rest on any of this; only the number of human labels does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Before there is a record: at gap 0 two classes are alike, at the full gap (1 against -1: 2) hardly any label is wrong.
_PRIOR, _STRENGTH = np.array([0.0, 3.0]), np.array([0.5, 0.2])
_AGING = 2.0  # a prediction made with a share s of today's labels counts s^2


def doubts(gaps: Floats, record: Sequence[Sequence[float]], known: Mapping[int, int], labels: int) -> Floats:
    """The probability that each label is wrong (n,), in (0, 1).

    gaps: of the items in question. record: ``[item, gap, class, labels then]`` of each prediction; those without a
    human's label do not count. labels: how many there are now.
    """
    rows = [one for one in record if int(one[0]) in known]
    wrong = np.asarray([known[int(one[0])] != int(one[2]) for one in rows], dtype=float)
    seen = np.asarray([one[1] for one in rows], dtype=float)
    weights = np.asarray([min(1.0, one[3] / max(labels, 1)) for one in rows], dtype=float) ** _AGING
    level, slope = _curve(seen, wrong, weights)
    return np.asarray(np.clip(1.0 / (1.0 + np.exp(np.clip(slope * gaps - level, -30, 30))), 1e-5, 0.95))


def _curve(gaps: Floats, wrong: Floats, weights: Floats) -> tuple[float, float]:
    """Level and slope (>= 0) of P(wrong) = 1 / (1 + exp(slope gap - level)): the most probable ones, by Newton's method."""
    x = np.column_stack([np.ones(len(gaps)), -gaps])
    beta = _PRIOR.copy()
    for _ in range(60):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30, 30)))
        slope = x.T @ (weights * (wrong - p)) - _STRENGTH * (beta - _PRIOR)
        bend = x.T @ (x * (weights * p * (1 - p))[:, None]) + np.diag(_STRENGTH)
        move = np.clip(np.linalg.solve(bend, slope), -2, 2)
        beta = beta + move
        if np.abs(move).max() < 1e-8:
            break
    return float(beta[0]), max(float(beta[1]), 0.0)
