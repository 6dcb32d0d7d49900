"""Instance types: what AWS gives under a name, and what this machine gives for it.

Sizes are from AWS's public list of SageMaker instance types (vCPUs, memory in GiB, NVIDIA GPUs).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from clary.config import Config
from clary.runner.spec import Resources


@dataclass(frozen=True)
class Instance:
    """What an instance type has on AWS. `memory_mb` in MB (2**20 bytes)."""

    vcpus: int
    memory_mb: int
    gpus: int


# vCPUs of the sizes that have no number in their name.
_SIZES = {"nano": 1, "micro": 1, "small": 1, "medium": 2, "large": 2, "xlarge": 4}

# GiB of memory for each vCPU, by the letters that a family's name begins with; the longest match counts.
_GIB_PER_VCPU = {
    "t": 4.0, "m": 4.0, "c": 2.0, "c4": 1.875, "c5n": 2.625, "r": 8.0, "x": 16.0, "i": 8.0, "z": 8.0,
    "p2": 15.25, "p3": 7.625, "p3dn": 8.0, "p4d": 12.0, "p4de": 12.0, "p5": 10.667, "p6": 10.667,
    "g4dn": 4.0, "g5": 4.0, "g6": 4.0, "g6e": 8.0, "g7e": 8.0, "gr6": 8.0,
    "inf": 2.0, "inf2": 4.0, "trn": 4.0, "eia": 2.0,
}  # fmt: skip

# GPUs by family and size; sizes that are not named have one.
_GPUS: dict[str, dict[str, int]] = {
    "p2": {"8xlarge": 8, "16xlarge": 16},
    "p3": {"8xlarge": 4, "16xlarge": 8},
    "p3dn": {"24xlarge": 8},
    "p4d": {"24xlarge": 8},
    "p4de": {"24xlarge": 8},
    "p5": {"48xlarge": 8},
    "p5e": {"48xlarge": 8},
    "p5en": {"48xlarge": 8},
    "p6-b200": {"48xlarge": 8},
    "p6-b300": {"48xlarge": 8},
    "p6e-gb200": {"36xlarge": 4},
    "g4dn": {"12xlarge": 4, "metal": 8},
    "g5": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6e": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g7": {"12xlarge": 2, "24xlarge": 4, "48xlarge": 8},  # not in the list we had; taken to be as g7e
    "g7e": {"12xlarge": 2, "24xlarge": 4, "48xlarge": 8},
    "gr6": {},
}

_NAME = re.compile(r"(?:ml\.)?([a-z][a-z0-9-]*)\.([a-z0-9-]+)")
_NUMBERED = re.compile(r"(\d+)xlarge")


def describe(instance_type: str) -> Instance:
    """The instance type's size on AWS; a name that is not known counts as ``ml.m5.large``."""
    match = _NAME.fullmatch(instance_type)
    if match is None:
        return Instance(2, 8192, 0)
    family, size = match.groups()
    numbered = _NUMBERED.match(size)
    if numbered is not None:
        vcpus = 4 * int(numbered[1])
    elif size.startswith("metal"):
        vcpus = 96
    else:
        vcpus = _SIZES.get(size, 2)
    if family == "m4" and size == "16xlarge":
        vcpus = 64
    if family in ("c4", "c5") and size in ("8xlarge", "9xlarge"):
        vcpus = 36
    ratio = next(
        (_GIB_PER_VCPU[family[:end]] for end in range(len(family), 0, -1) if family[:end] in _GIB_PER_VCPU),
        4.0,
    )
    gpus = _GPUS[family].get(size, 1) if family in _GPUS else 0
    return Instance(vcpus, int(vcpus * ratio * 1024), gpus)


def scaled(instance_type: str, config: Config, count: int = 1) -> Resources:
    """What this machine sets aside for `count` instances of a type: as much as AWS would, and at most all
    that is there.

    A request for more than the machine has is not refused: it gets the machine to itself.
    """
    instance = describe(instance_type)
    return clamped(
        Resources(instance.vcpus * count, instance.memory_mb * count, instance.gpus * count), config
    )


def clamped(resources: Resources, config: Config) -> Resources:
    """The same, but no more than the machine has, so that a job which has the machine to itself can run."""
    return Resources(
        min(float(resources.cpus), config.cpus),
        min(resources.memory_mb, config.memory_mb),
        min(resources.gpus, len(config.gpus)),
    )
