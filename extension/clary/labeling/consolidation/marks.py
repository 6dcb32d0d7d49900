"""Things that people mark (boxes, spans), gathered across people: which marks mean the same thing, and which things are there.

What one thing is: marks of different people that are alike enough, gathered the most alike first. Whether it is there: everybody
who saw the object marked it or did not, which `sightings` judges: somebody who marks what nobody else does counts for less, and
overlooking is told from imagining.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clary.labeling.consolidation.matching import Mark, Place, pairs, placed
from clary.labeling.consolidation.overlaps import Marks, iou, ranked
from clary.labeling.task_type import Answer, Vote

_LABEL = 1e-3  # what an equal label adds to a likeness: it decides between equals, no more
_FOUND = 0.5  # likeness of a thing to a gold mark that is the same


@dataclass
class Kept:
    """`kept`: the consolidated marks; `confidences`: one each; `confidence`: of the answer, of its least sure decision."""

    kept: list[dict[str, Any]]
    confidences: list[float]
    confidence: float


@dataclass
class Cluster:
    """Marks of different people that mean one thing: (number of the vote, mark)."""

    marks: list[tuple[int, Mark]] = field(default_factory=list)

    def label(self) -> str:
        """The label of most; of equals the one that was marked first."""
        counted = Counter(str(mark["label"]) for _, mark in sorted(self.marks, key=lambda one: one[0]))
        return counted.most_common(1)[0][0]


def consolidate(
    votes: Mapping[int, Sequence[Vote]], gold: Mapping[int, Answer], member: str, place: Place, least: float,
    settled: Callable[[Cluster], dict[str, Any]], alone: bool,
) -> dict[int, Kept]:  # fmt: skip
    """What is there of every object that has votes and is not gold. `member`: of answers; `place`: where a mark is;
    `settled`: one mark for a cluster."""
    numbers = [number for number, given in votes.items() if given]
    if alone:
        last = {number: votes[number][-1].answer[member] for number in numbers if number not in gold}
        return {
            number: Kept([dict(one) for one in marks], [0.0] * len(marks), 0.0)
            for number, marks in last.items()
        }
    gathered = {number: clusters(votes[number], member, place, least) for number in numbers}
    marks = {number: [settled(one) for one in found] for number, found in gathered.items()}
    truth = {
        number: {one[0] for one in pairs(marks[number], gold[number][member], place, _FOUND)}
        for number in numbers
        if number in gold
    }
    sure = _sure(votes, gathered, truth)
    return {number: _kept(marks[number], sure[number]) for number in numbers if number not in gold}


def _kept(marks: list[dict[str, Any]], sure: list[float]) -> Kept:
    there = [index for index, one in enumerate(sure) if one >= 0.5]
    whole = min((max(one, 1 - one) for one in sure), default=1.0)
    return Kept([marks[index] for index in there], [sure[index] for index in there], whole)


def _sure(
    votes: Mapping[int, Sequence[Vote]], gathered: Mapping[int, list[Cluster]], truth: Mapping[int, set[int]]
) -> dict[int, list[float]]:
    """The probability that each cluster is a thing. `truth`: of gold objects, the clusters that are."""
    import numpy as np

    from clary.labeling.consolidation.calibration import kept_share
    from clary.labeling.consolidation.dawid_skene import softmax
    from clary.labeling.consolidation.sightings import Sightings, there

    cells = [(number, index) for number, found in gathered.items() for index in range(len(found))]
    if not cells:
        return {number: [] for number in gathered}
    people: dict[str, int] = {}
    for number in gathered:
        for vote in votes[number]:
            people.setdefault(vote.worker, len(people))
    rows = []
    for cell, (number, index) in enumerate(cells):
        yes = {place for place, _ in gathered[number][index].marks}
        rows += [(cell, people[vote.worker], place in yes) for place, vote in enumerate(votes[number])]
    table = np.array(rows, np.int64)
    visits = np.zeros(len(people), np.int64)
    for number in gathered:
        for vote in votes[number]:
            visits[people[vote.worker]] += 1
    objects = np.array([number for number, _ in cells])
    known = np.array(
        [int(index in truth[number]) if number in truth else -1 for number, index in cells], np.int64
    )
    logs = there(Sightings(table[:, 0], table[:, 1], table[:, 2], objects, visits), known)
    share = kept_share(logs[known >= 0], known[known >= 0])
    sure = softmax(share * logs)[:, 1]
    single = np.bincount(table[:, 0], minlength=len(cells)) == 1
    sure[single] = np.maximum(sure[single], 0.5)  # a single person is not overruled
    found: dict[int, list[float]] = {number: [] for number in gathered}
    for (number, _), one in zip(cells, sure.tolist(), strict=True):
        found[number].append(one)
    return found


def clusters(votes: Sequence[Vote], member: str, place: Place, least: float) -> list[Cluster]:
    """Marks under `member` of the votes' answers, gathered: the most alike first, nobody twice in a cluster, and the mean
    likeness of what is joined at least `least`. Labels need not agree, they are voted on."""
    marks = [(number, mark) for number, vote in enumerate(votes) for mark in vote.answer[member]]
    where = placed([mark for _, mark in marks], place)
    home = list(range(len(marks)))
    members = [[index] for index in home]
    people = [{person} for person, _ in marks]
    for _, i, j in ranked(where, where, least, _LABEL):
        one, other = home[i], home[j]
        if i >= j or one == other or people[one] & people[other]:
            continue
        across = [_alike(where, a, b) for a in members[one] for b in members[other]]
        if sum(across) / len(across) < least:
            continue
        for index in members[other]:
            home[index] = one
        members[one] += members[other]
        people[one] |= people[other]
        members[other] = []
    return [Cluster([marks[index] for index in sorted(found)]) for found in members if found]


def _alike(where: Marks, one: int, other: int) -> float:
    value = iou(where.extents[one], where.extents[other])
    return value + _LABEL * (where.labels[one] == where.labels[other]) if value else 0.0
