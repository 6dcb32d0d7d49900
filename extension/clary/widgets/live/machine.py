"""The instance type: what it is on AWS, and what this machine sets aside for it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from clary.sdk.api import get


@lru_cache(maxsize=1)
def _types() -> dict[str, Any]:
    return get("/clary/instance-types/training")


def names() -> list[str]:
    """The instance types of training jobs: everyday ones first."""
    first = ("ml.t3.", "ml.m5.", "ml.c5.", "ml.g5.", "ml.g6.", "ml.p4d.", "ml.p5.")
    known = [one["name"] for one in _types()["types"]]
    everyday = [name for start in first for name in known if name.startswith(start)]
    return [*everyday, *(name for name in known if name not in set(everyday))]


def told(name: str, count: int = 1) -> str:
    """What this machine gives for it, in a sentence."""
    found = next((one for one in _types()["types"] if one["name"] == name), None)
    if found is None:
        return ""
    here, aws, machine = found["here"], found["aws"], _types()["machine"]
    gives = f"This machine sets aside {_amount(here['cpus'], here['memory_mb'], here['gpus'])}"
    if count > 1:
        gives += " for each host"
    less = here["cpus"] < aws["vcpus"] or here["gpus"] < aws["gpus"] or here["memory_mb"] < aws["memory_mb"]
    if not less:
        return gives + ", as AWS does."
    whole = here["cpus"] >= machine["cpus"] or here["memory_mb"] >= machine["memory_mb"]
    own = " (the whole machine: one job at a time)" if whole else ""
    return f"{gives}{own}; AWS gives {_amount(aws['vcpus'], aws['memory_mb'], aws['gpus'])}."


def _amount(cpus: float, memory_mb: int, gpus: int) -> str:
    cores = f"{cpus:g} core" + ("" if cpus == 1 else "s")
    devices = f", {gpus} GPU" + ("" if gpus == 1 else "s") if gpus else ""
    return f"{cores}, {memory_mb / 1024:.3g} GB{devices}"
