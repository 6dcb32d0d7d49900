"""Boxes that several people drew: matched by IoU, averaged, kept by vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from clary.labeling.consolidation.marks import Cluster, Kept, clusters
from clary.labeling.task_type import Answer, Vote

LEAST_IOU = 0.4


def consolidate(
    votes: Mapping[int, Sequence[Vote]], gold: Mapping[int, Answer], alone: bool = False
) -> dict[int, Kept]:
    """The boxes of every image that has votes and is not gold."""
    from clary.labeling.tasks.boxes import iou

    found = {}
    for number, given in votes.items():
        if not given or number in gold:
            continue
        if alone:
            boxes = [dict(box) for box in given[-1].answer["boxes"]]
            found[number] = Kept(boxes, [0.0] * len(boxes), 0.0)
            continue
        gathered = clusters(given, "boxes", iou, LEAST_IOU)
        shares = [len(one.marks) / len(given) for one in gathered]
        kept = [index for index, share in enumerate(shares) if share >= 0.5]
        sure = min((max(one, 1 - one) for one in shares), default=1.0)
        found[number] = Kept(
            [averaged(gathered[index]) for index in kept], [shares[index] for index in kept], sure
        )
    return found


def averaged(cluster: Cluster) -> dict[str, Any]:
    """One box for all of a cluster: the medians of its edges, the label of most."""
    label = Counter(mark["label"] for _, mark in cluster.marks).most_common(1)[0][0]
    left = round(median(mark["left"] for _, mark in cluster.marks))
    top = round(median(mark["top"] for _, mark in cluster.marks))
    right = round(median(mark["left"] + mark["width"] for _, mark in cluster.marks))
    bottom = round(median(mark["top"] + mark["height"] for _, mark in cluster.marks))
    return {
        "label": label,
        "left": left,
        "top": top,
        "width": max(1, right - left),
        "height": max(1, bottom - top),
    }
