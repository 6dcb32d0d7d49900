"""Named entities: labelled stretches of a text. Offsets count Unicode code points; the end is exclusive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from clary.labeling.consolidation.matching import overlap
from clary.labeling.consolidation.overlaps import Extent
from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, BadAnswer, DataObject, TaskType, Verdict, Vote
from clary.labeling.tasks import checking
from clary.labeling.tasks.labels import filled

MOST = 20_000


class NamedEntityRecognition(TaskType):
    """``named-entity-recognition``: PRE-NamedEntityRecognition. `Verdict.details`: ``{"confidences": [0..1, one an entity]}``.

    As on Ground Truth no text has two labels: entities may touch, not overlap."""

    name = "named-entity-recognition"
    metadata_type = "groundtruth/text-span"
    element = "crowd-entity-annotation"
    modality = "text"

    def check(self, answer: Any, thing: DataObject, settings: JobSettings) -> Answer:
        said = checking.members(answer, "The answer", ["entities"])
        entities = []
        for number, one in enumerate(checking.items(said["entities"], "The answer's 'entities'", MOST), 1):
            entity = checking.members(one, f"Entity {number}", ["label", "startOffset", "endOffset"])
            checking.label(entity["label"], f"The label of entity {number}", settings)
            entities.append(_entity(entity, number, thing))
        return {"entities": _apart(entities, thing)}

    def consolidate(
        self, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject], settings: JobSettings,
        gold: Mapping[int, Answer],
    ) -> dict[int, Verdict]:  # fmt: skip
        from clary.labeling.consolidation.spans import consolidate

        judged = consolidate(votes, gold, alone=settings.workers_per_object == 1)
        return {
            number: Verdict({"entities": one.kept}, one.confidence, {"confidences": one.confidences})
            for number, one in judged.items()
        }

    def distance(self, one: Answer, other: Answer) -> float:
        """1 - the sum of the Jaccard indices of matched entities (of one label) / the number of different entities."""
        return 1.0 - overlap(one["entities"], other["entities"], place)

    def write(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings, stored: str
    ) -> tuple[Any, dict[str, Any]]:
        entities = verdict.answer["entities"]
        confidences = verdict.details.get("confidences")
        if not isinstance(confidences, list) or len(confidences) != len(entities):
            confidences = [verdict.confidence] * len(entities)
        labels = [{"label": one.name, "shortDisplayName": one.short} for one in filled(settings.labels)]
        value = {"annotations": {"labels": labels, "entities": [dict(one) for one in entities]}}
        return value, {"entities": [{"confidence": round(one, 4)} for one in confidences]}

    def read(
        self, value: Any, metadata: Mapping[str, Any], thing: DataObject, settings: JobSettings, file: bytes | None
    ) -> Answer:  # fmt: skip
        annotations = value.get("annotations") if isinstance(value, Mapping) else None
        found = annotations.get("entities") if isinstance(annotations, Mapping) else None
        if not isinstance(found, list):
            raise BadAnswer(
                f"The label must be an object with 'annotations', which has a list 'entities', not {checking.shown(value)}."
            )
        entities = []
        for number, one in enumerate(found, 1):
            if not isinstance(one, Mapping) or not isinstance(one.get("label"), str):
                raise BadAnswer(f"Entity {number} must have a 'label', not {checking.shown(one)}.")
            if "startOffset" not in one or "endOffset" not in one:
                raise BadAnswer(f"Entity {number} must have 'startOffset' and 'endOffset'.")
            entities.append(_entity(one, number, thing))
        return {"entities": _apart(entities, thing)}

    def answer_content(self, answer: Answer, thing: DataObject, settings: JobSettings) -> dict[str, Any]:
        names = ("endOffset", "label", "startOffset")
        return {
            self.element: {"entities": [{name: one[name] for name in names} for one in answer["entities"]]}
        }


def place(span: Mapping[str, Any]) -> Extent:
    """Where a span is, as a box of height 1: the intersection over union of two is Jaccard's index of their characters."""
    return span["startOffset"], 0, span["endOffset"], 1


def _entity(entity: Mapping[str, Any], number: int, thing: DataObject) -> dict[str, Any]:
    start = checking.integer(entity["startOffset"], f"Entity {number}'s 'startOffset'")
    end = checking.integer(entity["endOffset"], f"Entity {number}'s 'endOffset'")
    if start >= end:
        what = "is empty" if start == end else "ends before it starts"
        raise BadAnswer(
            f"Entity {number} {what}: from {start} to {end}. The end is the offset after the last character."
        )
    if end > len(thing.text):
        raise BadAnswer(
            f"Entity {number} ends at {end}, behind the text, which has {len(thing.text)} characters (Unicode code points)."
        )
    return {"label": entity["label"], "startOffset": start, "endOffset": end}


def _apart(entities: list[dict[str, Any]], thing: DataObject) -> list[dict[str, Any]]:
    """The entities in the text's order. Raises BadAnswer where two overlap."""
    ordered = sorted(entities, key=lambda one: (one["startOffset"], one["endOffset"]))
    for one, other in pairwise(ordered):
        if other["startOffset"] < one["endOffset"]:
            raise BadAnswer(
                f"The entities {_quoted(one, thing)} and {_quoted(other, thing)} overlap: a character can have one label."
            )
    return ordered


def _quoted(entity: Mapping[str, Any], thing: DataObject) -> str:
    text = thing.text[entity["startOffset"] : entity["endOffset"]]
    return f"{checking.shown(text)} ({entity['startOffset']} to {entity['endOffset']})"
