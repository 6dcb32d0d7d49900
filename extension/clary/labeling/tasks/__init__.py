"""The task types: how each kind of answer is checked, consolidated, compared, written and read.

`find` gives a type by its name, `of` the one that a job's answers have: a verification job of boxes asks for good or bad, not
for boxes.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from clary.labeling.settings import JobSettings
from clary.labeling.task_type import TaskType

GROUP = "clary.label_task_types"
_BUILT_IN = {
    "image-classification": "classification:ImageClassification",
    "image-classification-multilabel": "multilabel:ImageMultiLabel",
    "bounding-box": "boxes:BoundingBox",
    "semantic-segmentation": "segmentation:SemanticSegmentation",
    "text-classification": "classification:TextClassification",
    "text-classification-multilabel": "multilabel:TextMultiLabel",
    "named-entity-recognition": "spans:NamedEntityRecognition",
}


class UnknownTask(LookupError):
    """A task type that neither Clary nor an installed package has."""


def names() -> list[str]:
    """Every task type that `find` knows, the built-in ones first."""
    return [*_BUILT_IN, *(one.name for one in entry_points(group=GROUP) if one.name not in _BUILT_IN)]


@cache
def find(name: str) -> TaskType:
    """The task type `name`, built in or of an installed package. Raises UnknownTask."""
    if name in _BUILT_IN:
        module, _, class_name = _BUILT_IN[name].partition(":")
        built_in: TaskType = getattr(import_module(f"{__name__}.{module}"), class_name)()
        return built_in
    for one in entry_points(group=GROUP):
        if one.name == name:
            kind: TaskType = one.load()()
            return kind
    raise UnknownTask(f"There is no task type {name!r}; there are: {', '.join(names())}.")


def of(settings: JobSettings) -> TaskType:
    """The task type of a job's answers, its mode considered. Raises UnknownTask."""
    return _of(settings.task, settings.mode)


@cache
def _of(name: str, mode: str) -> TaskType:
    base = find(name)
    if mode == "verify":
        from clary.labeling.tasks.verification import Verification

        return Verification(base)
    if mode == "adjust":
        from clary.labeling.tasks.adjustment import Adjustment

        return Adjustment(base)
    return base


__all__ = ["GROUP", "UnknownTask", "find", "names", "of"]
