"""One label from the labels that several people gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clary.labeling.consolidation.calibration import kept_share
from clary.labeling.consolidation.crowd import Crowd
from clary.labeling.consolidation.dawid_skene import fit, softmax
from clary.labeling.task_type import Vote


def consolidate(
    votes: Mapping[int, Sequence[Vote]], names: Sequence[str], gold: Mapping[int, str], alone: bool = False
) -> dict[int, tuple[str, float]]:
    """(label, confidence) for every object that has votes and is not gold.

    `names`: the labels that there are. `gold`: known labels of objects, which may have votes: they tell of the people and
    calibrate the confidences. `alone`: one person an object, so that there is nothing to consolidate; the confidence is 0, as
    on Ground Truth. A single vote is never overruled, it is only trusted more or less.
    """
    numbers = [number for number, given in votes.items() if given]
    if all(number in gold for number in numbers):
        return {}
    if alone and all(len(votes[number]) == 1 for number in numbers):
        return {n: (str(votes[n][0].answer["label"]), 0.0) for n in numbers if n not in gold}
    positions = {name: index for index, name in enumerate(names)}
    crowd = Crowd.of(
        (
            (index, vote.worker, positions[vote.answer["label"]])
            for index, number in enumerate(numbers)
            for vote in votes[number]
        ),
        len(numbers),
        len(names),
    )
    chosen, sure = _judged(crowd, [positions.get(gold.get(number, ""), -1) for number in numbers])
    return {
        number: (names[chosen[index]], 0.0 if alone else sure[index])
        for index, number in enumerate(numbers)
        if number not in gold
    }


def _judged(crowd: Crowd, truth: Sequence[int]) -> tuple[list[int], list[float]]:
    """The class of each object and its confidence. `truth`: the class of gold objects, else -1."""
    import numpy as np

    known = np.array(truth, np.int64)
    logs = fit(crowd, known).blind(crowd)
    chosen = logs.argmax(1)
    single = np.bincount(crowd.objects, minlength=crowd.n_objects)[crowd.objects] == 1
    chosen[crowd.objects[single]] = crowd.labels[single]
    is_gold = known >= 0
    tempered = softmax(kept_share(logs[is_gold], known[is_gold]) * logs)
    return chosen.tolist(), tempered[np.arange(len(chosen)), chosen].tolist()
