"""Which variant gets the next request: smooth weighted round robin (the algorithm of nginx's upstream module).

Over any run of requests as long as the weights' sum, each variant gets exactly its share, and shares are spread evenly
instead of in blocks, so 400 calls at weights 1:3 are 100 and 300.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd

# Weights are floats on the wire; whole numbers keep the sums exact for ever.
_SCALE = 1_000_000


class SmoothWeights:
    """Each pick costs one pass over the variants. `weights`: name to weight, 0 for none of the traffic."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        whole = {name: round(weight * _SCALE) for name, weight in weights.items()}
        whole = {name: max(weight, 1) if weights[name] > 0 else 0 for name, weight in whole.items()}
        divisor = gcd(*whole.values()) or 1
        self._weights = {name: weight // divisor for name, weight in whole.items() if weight > 0}
        self._total = sum(self._weights.values())
        self._current = dict.fromkeys(self._weights, 0)
        self._only = next(iter(self._weights)) if len(self._weights) == 1 else None

    def pick(self) -> str | None:
        """The variant for the next request; None when every weight is 0."""
        if self._only is not None:
            return self._only
        best, most = None, 0
        current = self._current
        for name, weight in self._weights.items():
            value = current[name] = current[name] + weight
            if best is None or value > most:
                best, most = name, value
        if best is not None:
            current[best] -= self._total
        return best
