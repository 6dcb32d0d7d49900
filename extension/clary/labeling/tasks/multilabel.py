"""Any number of labels for each object: multi-label image and text classification.

The manifest lists everything that anybody chose, with a confidence for each; the labels that hold are those of 0.5 or more
(all of them where every confidence is 0: a single person chose).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, BadAnswer, DataObject, TaskType, Verdict, Vote
from clary.labeling.tasks import checking
from clary.labeling.tasks.labels import class_map, name_of, position

HOLDS = 0.5


class MultiLabel(TaskType):
    """What both multi-label types share. `Verdict.details`: ``{"confidences": {label: 0..1}}`` of everything chosen."""

    def check(self, answer: Any, thing: DataObject, settings: JobSettings) -> Answer:
        said = checking.members(answer, "The answer", ["labels"])
        chosen = checking.items(said["labels"], "The answer's 'labels'", 10_000)
        names = {
            checking.label(one, f"Entry {number} of 'labels'", settings)
            for number, one in enumerate(chosen, 1)
        }
        return {"labels": [one.name for one in settings.labels if one.name in names]}

    def consolidate(
        self, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject], settings: JobSettings,
        gold: Mapping[int, Answer],
    ) -> dict[int, Verdict]:  # fmt: skip
        from clary.labeling.consolidation.multiple import consolidate

        names = [one.name for one in settings.labels]
        known = {number: frozenset(answer["labels"]) for number, answer in gold.items()}
        judged = consolidate(votes, names, known, alone=settings.workers_per_object == 1)
        return {
            number: Verdict({"labels": one.holding}, one.confidence, {"confidences": one.confidences})
            for number, one in judged.items()
        }

    def distance(self, one: Answer, other: Answer) -> float:
        """Jaccard's."""
        here, there = set(one["labels"]), set(other["labels"])
        return 1.0 - len(here & there) / len(here | there) if here | there else 0.0

    def write(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings, stored: str
    ) -> tuple[Any, dict[str, Any]]:
        holding = set(verdict.answer["labels"])
        confidences = dict(verdict.details.get("confidences", {}))
        for name in holding:
            confidences.setdefault(name, verdict.confidence)
        if any(confidences.values()):
            # What is written says which labels hold, also where a reviewer decided against the votes.
            confidences = {
                name: max(HOLDS, value) if name in holding else min(HOLDS - 0.0001, value)
                for name, value in confidences.items()
            }
        numbers = sorted(position(name, settings) for name in confidences)
        return numbers, {
            "class-map": class_map(list(confidences), settings),
            "confidence-map": {
                str(number): round(confidences[settings.labels[number].name], 4) for number in numbers
            },
        }

    def read(
        self, value: Any, metadata: Mapping[str, Any], thing: DataObject, settings: JobSettings, file: bytes | None
    ) -> Answer:  # fmt: skip
        if not isinstance(value, list):
            raise BadAnswer(f"The label must be a list of class numbers, not {checking.shown(value)}.")
        mapped = metadata.get("class-map")
        given = metadata.get("confidence-map")
        trusted = {
            str(key): float(one)
            for key, one in (given.items() if isinstance(given, Mapping) else ())
            if isinstance(one, int | float)
        }
        judged = any(trusted.values())
        names = [
            name_of(one, mapped, settings, f"Entry {number}")
            for number, one in enumerate(value, 1)
            if not judged or trusted.get(str(one), 1.0) >= HOLDS
        ]
        order = {one.name: number for number, one in enumerate(settings.labels)}
        return {"labels": sorted(dict.fromkeys(names), key=lambda name: order.get(name, len(order)))}

    def answer_content(self, answer: Answer, thing: DataObject, settings: JobSettings) -> dict[str, Any]:
        return {self.element: {"labels": list(answer["labels"])}}


class ImageMultiLabel(MultiLabel):
    """``image-classification-multilabel``: PRE-ImageMultiClassMultiLabel."""

    name = "image-classification-multilabel"
    metadata_type = "groundtruth/image-classification-multilabel"
    element = "crowd-image-classifier-multi-select"
    modality = "image"


class TextMultiLabel(MultiLabel):
    """``text-classification-multilabel``: PRE-TextMultiClassMultiLabel."""

    name = "text-classification-multilabel"
    metadata_type = "groundtruth/text-classification-multilabel"
    element = "crowd-classifier-multi-select"
    modality = "text"
