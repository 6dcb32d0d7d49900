"""Spans that several people marked: clustered by Jaccard's index, boundaries by the mode, labels by vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median_low
from typing import Any

from clary.labeling.consolidation.marks import Cluster, Kept, clusters
from clary.labeling.task_type import Answer, Vote

LEAST_JACCARD = 0.3


def consolidate(
    votes: Mapping[int, Sequence[Vote]], gold: Mapping[int, Answer], alone: bool = False
) -> dict[int, Kept]:
    """The entities of every text that has votes and is not gold."""
    from clary.labeling.tasks.spans import jaccard

    found = {}
    for number, given in votes.items():
        if not given or number in gold:
            continue
        if alone:
            entities = [dict(one) for one in given[-1].answer["entities"]]
            found[number] = Kept(entities, [0.0] * len(entities), 0.0)
            continue
        gathered = clusters(given, "entities", jaccard, LEAST_JACCARD)
        shares = [len(one.marks) / len(given) for one in gathered]
        sure = min((max(one, 1 - one) for one in shares), default=1.0)
        kept = apart(
            [(settled(one), share) for one, share in zip(gathered, shares, strict=True) if share >= 0.5]
        )
        found[number] = Kept([one for one, _ in kept], [share for _, share in kept], sure)
    return found


def settled(cluster: Cluster) -> dict[str, Any]:
    """One span for all of a cluster: the most frequent start and end (the median where none is), the label of most."""
    label = Counter(mark["label"] for _, mark in cluster.marks).most_common(1)[0][0]
    start, end = (
        boundary([mark[name] for _, mark in cluster.marks]) for name in ("startOffset", "endOffset")
    )
    if start >= end:  # starts and ends of different people; the span of one of them is at least a span
        first = cluster.marks[0][1]
        start, end = first["startOffset"], first["endOffset"]
    return {"label": label, "startOffset": start, "endOffset": end}


def boundary(offsets: Sequence[int]) -> int:
    """The mode; the median where several are as frequent."""
    (first, most), *others = Counter(offsets).most_common()
    if any(count == most for _, count in others):
        return median_low(offsets)
    return first


def apart(entities: list[tuple[dict[str, Any], float]]) -> list[tuple[dict[str, Any], float]]:
    """Of spans that overlap the more trusted one, in the text's order."""
    kept: list[tuple[dict[str, Any], float]] = []
    for one, trust in sorted(entities, key=lambda pair: (-pair[1], pair[0]["startOffset"])):
        if all(
            one["endOffset"] <= other["startOffset"] or other["endOffset"] <= one["startOffset"]
            for other, _ in kept
        ):
            kept.append((one, trust))
    return sorted(kept, key=lambda pair: int(pair[0]["startOffset"]))
