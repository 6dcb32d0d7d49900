"""What the service model says of single values, for telling a slip before anything is sent."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _model() -> Any:
    from clary.api.wire import service_model

    return service_model("sagemaker")


def problem(shape: str, value: str) -> str:
    """Why ``value`` is no ``TrainingJobName`` (or another text shape); "" where it is one."""
    from clary.api.patterns import compiled

    found = _model().shape_for(shape)
    limits = found.metadata
    if found.enum and value not in found.enum:
        return f"must be one of {', '.join(found.enum)}"
    if len(value) < limits.get("min", 0):
        return f"must have at least {limits['min']} characters"
    if len(value) > limits.get("max", len(value)):
        return f"must have at most {limits['max']:,} characters, not {len(value):,}"
    pattern = compiled(limits["pattern"]) if limits.get("pattern") else None
    if pattern is not None and not pattern.fullmatch(value):
        return f"must satisfy the pattern {limits['pattern']}"
    return ""
