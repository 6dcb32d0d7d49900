"""Hyperparameters: from the strings of CreateTrainingJob to a script's values and its command line.

The rules are those of sagemaker-training-toolkit (environment.read_hyperparameters, mapping.to_cmd_args): values may be
JSON (``"\\"train.py\\""`` from SDK v2's estimators) or plain text (``"train.py"`` from SDK v3's tuner).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

PREFIX = "sagemaker_"
# Read by the platform itself; other keys with the prefix are the framework's and are shown in SM_FRAMEWORK_PARAMS.
PLATFORM = frozenset(
    {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "default_user_module_name",
        "_tuning_objective_metric",
        "sagemaker_s3_output",
    }
)


class Hyperparameters(NamedTuple):
    """Decoded hyperparameters, apart: the user's own, the platform's, and the framework's ``sagemaker_*``."""

    user: dict[str, Any]
    platform: dict[str, Any]
    framework: dict[str, Any]


def decode(raw: Mapping[str, str]) -> dict[str, Any]:
    """Each value read as JSON where it is JSON, else kept as the string it is."""
    decoded: dict[str, Any] = {}
    for key, value in raw.items():
        try:
            decoded[key] = json.loads(value)
        except (ValueError, TypeError):
            decoded[key] = value
    return decoded


def split(raw: Mapping[str, str]) -> Hyperparameters:
    """Decode and sort ``raw`` into the user's, the platform's and the framework's."""
    groups = Hyperparameters({}, {}, {})
    for key, value in decode(raw).items():
        if key in PLATFORM:
            groups.platform[key] = value
        elif key.startswith(PREFIX):
            groups.framework[key] = value
        else:
            groups.user[key] = value
    return groups


def to_arguments(values: Mapping[str, Any]) -> list[str]:
    """A script's arguments: sorted by key, ``--key value`` (``-k value`` for one letter), a dict as ``k=v,k=v``.

    >>> to_arguments({"lr": 0.1, "e": 2, "augment": True, "sizes": {"w": 1, "h": 2}, "none": None})
    ['--augment', 'True', '-e', '2', '--lr', '0.1', '--none', '', '--sizes', 'h=2,w=1']
    """
    arguments: list[str] = []
    for key in sorted(values):
        dashes = "--" if len(key) > 1 else "-"
        arguments += [f"{dashes}{key}" if key else "", _argument(values[key])]
    return arguments


def _argument(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return "" if value is None else str(value)
