"""How far annotators agree: in all, by class, by person, with 95 % intervals."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

from clary.labeling.results.look import Look
from clary.labeling.results.measures import Interval, alpha, share, share_of_likeness, wilson
from clary.labeling.task_type import Answer, Vote

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Boxes, masks and spans are compared one by one; of more objects than these a sample (drawn with a fixed seed) tells as much.
_COMPARED = 4_000
_ACROSS = 4_000
_CLASSES = 100


class Likeness:
    """How alike the answers of an object's annotators are: 1 (the same) to 0 (nothing in common)."""

    def __init__(self, look: Look) -> None:
        self._look = look
        shared = look.shared
        if look.kind != "label" and len(shared) > _COMPARED:
            shared = tuple(sorted(random.Random(0).sample(shared, _COMPARED)))
        self.compared = shared

    @cached_property
    def by_object(self) -> dict[int, float]:
        """The mean over the pairs of an object's answers, of all objects that are compared."""
        if self._look.kind == "label" and self.compared:
            choices = self._look.choices
            return dict(zip(choices.objects, choices.alike().tolist(), strict=True))
        return {thing: self._mean(self._look.votes[thing]) for thing in self.compared}

    def _mean(self, votes: list[Vote]) -> float:
        pairs = list(combinations([vote.answer for vote in votes], 2))
        return sum(self.of(one, other) for one, other in pairs) / len(pairs)

    def of(self, one: Answer, other: Answer) -> float:
        return 1.0 if one == other else 1.0 - self._look.task.distance(one, other)

    @cached_property
    def by_person(self) -> dict[str, tuple[float, int]]:
        """For each person the mean likeness to the others' answers, and of how many objects that others answered, too."""
        if self._look.kind == "label" and self.compared:
            return self._look.choices.alike_by_person()
        found: dict[str, list[float]] = {}
        for thing in self.compared:
            votes = self._look.votes[thing]
            if len({vote.worker for vote in votes}) < 2:
                continue
            sums = [0.0] * len(votes)
            for i, j in combinations(range(len(votes)), 2):
                alike = self.of(votes[i].answer, votes[j].answer)
                sums[i] += alike
                sums[j] += alike
            for vote, total in zip(votes, sums, strict=True):
                found.setdefault(vote.worker, []).append(total / (len(votes) - 1))
        return {name: (sum(values) / len(values), len(values)) for name, values in found.items()}


def of_all(look: Look, alike: Likeness) -> dict[str, Any] | None:
    """{measure, value, low, high, by_class: [{label, value, low, high}]}; None where no object has several answers."""
    if not look.shared:
        return None
    if look.kind == "label":
        counts = look.choices.counts
        by_class = _nominal_by_class(look, counts)
        whole, measure = alpha(counts), "Krippendorff's alpha"
    else:
        whole, measure = _by_distance(look, alike), f"Krippendorff's alpha ({_DISTANCES[look.kind]})"
        by_class = _likeness_by_class(look, alike)
    return {
        "measure": measure,
        **_members(whole),
        "class_measure": "Krippendorff's alpha" if look.kind in ("label", "labels") else "mean likeness",
        "by_class": by_class,
    }


_DISTANCES = {
    "labels": "Jaccard distance",
    "boxes": "IoU of matched boxes",
    "runs": "mean IoU of the classes",
    "entities": "overlap of matched entities",
}


def person(alike: Likeness, name: str) -> Interval:
    """A person's agreement with the others, 0..1."""
    found = alike.by_person.get(name)
    return wilson(*found) if found else Interval(None, None, None)


def _nominal_by_class(look: Look, counts: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Each class against all the others together."""
    import numpy as np

    every = counts.sum(axis=1)
    found = []
    for number, label in enumerate(look.labels[:_CLASSES]):
        if counts[:, number].any():
            both = np.stack([counts[:, number], every - counts[:, number]], axis=1)
            found.append({"label": label, **_members(alpha(both))})
    return found


def _by_distance(look: Look, alike: Likeness) -> Interval:
    """alpha with the task's own distance: what is seen within objects against what is seen across them."""
    across = list(_across(look, alike))
    if not across:
        return Interval(None, None, None)
    expected = sum(across) / len(across)
    if expected <= 0:
        return Interval(1.0, 1.0, 1.0)
    within = share(list(alike.by_object.values()), [len(look.votes[thing]) for thing in alike.by_object])
    return Interval(*(None if one is None else 1 - (1 - one) / expected for one in within))


def _across(look: Look, alike: Likeness) -> Iterator[float]:
    """Distances of answers to different objects, drawn at random."""
    draw = random.Random(1)
    answers = [(thing, vote.answer) for thing in alike.compared for vote in look.votes[thing]]
    if len(alike.compared) < 2:
        return
    for _ in range(min(_ACROSS, 10 * len(answers))):
        (one, here), (other, there) = draw.choice(answers), draw.choice(answers)
        if one != other:
            yield 1.0 - alike.of(here, there)


def _likeness_by_class(look: Look, alike: Likeness) -> list[dict[str, Any]]:
    """Of multi-label tasks each class as given or not; of others how alike what has the class is, where anybody gave it."""
    if look.kind == "labels":
        return _given_or_not(look)
    found = []
    for number, label in enumerate(look.labels[:_CLASSES]):
        values = []
        for thing in alike.compared:
            parts = [_only(vote.answer, look, label, number + 1) for vote in look.votes[thing]]
            if any(part is not None for part in parts):
                likes = [
                    0.0 if one is None or other is None else alike.of(one, other)
                    for one, other in combinations(parts, 2)
                    if one is not None or other is not None
                ]
                values.append(sum(likes) / len(likes))
        if values:
            found.append({"label": label, **_members(share_of_likeness(values))})
    return found


def _given_or_not(look: Look) -> list[dict[str, Any]]:
    import numpy as np

    found = []
    for label in look.labels[:_CLASSES]:
        given = [sum(label in vote.answer["labels"] for vote in look.votes[thing]) for thing in look.shared]
        of = [len(look.votes[thing]) for thing in look.shared]
        if any(given):
            counts = np.stack([np.asarray(given), np.asarray(of) - np.asarray(given)], axis=1)
            found.append({"label": label, **_members(alpha(counts))})
    return found


def _only(answer: Mapping[str, Any], look: Look, label: str, number: int) -> Answer | None:
    """The part of an answer that has one class; None: nothing has."""
    if look.kind == "runs":
        runs = [[1 if one[0] == number else 0, one[1]] for one in answer["runs"]]
        return {**answer, "runs": runs} if any(one[0] for one in runs) else None
    kept = [one for one in answer[look.kind] if one["label"] == label]
    return {look.kind: kept} if kept else None


def _members(found: Interval) -> dict[str, float | None]:
    return {"value": found.value, "low": found.low, "high": found.high}
