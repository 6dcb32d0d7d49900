"""Spans that several people marked: clustered by Jaccard's index, boundaries by the mode, labels by vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median_low
from typing import Any

from clary.labeling.consolidation import marks
from clary.labeling.consolidation.marks import Cluster, Kept
from clary.labeling.task_type import Answer, Vote

LEAST_JACCARD = 0.3


def consolidate(
    votes: Mapping[int, Sequence[Vote]], gold: Mapping[int, Answer], alone: bool = False
) -> dict[int, Kept]:
    """The entities of every text that has votes and is not gold. `alone`: one person a text; the last answer, confidence 0."""
    from clary.labeling.tasks.spans import place

    found = marks.consolidate(votes, gold, "entities", place, LEAST_JACCARD, settled, alone)
    return {number: one if alone else apart(one) for number, one in found.items()}


def settled(cluster: Cluster) -> dict[str, Any]:
    """One span for all of a cluster: the most frequent start and end (the median where none is), the label of most."""
    spans = [mark for _, mark in cluster.marks]
    start, end = (boundary([span[name] for span in spans]) for name in ("startOffset", "endOffset"))
    if start >= end:  # starts and ends of different people; the span of one of them is at least a span
        start, end = spans[0]["startOffset"], spans[0]["endOffset"]
    return {"label": cluster.label(), "startOffset": start, "endOffset": end}


def boundary(offsets: Sequence[int]) -> int:
    """The mode; the median where several are as frequent."""
    (first, most), *others = Counter(offsets).most_common()
    if any(count == most for _, count in others):
        return median_low(offsets)
    return first


def apart(found: Kept) -> Kept:
    """Of spans that overlap the more trusted one, in the text's order."""
    kept: list[tuple[dict[str, Any], float]] = []
    marked = list(zip(found.kept, found.confidences, strict=True))
    for one, trust in sorted(marked, key=lambda pair: (-pair[1], pair[0]["startOffset"])):
        if all(
            one["endOffset"] <= other["startOffset"] or other["endOffset"] <= one["startOffset"]
            for other, _ in kept
        ):
            kept.append((one, trust))
    kept.sort(key=lambda pair: int(pair[0]["startOffset"]))
    return Kept([one for one, _ in kept], [trust for _, trust in kept], found.confidence)
