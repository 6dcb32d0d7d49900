"""CloudWatch's statistics: samples gathered into periods, and one number made of each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from clary.api.errors import ApiError
from clary.store.samples import Sample

STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d{1,10})?)")
_SHORT_PERIODS = (1, 5, 10, 20, 30)
_MINUTE = 60


def invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValue", message)


def check_period(period: int) -> None:
    """Raise ApiError for a period (seconds) that CloudWatch does not know."""
    if period not in _SHORT_PERIODS and period % _MINUTE:
        raise invalid("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")


def check_statistic(name: str) -> None:
    """Raise ApiError for a name that is neither one of `STATISTICS` nor a percentile."""
    if name not in STATISTICS and percentile(name) is None:
        raise invalid(
            f"The statistic {name} is not offered by Clary. Use {', '.join(STATISTICS)}, or a percentile from p0 to p100."
        )


def percentile(name: str) -> float | None:
    """99.9 for "p99.9"; None for what is no percentile."""
    found = _PERCENTILE.fullmatch(name)
    value = float(found[1]) if found else -1.0
    return value if 0 <= value <= 100 else None


def span(start: float, end: float, period: int) -> tuple[float, float]:
    """The times (start inclusive, end exclusive) of samples that belong to a request, in epoch seconds.

    CloudWatch keeps a minute's values under the minute's beginning, so both ends are looked up there; below a minute's period
    the same with seconds.
    """
    grain = _MINUTE if period >= _MINUTE else 1
    return math.floor(start / grain) * grain, math.ceil(end / grain) * grain


def by_period(samples: Iterable[Sample], period: int) -> dict[tuple[int, str], list[Sample]]:
    """Samples by (beginning of their period in epoch seconds, unit), in the order of time. Periods are multiples of their
    length since the epoch."""
    found: dict[tuple[int, str], list[Sample]] = {}
    for sample in samples:
        begin = math.floor(sample.time / period) * period
        found.setdefault((begin, sample.unit), []).append(sample)
    return dict(sorted(found.items()))


def statistic(name: str, samples: list[Sample]) -> float | None:
    """One number of a period's samples; None where a percentile cannot be told, because only sums are known."""
    count, total = sum(s.count for s in samples), sum(s.sum for s in samples)
    if name == "SampleCount":
        return count
    if name == "Sum":
        return total
    if name == "Average":
        return total / count if count else None
    if name == "Minimum":
        return min(s.low for s in samples)
    if name == "Maximum":
        return max(s.high for s in samples)
    return _nearest_rank(percentile(name) or 0.0, samples)


def _nearest_rank(wanted: float, samples: list[Sample]) -> float | None:
    if any(s.low != s.high for s in samples):
        return None
    rank = wanted / 100 * sum(s.count for s in samples)
    passed = 0.0
    ordered = sorted(samples, key=lambda s: s.low)
    for sample in ordered:
        passed += sample.count
        if passed >= rank:
            return sample.low
    return ordered[-1].high


def combination(message: str) -> ApiError:
    return ApiError("InvalidParameterCombination", message)


def dimensions_of(pairs: list[dict[str, str]]) -> dict[str, str]:
    found = {pair["Name"]: pair["Value"] for pair in pairs}
    if len(found) < len(pairs):
        raise invalid("The names of Dimensions must be unique.")
    return found
