"""The certificate: what is proven about the machine's labels, and by how much human work.

Two proofs. ``betting-wor``: the sequential audit of `audit`, which `rounds.AutoLabeler` uses. ``ltt-hypergeometric``:
one uniform sample of fixed size, for whatever has a confidence and a loss of 0 or 1 per item (a user's detector, say):
`certify`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scope = Literal["dataset", "auto-labelled"]


@dataclass(frozen=True)
class Certificate:
    """With probability at least 1 - `delta` over the draw of the audit, at most `upper_bound` (0..1) of all items (scope
    ``dataset``) or of the machine-labelled ones (``auto-labelled``) carry a wrong machine label, as measured against
    what humans would say.

    threshold: every machine label has at least this confidence. audit_size, audit_errors: items drawn, and wrong among them.
    population: items the machine would have labelled when the audit began. total: all items. commit: which audit of the
    job it was, from 1. share_auto: machine-labelled items as a share of all.
    """

    method: Literal["betting-wor", "ltt-hypergeometric"]
    epsilon: float
    delta: float
    scope: Scope
    threshold: float
    audit_size: int
    audit_errors: int
    upper_bound: float
    population: int
    total: int
    automatic: int
    commit: int = 1

    @property
    def share_auto(self) -> float:
        return self.automatic / self.total if self.total else 0.0

    def to_metadata(self) -> dict[str, Any]:
        """For the label's metadata in the output manifest, under ``certificate``."""
        return {
            "method": self.method,
            "epsilon": self.epsilon,
            "delta": self.delta,
            "threshold": round(self.threshold, 6),
            "audit-size": self.audit_size,
            "audit-errors": self.audit_errors,
            "upper-bound": round(self.upper_bound, 6),
            "scope": self.scope,
            "population": self.population,
            "total": self.total,
            "automatic": self.automatic,
            "commit": self.commit,
        }

    @classmethod
    def from_metadata(cls, value: dict[str, Any]) -> Certificate:
        """The inverse of `to_metadata`."""
        return cls(**{name.replace("-", "_"): member for name, member in value.items()})

    def words(self) -> str:
        """Two sentences for people."""
        of = "all labels" if self.scope == "dataset" else "the machine's labels"
        return (
            f"With {1 - self.delta:.0%} certainty at most {self.upper_bound:.1%} of {of} are machine labels that a human would "
            f"have given otherwise (allowed: {self.epsilon:.1%}). Humans checked {self.audit_size:,} items drawn by lot, without "
            f"seeing the machine's answer, and found {self.audit_errors:,} wrong; the machine labelled {self.automatic:,} of "
            f"{self.total:,} items ({self.share_auto:.0%})."
        )


@dataclass(frozen=True)
class Level:
    """One confidence level: what is shown if the machine labels everything at or above it."""

    threshold: float
    automatic: int
    audit_size: int
    audit_errors: int
    upper_bound: float

    def share_auto(self, total: int) -> float:
        return self.automatic / total if total else 0.0


def wrong_bound(population: int, drawn: int, wrong: int, delta: float) -> int:
    """The largest number of wrong items among `population` that a uniform sample of `drawn` with `wrong` wrong does not
    refute at `delta`: max K with P(Hypergeometric(population, K, drawn) <= wrong) > delta."""
    low, high = wrong, population - (drawn - wrong)
    while low < high:
        middle = (low + high + 1) // 2
        if _at_most(wrong, population, middle, drawn) > delta:
            low = middle
        else:
            high = middle - 1
    return low


def _at_most(wrong: int, population: int, bad: int, drawn: int) -> float:
    """P(Hypergeometric(population, bad, drawn) <= wrong)."""
    from scipy.special import gammaln

    def choose(n: Any, k: Any) -> Any:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    found = np.arange(max(0, drawn - (population - bad)), min(wrong, bad, drawn) + 1)
    logs = choose(bad, found) + choose(population - bad, drawn - found) - choose(population, drawn)
    return float(min(1.0, np.exp(logs).sum()))


