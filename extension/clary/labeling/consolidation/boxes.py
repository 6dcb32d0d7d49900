"""Boxes that several people drew: matched by IoU, averaged, kept where they are likely there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from clary.labeling.consolidation import marks
from clary.labeling.consolidation.marks import Cluster, Kept
from clary.labeling.task_type import Answer, Vote

LEAST_IOU = 0.4


def consolidate(
    votes: Mapping[int, Sequence[Vote]], gold: Mapping[int, Answer], alone: bool = False
) -> dict[int, Kept]:
    """The boxes of every image that has votes and is not gold. `alone`: one person an image; the last answer, confidence 0."""
    from clary.labeling.tasks.boxes import place

    return marks.consolidate(votes, gold, "boxes", place, LEAST_IOU, averaged, alone)


def averaged(cluster: Cluster) -> dict[str, Any]:
    """One box for all of a cluster: the medians of its edges, the label of most."""
    boxes = [mark for _, mark in cluster.marks]
    left, top = (round(median(box[side] for box in boxes)) for side in ("left", "top"))
    right = round(median(box["left"] + box["width"] for box in boxes))
    bottom = round(median(box["top"] + box["height"] for box in boxes))
    return {
        "label": cluster.label(), "left": left, "top": top,
        "width": max(1, right - left), "height": max(1, bottom - top),
    }  # fmt: skip
