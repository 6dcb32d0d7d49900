"""One label for each object: image and text classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, BadAnswer, DataObject, TaskType, Verdict, Vote
from clary.labeling.tasks import checking
from clary.labeling.tasks.labels import name_of, position


class Classification(TaskType):
    """What image and text classification share."""

    def check(self, answer: Any, thing: DataObject, settings: JobSettings) -> Answer:
        said = checking.members(answer, "The answer", ["label"])
        return {"label": checking.label(said["label"], "The answer's 'label'", settings)}

    def consolidate(
        self, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject], settings: JobSettings,
        gold: Mapping[int, Answer],
    ) -> dict[int, Verdict]:  # fmt: skip
        from clary.labeling.consolidation.single import consolidate

        names = [one.name for one in settings.labels]
        known = {number: str(answer["label"]) for number, answer in gold.items()}
        judged = consolidate(votes, names, known, alone=settings.workers_per_object == 1)
        return {number: Verdict({"label": name}, confidence) for number, (name, confidence) in judged.items()}

    def distance(self, one: Answer, other: Answer) -> float:
        return float(one["label"] != other["label"])

    def write(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings, stored: str
    ) -> tuple[Any, dict[str, Any]]:
        name = verdict.answer["label"]
        return position(name, settings), {"class-name": name, "confidence": round(verdict.confidence, 4)}

    def read(
        self, value: Any, metadata: Mapping[str, Any], thing: DataObject, settings: JobSettings, file: bytes | None
    ) -> Answer:  # fmt: skip
        name = metadata.get("class-name")
        if isinstance(name, str):
            return {"label": name}
        if isinstance(value, str) and any(one.name == value for one in settings.labels):
            return {"label": value}
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise BadAnswer(f"The label must be a class's number, not {checking.shown(value)}.")
        return {"label": name_of(value, metadata.get("class-map"), settings, "The label")}

    def answer_content(self, answer: Answer, thing: DataObject, settings: JobSettings) -> dict[str, Any]:
        return {self.element: {"label": answer["label"]}}


class ImageClassification(Classification):
    """``image-classification``: PRE-ImageMultiClass."""

    name = "image-classification"
    metadata_type = "groundtruth/image-classification"
    element = "crowd-image-classifier"
    modality = "image"


class TextClassification(Classification):
    """``text-classification``: PRE-TextMultiClass."""

    name = "text-classification"
    metadata_type = "groundtruth/text-classification"
    element = "crowd-classifier"
    modality = "text"