def curve(
    confidence: ArrayLike,
    audit: ArrayLike,
    wrong: ArrayLike,
    *,
    total: int,
    delta: float,
    scope: Scope,
    levels: int = 50,
) -> list[Level]:
    """The error bound at every level, the most confident first: for the picture, and for `certify`.

    confidence: (R,) of the items a model has labelled, any scale. audit: positions in it of a uniform sample without
    replacement.
    wrong: (m,) whether each of these is wrong (an item without an answer counts as wrong). total: all items, N.
    """  # fmt: skip
    sure = np.asarray(confidence, dtype=float)
    spots, bad = np.asarray(audit, dtype=np.int64), np.asarray(wrong, dtype=bool)
    if spots.shape != bad.shape or len(np.unique(spots)) != len(spots):
        raise ValueError("audit and wrong must have one entry for every audited item, and no item twice.")
    if not np.isfinite(sure).all():
        raise ValueError("confidences must be finite numbers.")
    found = []
    for threshold in _thresholds(sure, levels):
        above = sure >= threshold
        inside = above[spots]
        inside_wrong = int((bad & inside).sum())
        # Dataset: errors above the level among all draws; else the draws above it, a uniform sample of what lies above.
        drawn, population = (
            (len(spots), len(sure)) if scope == "dataset" else (int(inside.sum()), int(above.sum()))
        )
        most = min(wrong_bound(population, drawn, inside_wrong, delta), int(above.sum()))
        # Audited items carry the human's label: what was found wrong is put right.
        left = int(above.sum()) - int(inside.sum())
        remaining = min(most - inside_wrong, left)
        share = remaining / (total if scope == "dataset" else max(left, 1))
        found.append(Level(float(threshold), left, int(inside.sum()), inside_wrong, share))
    return found


def certify(
    confidence: ArrayLike, audit: ArrayLike, wrong: ArrayLike, *, total: int, epsilon: float, delta: float,
    scope: Scope = "dataset", levels: int = 50, commit: int = 1,
) -> Certificate | None:  # fmt: skip
    """The lowest level at which the bound holds; None if there is none. Arguments as of `curve`.

    The sample must have been drawn after the model was frozen. Scope ``dataset``: the number of wrong items above a
    level falls with the level, so the set of accepted levels needs no correction. Scope ``auto-labelled``: levels are
    tested from the most confident one that could pass with an error in the audit, each at `delta`, until the first fails
    (fixed sequence testing; Learn then Test, arXiv 2110.01052; selective risk, arXiv 1705.08500).
    """
    shown = curve(confidence, audit, wrong, total=total, delta=delta, scope=scope, levels=levels)
    best: Level | None = None
    for level in shown:
        if scope == "auto-labelled" and best is None and level.audit_size < _least(epsilon, delta):
            continue
        if level.upper_bound <= epsilon and level.automatic > 0:
            best = level
        elif scope == "auto-labelled":
            break
    if best is None:
        return None
    return Certificate(
        "ltt-hypergeometric", epsilon, delta, scope, best.threshold, best.audit_size, best.audit_errors,
        best.upper_bound, len(np.asarray(confidence)), total, best.automatic, commit,
    )  # fmt: skip


def _least(epsilon: float, delta: float) -> int:
    """The smallest sample that may hold one error and still pass: (1 - e)^n + n e (1 - e)^(n - 1) <= delta; 93 at 5 %
    and 5 %."""
    count = 1
    while (1 - epsilon) ** count + count * epsilon * (1 - epsilon) ** (count - 1) > delta:
        count += 1
    return count


def _thresholds(confidence: NDArray[np.float64], levels: int) -> NDArray[np.float64]:
    """Levels that know no labels: quantiles of the confidence, falling."""
    if not len(confidence):
        return np.empty(0)
    return np.unique(np.quantile(confidence, np.linspace(0, 1, levels, endpoint=False), method="lower"))[::-1]
