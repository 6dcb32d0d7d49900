"""Krippendorff's alpha and shares, with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DRAWS = 400
_SURE = 1.959963984540054  # two-sided 95 % of the normal distribution


class Interval(NamedTuple):
    """A value with its 95 % interval; None: not known."""

    value: float | None
    low: float | None
    high: float | None


def alpha(counts: NDArray[np.int64]) -> Interval:
    """Krippendorff's alpha for nominal values; `counts`: how often each object was given each value, [objects, values].

    alpha = 1 - observed / expected disagreement (Krippendorff, Content Analysis, ch. 11); the interval is a bootstrap over the
    objects with a fixed seed. Objects that look the same are drawn together, so that 100,000 cost little more than 100.
    """
    import numpy as np

    counts = counts[counts.sum(axis=1) > 1]
    if not len(counts):
        return Interval(None, None, None)
    patterns, times = np.unique(counts, axis=0, return_counts=True)
    given = patterns.sum(axis=1)
    observed = (given**2 - (patterns**2).sum(axis=1)) / (given - 1)
    value = float(_alpha(times[None, :], patterns, given, observed)[0])
    draws = np.random.default_rng(0).multinomial(int(times.sum()), times / times.sum(), size=_DRAWS)
    drawn = _alpha(draws, patterns, given, observed)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, min(float(low), value), max(float(high), value))


def _alpha(draws: Any, patterns: Any, given: Any, observed: Any) -> Any:
    """alpha of each draw of patterns, [draws]; where only one value was ever given nobody could disagree: 1."""
    import numpy as np

    total = draws @ given
    seen = draws @ observed
    values = draws @ patterns
    expected = (total**2 - (values**2).sum(axis=1)) / np.maximum(total - 1, 1)
    return np.where(expected > 0, 1 - seen / np.where(expected > 0, expected, 1), 1.0)


def share(values: Sequence[float], weights: Sequence[float]) -> Interval:
    """The weighted mean of values (0..1), and a bootstrap over them with a fixed seed."""
    import numpy as np

    numbers, heavy = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    if not numbers.size:
        return Interval(None, None, None)
    value = float(np.average(numbers, weights=heavy))
    stream = np.random.default_rng(0)
    spots = stream.integers(0, numbers.size, size=(_DRAWS, numbers.size))
    means = (numbers[spots] * heavy[spots]).sum(axis=1) / heavy[spots].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(value, min(float(low), value), max(float(high), value))


def share_of_likeness(values: Sequence[float]) -> Interval:
    """The mean of values between 0 and 1 with Wilson's interval, which is wide where they are few, also when all are the same
    (values between 0 and 1 vary less than those of 0 and 1 alone, so that the interval is wide enough)."""
    count = len(values)
    if not count:
        return Interval(None, None, None)
    mean = sum(values) / count
    return wilson(mean, count)


def wilson(mean: float, count: int) -> Interval:
    """Wilson's score interval of a share seen in `count` trials (JASA 22, 1927)."""
    square = _SURE**2
    middle = (mean + square / (2 * count)) / (1 + square / count)
    spread = _SURE / (1 + square / count) * math.sqrt(mean * (1 - mean) / count + square / (4 * count**2))
    return Interval(mean, max(0.0, min(middle - spread, mean)), min(1.0, max(middle + spread, mean)))
