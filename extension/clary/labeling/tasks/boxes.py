"""Boxes around things in an image. Coordinates are whole pixels of the image, its top left corner is (0, 0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clary.labeling.consolidation.matching import overlap
from clary.labeling.consolidation.overlaps import Extent
from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, BadAnswer, DataObject, TaskType, Verdict, Vote
from clary.labeling.tasks import checking
from clary.labeling.tasks.labels import class_map, name_of, position

SIDES = ("left", "top", "width", "height")
MOST = 10_000


class BoundingBox(TaskType):
    """``bounding-box``: PRE-BoundingBox. `Verdict.details`: ``{"confidences": [0..1, one a box]}``.

    A box that reaches out of the image is refused (the canvas clips while it is drawn), as is one without area."""

    name = "bounding-box"
    metadata_type = "groundtruth/object-detection"
    element = "crowd-bounding-box"
    modality = "image"

    def check(self, answer: Any, thing: DataObject, settings: JobSettings) -> Answer:
        said = checking.members(answer, "The answer", ["boxes"])
        boxes = []
        for number, one in enumerate(checking.items(said["boxes"], "The answer's 'boxes'", MOST), 1):
            where = f"Box {number}"
            box = checking.members(one, where, ["label", *SIDES])
            name = checking.label(box["label"], f"The label of box {number}", settings)
            boxes.append({"label": name, **_sides(box, where, thing)})
        return {"boxes": boxes}

    def consolidate(
        self, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject], settings: JobSettings,
        gold: Mapping[int, Answer],
    ) -> dict[int, Verdict]:  # fmt: skip
        from clary.labeling.consolidation.boxes import consolidate

        judged = consolidate(votes, gold, alone=settings.workers_per_object == 1)
        return {
            number: Verdict({"boxes": one.kept}, one.confidence, {"confidences": one.confidences})
            for number, one in judged.items()
        }

    def distance(self, one: Answer, other: Answer) -> float:
        """1 - the sum of the IoUs of matched boxes (of one label, the closest first) / the number of different boxes."""
        return 1.0 - overlap(one["boxes"], other["boxes"], place)

    def write(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings, stored: str
    ) -> tuple[Any, dict[str, Any]]:
        boxes = verdict.answer["boxes"]
        confidences = verdict.details.get("confidences")
        if not isinstance(confidences, list) or len(confidences) != len(boxes):
            confidences = [verdict.confidence] * len(boxes)
        value = {
            "image_size": [{"width": thing.width, "height": thing.height, "depth": 3}],
            "annotations": [
                {"class_id": position(box["label"], settings), **{side: box[side] for side in SIDES}}
                for box in boxes
            ],
        }
        return value, {
            "objects": [{"confidence": round(one, 4)} for one in confidences],
            "class-map": class_map([box["label"] for box in boxes], settings),
        }

    def read(
        self, value: Any, metadata: Mapping[str, Any], thing: DataObject, settings: JobSettings, file: bytes | None
    ) -> Answer:  # fmt: skip
        if not isinstance(value, Mapping) or not isinstance(value.get("annotations"), list):
            raise BadAnswer(
                f"The label must be an object with 'annotations', a list of boxes, not {checking.shown(value)}."
            )
        boxes = []
        for number, one in enumerate(value["annotations"], 1):
            where = f"Box {number}"
            if not isinstance(one, Mapping) or any(side not in one for side in (*SIDES, "class_id")):
                raise BadAnswer(
                    f"{where} must have 'class_id', 'left', 'top', 'width' and 'height', not {checking.shown(one)}."
                )
            name = name_of(one["class_id"], metadata.get("class-map"), settings, where)
            # Detectors leave fractions; a pixel's worth is no reason to refuse their boxes.
            rounded = {side: _rounded(one[side]) for side in SIDES}
            boxes.append({"label": name, **_sides(rounded, where, thing)})
        return {"boxes": boxes}

    def answer_content(self, answer: Answer, thing: DataObject, settings: JobSettings) -> dict[str, Any]:
        return {
            "annotatedResult": {
                "boundingBoxes": [
                    {name: box[name] for name in ("height", "label", "left", "top", "width")}
                    for box in answer["boxes"]
                ],
                "inputImageProperties": {"height": thing.height, "width": thing.width},
            }
        }


def place(box: Mapping[str, Any]) -> Extent:
    """Where a box is."""
    left, top = box["left"], box["top"]
    return left, top, left + box["width"], top + box["height"]


def _rounded(value: Any) -> Any:
    if isinstance(value, float) and abs(value) < checking.LARGEST:
        return round(value)
    return value


def _sides(box: Mapping[str, Any], where: str, thing: DataObject) -> dict[str, int]:
    """The four numbers of a box, inside the image. Raises BadAnswer."""
    found = {
        side: checking.integer(
            box[side], f"{where}'s {side!r}", -checking.LARGEST if side in ("left", "top") else 1
        )
        for side in SIDES
    }
    right, bottom = found["left"] + found["width"], found["top"] + found["height"]
    width, height = (thing.width, thing.height) if thing.width else (checking.LARGEST, checking.LARGEST)
    if found["left"] < 0 or found["top"] < 0 or right > width or bottom > height:
        size = f"{thing.width} x {thing.height} pixels" if thing.width else "without negative coordinates"
        raise BadAnswer(
            f"{where} reaches from ({found['left']}, {found['top']}) to ({right}, {bottom}), out of the image, which is"
            f" {size}: clip it to the image."
        )
    return found
