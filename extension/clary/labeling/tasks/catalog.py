"""Ground Truth's built-in functions by name: ``PRE-BoundingBox`` and ``ACS-BoundingBox`` mean boxes.

For verification and adjustment AWS has functions of boxes and masks only; here every type has them, named the same way
(``PRE-VerificationImageMultiClass``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from clary.labeling.settings import Mode

_TASKS = {
    "ImageMultiClass": "image-classification",
    "ImageMultiClassMultiLabel": "image-classification-multilabel",
    "BoundingBox": "bounding-box",
    "SemanticSegmentation": "semantic-segmentation",
    "TextMultiClass": "text-classification",
    "TextMultiClassMultiLabel": "text-classification-multilabel",
    "NamedEntityRecognition": "named-entity-recognition",
}
_MODES: dict[str, Mode] = {"": "label", "Verification": "verify", "Adjustment": "adjust"}
_REFUSED = {
    "VideoMultiClass": "labels video clips",
    "VideoObjectDetection": "labels frames of videos",
    "VideoObjectTracking": "labels frames of videos",
    "3DPointCloudObjectDetection": "labels 3D point clouds",
    "3DPointCloudObjectTracking": "labels 3D point clouds",
    "3DPointCloudSemanticSegmentation": "labels 3D point clouds",
    "PassThrough": "is for labeling jobs without an end that are fed through SNS",
}
_NAME = re.compile(r"(?P<kind>PRE|ACS)-(?P<mode>Verification|Adjustment)?(?P<task>\w+)")

# The algorithms of automated data labeling, by the last part of their ARNs.
ALGORITHMS = {
    "image-classification": ("image-classification",),
    "text-classification": ("text-classification",),
    "object-detection": ("bounding-box",),
    "semantic-segmentation": ("semantic-segmentation",),
}


@dataclass(frozen=True)
class BuiltIn:
    """A built-in function: before the task (``PRE``) or after it (``ACS``), of a task type in a mode."""

    kind: Literal["PRE", "ACS"]
    task: str
    mode: Mode


class Refused(ValueError):
    """A built-in function of AWS's that Clary does not have; the text says why."""


def built_in(function: str) -> BuiltIn | None:
    """What a function's ARN or name stands for; None for a function of the user's own. Raises Refused."""
    name = function.rsplit(":", 1)[-1]
    if re.search(r":function:[^:]+:[^:]+$", function):  # a version or an alias follows the name
        name = function.rsplit(":", 2)[-2]
    matched = _NAME.fullmatch(name)
    if not matched:
        return None
    task, mode = matched["task"], matched["mode"] or ""
    if task in _REFUSED:
        raise Refused(
            f"{name} {_REFUSED[task]}, which Clary does not offer. It labels images and texts: {', '.join(known())}."
        )
    if task not in _TASKS:
        raise Refused(f"There is no built-in function {name}; there are: {', '.join(known())}.")
    return BuiltIn("PRE" if matched["kind"] == "PRE" else "ACS", _TASKS[task], _MODES[mode])


def known() -> list[str]:
    """The names after ``PRE-`` and ``ACS-`` that AWS has and Clary offers."""
    audited = ("BoundingBox", "SemanticSegmentation")
    return [*_TASKS, *(f"{mode}{task}" for mode in _MODES if mode for task in audited)]


def function_name(kind: Literal["PRE", "ACS"], task: str, mode: Mode = "label") -> str:
    """The inverse of `built_in`. Raises KeyError for a task type that has no built-in function."""
    tasks = {value: name for name, value in _TASKS.items()}
    modes = {value: name for name, value in _MODES.items()}
    return f"{kind}-{modes[mode]}{tasks[task]}"
