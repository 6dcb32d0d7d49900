"""The model that learns while people label: kernel ridge classification, tuned and calibrated by its own closed-form
cross-validation.

One regression per class on -1/+1 with a shared kernel. Its leave-one-out scores cost nothing beyond the fit (the
residual of item i is alpha_i / (K + lambda I)^-1_ii, exactly: Rifkin and Lippert, MIT-CSAIL-TR-2007-025), so that kernel
width and regularisation are chosen, and confidences calibrated, on predictions of labels that the model has not seen,
after a handful of labels as after thousands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clary.labeling.active.space import Form, Space

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_RIDGES = (1e-3, 1e-2, 1e-1, 1.0)
_LARGEST = 3000  # labels a model is fitted to; of more, so many are drawn
_TUNED = 400  # labels its kernel is chosen on
_CHUNK = 4096  # items that are labelled at once


@dataclass(frozen=True)
class Model:
    """A frozen model's labels. `classes`: of every item (N,); `doubts`: the estimated probability that each is wrong
    (N,), in (0, 1); `scores`: (N, C), larger is likelier."""

    classes: Ints
    doubts: Floats
    scores: Floats


def fit(space: Space, items: Ints, classes: Ints, n_classes: int, seed: int) -> Model:
    """Learn from labels `classes` of `items` and label all N items of `space`."""
    seen = np.unique(classes)
    if len(seen) == 1:
        # Laplace's rule of succession: nothing else is known.
        scores = np.zeros((space.size, n_classes))
        scores[:, seen[0]] = 1.0
        doubt = np.full(space.size, 1.0 / (len(items) + 2))
        return Model(np.full(space.size, seen[0], dtype=np.int64), doubt, scores)
    items, classes = _some(items, classes, _LARGEST, seed)
    form, ridge = _tuned(space, *_some(items, classes, _TUNED, seed))
    targets = _targets(classes, seen)
    alpha, unseen = _solved(space.kernel(items, items, form), targets, ridge)
    inner = _applied(space, items, form, alpha)
    scores = np.full((space.size, n_classes), -2.0)
    scores[:, seen] = inner
    right = seen[np.argmax(unseen, axis=1)] == classes
    slope, level = _logistic(_gap(unseen), right)
    doubts = 1.0 / (1.0 + np.exp(np.clip(slope * _gap(inner) + level, -30, 30)))
    return Model(seen[np.argmax(inner, axis=1)].astype(np.int64), np.clip(doubts, 1e-5, 0.95), scores)


def _some(items: Ints, classes: Ints, count: int, seed: int) -> tuple[Ints, Ints]:
    """At most `count` of the labels, drawn."""
    if len(items) <= count:
        return items, classes
    kept = np.sort(np.random.default_rng([seed, len(items)]).choice(len(items), count, replace=False))
    return items[kept], classes[kept]


def _targets(classes: Ints, seen: Ints) -> Floats:
    return np.where(classes[:, None] == seen[None, :], 1.0, -1.0)


def _tuned(space: Space, items: Ints, classes: Ints) -> tuple[Form, float]:
    """The kernel and the ridge with the smallest leave-one-out squared error."""
    targets = _targets(classes, np.unique(classes))
    best: tuple[float, Form, float] | None = None
    for form in space.forms():
        values, vectors = np.linalg.eigh(space.kernel(items, items, form))
        turned, squares = vectors.T @ targets, vectors**2
        for ridge in _RIDGES:
            inverse = 1.0 / (np.maximum(values, 0.0) + ridge)
            residual = vectors @ (inverse[:, None] * turned) / (squares @ inverse)[:, None]
            loss = float(np.mean(residual**2))
            if best is None or loss < best[0]:
                best = (loss, form, ridge)
    assert best is not None
    return best[1], best[2]


def _solved(kernel: Floats, targets: Floats, ridge: float) -> tuple[Floats, Floats]:
    """Coefficients (n, C) and leave-one-out scores (n, C)."""
    from scipy.linalg import cho_factor, cho_solve

    # Copies make the kernel singular; the ridge is far above what rounding leaves of it.
    factor = cho_factor(kernel + ridge * np.eye(len(kernel)), lower=True)
    inverse = cho_solve(factor, np.eye(len(kernel)))
    alpha = inverse @ targets
    return alpha, targets - alpha / np.diag(inverse)[:, None]


def _applied(space: Space, items: Ints, form: Form, alpha: Floats) -> Floats:
    """Scores (N, C) of all items."""
    every = np.arange(space.size)
    parts = [
        space.kernel(every[at : at + _CHUNK], items, form) @ alpha for at in range(0, space.size, _CHUNK)
    ]
    return np.concatenate(parts)


def _gap(scores: Floats) -> Floats:
    """How far the best class is before the second best."""
    two = np.partition(scores, -2, axis=1)[:, -2:]
    return np.asarray(two[:, 1] - two[:, 0])


def _logistic(gaps: Floats, right: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope (>= 0) and intercept of P(right | gap), with Platt's smoothed targets and a weak pull of the slope."""
    good, bad = int(right.sum()), int((~right).sum())
    target = np.where(right, (good + 1) / (good + 2), 1 / (bad + 2))
    scale = float(gaps.std()) or 1.0
    x = np.column_stack([gaps / scale, np.ones(len(gaps))])
    beta = np.array([1.0, np.log((good + 1) / (bad + 1))])
    pull = np.diag([1e-2, 1e-6])
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30, 30)))
        step = np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + pull, x.T @ (target - p) - pull @ beta)
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return max(float(beta[0]) / scale, 0.0), float(beta[1])
