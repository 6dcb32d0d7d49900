"""The built-in task types as a user names them, and what the API calls the same: functions, algorithms, crowd elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clary.sdk.api import region

Modality = Literal["image", "text"]
Mode = Literal["label", "verify", "adjust"]

# Whose functions, algorithms and pages the built-in ones are in us-east-1. Clary reads their names only.
_FUNCTIONS, _ALGORITHMS, _PAGES = "432418664414", "027400017018", "394669845002"


@dataclass(frozen=True)
class Task:
    """One task type. `function`: the end of its PRE- and ACS- names; `algorithm`: of automatic labels, empty where there are
    none; `element`: the crowd element of its template; `question`: the title that a job has by default."""

    function: str
    modality: Modality
    element: str
    question: str
    algorithm: str = ""
    reference: bool = False


TASKS = {
    "image-classification": Task(
        "ImageMultiClass", "image", "crowd-image-classifier", "What does the image show?", "image-classification"
    ),
    "image-classification-multilabel": Task(
        "ImageMultiClassMultiLabel", "image", "crowd-image-classifier-multi-select",
        "What is in the image? Choose all that apply.",
    ),
    "bounding-box": Task(
        "BoundingBox", "image", "crowd-bounding-box", "Draw a box around each object.", "object-detection"
    ),
    "semantic-segmentation": Task(
        "SemanticSegmentation", "image", "crowd-semantic-segmentation", "Mark the area of each class.", reference=True
    ),
    "text-classification": Task(
        "TextMultiClass", "text", "crowd-classifier", "Which class is the text of?", "text-classification"
    ),
    "text-classification-multilabel": Task(
        "TextMultiClassMultiLabel", "text", "crowd-classifier-multi-select",
        "Which classes is the text of? Choose all that apply.",
    ),
    "named-entity-recognition": Task(
        "NamedEntityRecognition", "text", "crowd-entity-annotation", "Mark each entity in the text."
    ),
}  # fmt: skip

_PREFIX = {"label": "", "verify": "Verification", "adjust": "Adjustment"}


def task_named(name: str) -> Task:
    """The task type of this name. Raises ValueError that lists the names."""
    task = TASKS.get(name)
    if task is None:
        raise ValueError(f"There is no task {name!r}: choose one of {', '.join(TASKS)}.")
    return task


def function_arn(kind: Literal["PRE", "ACS"], task: Task, mode: Mode) -> str:
    """The ARN of a built-in pre-processing (PRE) or consolidation (ACS) function."""
    return f"arn:aws:lambda:{region()}:{_FUNCTIONS}:function:{kind}-{_PREFIX[mode]}{task.function}"


def algorithm_arn(task: Task) -> str:
    """The ARN of the algorithm that labels automatically."""
    return f"arn:aws:sagemaker:{region()}:{_ALGORITHMS}:labeling-job-algorithm-specification/{task.algorithm}"


def page_arn(task: Task) -> str:
    """The ARN of the built-in page, of the task types that have no template."""
    return f"arn:aws:sagemaker:{region()}:{_PAGES}:human-task-ui/{task.function}"
