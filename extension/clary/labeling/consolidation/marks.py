"""Things that people mark (boxes, spans), gathered across people: which marks mean the same thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clary.labeling.consolidation.matching import Likeness
from clary.labeling.task_type import Vote

Mark = Mapping[str, Any]


@dataclass
class Kept:
    """`kept`: the consolidated marks; `confidences`: one each; `confidence`: of the whole answer, 0..1."""

    kept: list[dict[str, Any]]
    confidences: list[float]
    confidence: float


@dataclass
class Cluster:
    """Marks of different people that mean one thing: (number of the vote, mark)."""

    marks: list[tuple[int, Mark]] = field(default_factory=list)

    def likeness(self, mark: Mark, alike: Likeness) -> float:
        """The mean likeness of `mark` to those here; a little more where the labels agree."""
        values = [alike(one, mark) + 1e-3 * (one["label"] == mark["label"]) for _, one in self.marks]
        return float(sum(values) / len(values))


def clusters(votes: Sequence[Vote], member: str, alike: Likeness, least: float) -> list[Cluster]:
    """Marks under `member` of the votes' answers, gathered: the most alike first, nobody twice in a cluster.

    Agglomerative with average linkage, down to a likeness of `least`; labels need not agree, they are voted on."""
    found = [Cluster([(number, mark)]) for number, vote in enumerate(votes) for mark in vote.answer[member]]
    near = {
        (i, j): value
        for i, one in enumerate(found)
        for j in range(i + 1, len(found))
        if one.marks[0][0] != found[j].marks[0][0]
        and (value := found[j].likeness(one.marks[0][1], alike)) >= least
    }
    living: dict[int, Cluster] = dict(enumerate(found))
    while near:
        i, j = max(near, key=lambda pair: (near[pair], -pair[0], -pair[1]))
        one, other = living[i], living.pop(j)
        one.marks += other.marks
        for pair in [pair for pair in near if i in pair or j in pair]:
            del near[pair]
        people = {number for number, _ in one.marks}
        for k, third in living.items():
            if k == i or people & {number for number, _ in third.marks}:
                continue
            value = sum(third.likeness(mark, alike) for _, mark in one.marks) / len(one.marks)
            if value >= least:
                near[min(i, k), max(i, k)] = value
    return list(living.values())
