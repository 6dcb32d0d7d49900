"""Agreement on answers that are compared in pairs: boxes, masks, spans, sets of labels.

Two answers differ by `TaskType.distance`. Krippendorff's alpha takes any such difference; what chance gives is the mean
distance of answers to different objects, from a seeded sample of pairs. Of very large jobs a seeded sample of objects is
compared; the intervals tell what that costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

from clary.labeling.agreement.bootstrap import grouped, interval, weights
from clary.labeling.agreement.coefficients import alpha_of
from clary.labeling.agreement.figures import Agreement, Figure, OfClass
from clary.labeling.task_type import Answer, TaskType, Vote

_PAIRS = 20_000
_CHANCE = 1_000
Distance = Callable[[Answer, Answer], float]


def likeness(given: Sequence[Vote], task: TaskType) -> float | None:
    """The mean likeness (1 - distance) of two answers to one object; None for fewer than two answers."""
    pairs = list(combinations(given, 2))
    if not pairs:
        return None
    return 1 - sum(task.distance(one.answer, other.answer) for one, other in pairs) / len(pairs)


def of_marks(
    votes: Mapping[int, Sequence[Vote]], task: TaskType, names: Sequence[str], seed: int
) -> Agreement:
    """Agreement of all answers; `names`: the labels that are looked at one by one, too."""
    import numpy as np

    from clary.labeling.agreement.labels import mean_figure, of_workers

    random = np.random.default_rng(seed)
    several = _sampled({number: given for number, given in votes.items() if len(given) >= 2}, random)
    workers = list(dict.fromkeys(vote.worker for given in votes.values() for vote in given))
    number_of = {name: index for index, name in enumerate(workers)}
    who, what, like = [], [], []
    by_object: dict[int, float] = {}
    for index, (number, given) in enumerate(several.items()):
        far = _distances(given, task.distance)
        each = 1 - far.sum(1) / (len(given) - 1)
        by_object[number] = float(each.mean())
        who += [number_of[vote.worker] for vote in given]
        what += [index] * len(given)
        like += each.tolist()
    if not several:
        return Agreement(by_worker=_unmet(votes, workers))
    draws = weights(len(several), seed)
    values = np.array(list(by_object.values()))
    sizes = np.array([len(given) for given in several.values()], np.float64)
    chance = _chance(several, task.distance, random)
    people = of_workers(
        workers, np.array(who), np.array(what), np.array(like), np.ones(len(who), bool), len(several), seed
    )
    answers = dict.fromkeys(workers, 0)
    for given in votes.values():
        for vote in given:
            answers[vote.worker] += 1
    return Agreement(
        alpha=_alpha(1 - values, sizes, chance, draws),
        likeness=mean_figure(values, np.ones(len(values), bool), draws),
        by_object=by_object,
        by_class=[one for name in names if (one := _of_class(several, task, name, names, draws))],
        by_worker=[type(one)(one.name, one.figure, answers[one.name], one.compared) for one in people],
    )


def _alpha(distances: Any, sizes: Any, chance: float, draws: Any) -> Figure:
    """Alpha from the objects' mean distances; an object counts by its answers. Chance is the same in every sample."""
    over, under = draws @ grouped(distances * sizes), draws @ grouped(sizes)
    value = alpha_of(float((distances * sizes).sum() / sizes.sum()), chance)
    return Figure.of(value, interval(1 - over / under / chance if chance > 0 else over * float("nan")))


def _distances(given: Sequence[Vote], distance: Distance) -> Any:
    """(answers, answers)."""
    import numpy as np

    found = np.zeros((len(given), len(given)))
    for (i, one), (j, other) in combinations(enumerate(given), 2):
        found[i, j] = found[j, i] = distance(one.answer, other.answer)
    return found


def _sampled(votes: dict[int, Sequence[Vote]], random: Any) -> dict[int, Sequence[Vote]]:
    """Objects of about `_PAIRS` pairs in all, in their order."""
    pairs = sum(len(given) * (len(given) - 1) // 2 for given in votes.values())
    if pairs <= _PAIRS:
        return votes
    keep = random.random(len(votes)) < _PAIRS / pairs
    return {number: given for (number, given), one in zip(votes.items(), keep, strict=True) if one}


def _chance(votes: Mapping[int, Sequence[Vote]], distance: Distance, random: Any) -> float:
    """The mean distance of answers to different objects."""
    answers = [vote.answer for given in votes.values() for vote in given]
    places = [index for index, given in enumerate(votes.values()) for _ in given]
    if len(votes) < 2:
        return float("nan")
    found = [
        distance(answers[i], answers[j])
        for i, j in random.integers(len(answers), size=(2 * _CHANCE, 2)).tolist()
        if places[i] != places[j]
    ][:_CHANCE]
    return sum(found) / len(found) if found else float("nan")


def _of_class(
    votes: Mapping[int, Sequence[Vote]], task: TaskType, name: str, names: Sequence[str], draws: Any
) -> OfClass | None:
    """Likeness of what has one label, over the pairs in which either has any."""
    import numpy as np

    over, under, answers = np.zeros(len(votes)), np.zeros(len(votes)), 0
    for index, given in enumerate(votes.values()):
        parts = [only(vote.answer, name, names) for vote in given]
        has = [bool(part) for part in parts]
        answers += sum(has)
        if not any(has):
            continue
        for i, j in combinations(range(len(parts)), 2):
            one, other = parts[i], parts[j]
            if one or other:
                under[index] += 1
                if one and other:
                    over[index] += 1 - task.distance(one, other)
    if not answers:
        return None
    if not under.any():
        return OfClass(name, Figure(), answers)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = interval((draws @ grouped(over)) / (draws @ grouped(under)))
    return OfClass(name, Figure.of(float(over.sum() / under.sum()), between), answers)


def only(answer: Answer, name: str, names: Sequence[str]) -> Answer | None:
    """The part of an answer that has one label; None if nothing has."""
    for member in ("boxes", "entities"):
        if member in answer:
            marks = [one for one in answer[member] if one["label"] == name]
            return {member: marks} if marks else None
    if "runs" in answer:
        number = names.index(name) + 1
        runs = [[int(one[0] == number), one[1]] for one in answer["runs"]]
        return {**answer, "runs": runs} if any(one[0] for one in runs) else None
    return None


def _unmet(votes: Mapping[int, Sequence[Vote]], workers: Sequence[str]) -> list[Any]:
    """People of whom nothing can be said: nobody answered what they answered."""
    from clary.labeling.agreement.figures import OfWorker

    said = [sum(vote.worker == name for given in votes.values() for vote in given) for name in workers]
    return [OfWorker(name, Figure(), count, 0) for name, count in zip(workers, said, strict=True)]
