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
_TUNED = 300  # labels its kernel is chosen on
_CHUNK = 2048  # items that are labelled at once


@dataclass(frozen=True)
class Model:
    """A frozen model's labels. `classes`: of every item (N,). `gaps`: how far the best class is before the second best
    (N,), where targets are -1 and 1: 0 (a tie) to about 2. `scores`: (N, C); -1 of classes
    that no label has."""

    classes: Ints
    gaps: Floats
    scores: Floats


def fit(space: Space, items: Ints, classes: Ints, n_classes: int, seed: int) -> Model:
    """Learn from labels `classes` of `items` and label all N items of `space`. Deterministic."""
    from scipy.linalg import solve

    seen = np.unique(classes)
    if len(seen) == 1:
        alone = np.full(space.size, seen[0], dtype=np.int64)
        scores = np.full((space.size, n_classes), -1.0)
        scores[:, seen[0]] = 1.0
        return Model(alone, np.full(space.size, 2.0 * (1 - 2 / (len(items) + 2))), scores)
    items, classes = _some(items, classes, _LARGEST, seed)
    form, ridge = _tuned(space, *_some(items, classes, _TUNED, seed))
    targets = np.where(classes[:, None] == seen[None, :], 1.0, -1.0)
    kernel = space.kernel(items, items, form)
    # Copies make the kernel singular; the ridge is far above what rounding leaves of it.
    alpha = solve(kernel + ridge * np.eye(len(kernel)), targets, assume_a="pos")
    scores = np.full((space.size, n_classes), -1.0)
    scores[:, seen] = inner = _applied(space, items, form, alpha)
    two = np.partition(inner, -2, axis=1)[:, -2:]
    return Model(seen[np.argmax(inner, axis=1)].astype(np.int64), np.asarray(two[:, 1] - two[:, 0]), scores)


def _some(items: Ints, classes: Ints, count: int, seed: int) -> tuple[Ints, Ints]:
    """At most `count` of the labels, drawn."""
    if len(items) <= count:
        return items, classes
    kept = np.sort(np.random.default_rng([seed, len(items)]).choice(len(items), count, replace=False))
    return items[kept], classes[kept]


def _tuned(space: Space, items: Ints, classes: Ints) -> tuple[Form, float]:
    """The kernel and the ridge with the smallest leave-one-out squared error."""
    targets = np.where(classes[:, None] == np.unique(classes)[None, :], 1.0, -1.0)
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


def _applied(space: Space, items: Ints, form: Form, alpha: Floats) -> Floats:
    """Scores (N, C) of all items."""
    every = np.arange(space.size)
    parts = [
        space.kernel(every[at : at + _CHUNK], items, form) @ alpha for at in range(0, space.size, _CHUNK)
    ]
    return np.concatenate(parts)
