"""Coefficients of agreement beyond chance, on tables of counts.

K. Krippendorff, "Computing Krippendorff's alpha-reliability" (2011); J. Cohen, "A coefficient of agreement for nominal scales"
(1960); J. Fleiss, "Measuring nominal scale agreement among many raters" (1971). 1 is agreement, 0 what chance gives, less is
disagreement by intent; nan where there is nothing to compare or only one class was ever used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.labeling.consolidation.crowd import Floats, Ints


def alpha(counts: Floats, differences: Floats | None = None) -> float:
    """Krippendorff's alpha of `counts` (objects, classes): how many said what. Objects with one answer tell nothing.

    `differences`: (classes, classes), how much two classes differ, 0 on the diagonal; None: nominal, 1 everywhere else."""
    observed, expected = disagreements(counts, differences)
    return alpha_of(observed.sum(), expected)


def disagreements(counts: Floats, differences: Floats | None = None) -> tuple[Floats, float]:
    """(disagreement of each object, (objects,); the one that chance gives), both as sums over pairable answers.

    alpha = 1 - sum(observed) / expected."""
    import numpy as np

    said = counts.sum(1)
    use = said >= 2
    counts, said = counts[use], said[use]
    classes = counts.shape[1]
    delta = np.ones((classes, classes)) - np.eye(classes) if differences is None else differences
    observed = np.zeros(len(use))
    observed[use] = ((counts @ delta) * counts).sum(1) / np.maximum(said - 1, 1)
    totals = counts.sum(0)
    everything = totals.sum()
    expected = float(totals @ delta @ totals) / max(everything - 1, 1)
    return observed, expected


def alpha_of(observed: float, expected: float) -> float:
    return float(1 - observed / expected) if expected > 0 else float("nan")


def cohen_kappa(one: Ints, other: Ints) -> float:
    """Cohen's kappa of two people's labels of the same objects, (objects,) each."""
    import numpy as np

    if not len(one):
        return float("nan")
    classes = int(max(one.max(), other.max())) + 1
    table = np.bincount(one * classes + other, minlength=classes * classes).reshape(classes, classes) / len(
        one
    )
    chance = float(table.sum(1) @ table.sum(0))
    return float((np.trace(table) - chance) / (1 - chance)) if chance < 1 else float("nan")


def fleiss_kappa(counts: Floats) -> float:
    """Fleiss' kappa of `counts` (objects, classes), every object with as many answers; those with others are left out."""
    import numpy as np

    said = counts.sum(1)
    if not len(said) or said.max() < 2:
        return float("nan")
    each = np.bincount(said[said >= 2].astype(np.int64)).argmax()
    counts = counts[said == each]
    shares = counts.sum(0) / counts.sum()
    chance = float(shares @ shares)
    agreed = float(((counts * counts).sum(1) - each).mean() / (each * (each - 1)))
    return (agreed - chance) / (1 - chance) if chance < 1 else float("nan")
