"""What a kind of task must be able to do, and how one is found.

Third parties add task types through entry points of the group ``clary.label_task_types`` (name = the type's name, value =
``module:Class``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from clary.labeling.settings import JobSettings

Answer = dict[str, Any]


class BadAnswer(ValueError):
    """An answer that a task type refuses; the text says what is wrong, where, and what would be right."""


@dataclass(frozen=True)
class DataObject:
    """One line of the input manifest. `id`: its number, from 0. `width`, `height`: pixels, of images only; 0: not known.
    `prelabel`: of jobs that verify or adjust, the label looked at, as `TaskType.read` gave it. `shown`: the text that people see,
    where a pre-annotation function or a template made it; None: the line's."""

    id: int
    line: Mapping[str, Any]
    width: int = 0
    height: int = 0
    prelabel: Answer | None = None
    shown: str | None = None

    @property
    def text(self) -> str:
        """What is labelled: the offsets of entities count in it."""
        return str(self.line.get("source", "")) if self.shown is None else self.shown


@dataclass(frozen=True)
class Vote:
    """One person's answer to one object. `time`: submission, seconds since the epoch; `seconds`: spent on it."""

    worker: str
    answer: Answer
    time: float = 0.0
    seconds: float = 0.0
    accepted: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What the votes on an object amount to. `confidence` 0..1; `details`: what the manifest's metadata say beyond (a confidence
    per box, per class, ...), by the task type's own keys."""

    answer: Answer
    confidence: float
    details: dict[str, Any] = field(default_factory=dict)


class TaskType(ABC):
    """One kind of task. Instances have no state.

    Answers are JSON documents in the task's own form, the same in the canvas, the job's database and here:
    image-classification, text-classification      ``{"label": "cat"}``
    ...-multilabel                                 ``{"labels": ["cat", "dog"]}`` (may be empty)
    bounding-box                                   ``{"boxes": [{"label", "left", "top", "width", "height"}]}`` integer pixels
    semantic-segmentation                          ``{"width", "height", "runs": [[class, length], ...]}`` row by row; class 0 is
                                                   the background, class i the label number i - 1; lengths sum to width * height.
                                                   A mask that is only looked at (verification) has its own classes beside it:
                                                   ``"classes": [{"name", "color"}]``, class i the number i - 1 of them
    named-entity-recognition                       ``{"entities": [{"label", "startOffset", "endOffset"}]}`` code points
    verification of any                            ``{"label": "good", "comment": "..."}``
    """

    name: ClassVar[str]
    metadata_type: ClassVar[str]  # "groundtruth/image-classification"
    element: ClassVar[str]  # the crowd element it stands for, "crowd-image-classifier"
    modality: ClassVar[Literal["image", "text"]]
    reference: ClassVar[bool] = False  # the label attribute must end in -ref

    @abstractmethod
    def check(self, answer: Any, thing: DataObject, settings: JobSettings) -> Answer:
        """The answer in normal form. Called for everything that comes from outside. Raises BadAnswer."""

    @abstractmethod
    def consolidate(
        self, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject], settings: JobSettings,
        gold: Mapping[int, Answer],
    ) -> dict[int, Verdict]:  # fmt: skip
        """A verdict for every object that has votes. `gold`: known answers, of objects that may have votes too; they calibrate
        the confidences and get no verdicts. Called whenever somebody looks, so it must be quick: 100,000 answers in a second."""

    @abstractmethod
    def distance(self, one: Answer, other: Answer) -> float:
        """How much two answers differ: 0 (the same) to 1 (nothing in common), for agreement."""

    @abstractmethod
    def write(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings, stored: str
    ) -> tuple[Any, dict[str, Any]]:
        """The label's value in the output manifest, and the metadata beyond the common ones. `stored`: the URI of what
        `stored_file` gave, empty where it gave nothing."""

    def packed(self, answer: Answer) -> Answer:
        """The answer as it is held in memory beside thousands of others: equal, but what is long in it may be a sequence that
        JSON cannot say."""
        return answer

    def stored_file(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings
    ) -> tuple[bytes, str] | None:
        """A file that the label refers to, and its extension (a mask's PNG)."""
        return None

    @abstractmethod
    def read(
        self,
        value: Any,
        metadata: Mapping[str, Any],
        thing: DataObject,
        settings: JobSettings,
        file: bytes | None,
    ) -> Answer:
        """The inverse of `write`, lenient: what an earlier job (AWS's, too) left. `file`: what the value refers
        to, of reference types. Raises BadAnswer."""

    @abstractmethod
    def answer_content(self, answer: Answer, thing: DataObject, settings: JobSettings) -> dict[str, Any]:
        """``answerContent`` of AWS's worker-response files: ``{"crowd-image-classifier": {"label": "cat"}}``."""
