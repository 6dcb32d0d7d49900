"""One label from the labels that several people gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clary.labeling.consolidation.crowd import Crowd
from clary.labeling.task_type import Vote


def consolidate(
    votes: Mapping[int, Sequence[Vote]], names: Sequence[str], gold: Mapping[int, str], alone: bool = False
) -> dict[int, tuple[str, float]]:
    """(label, confidence) for every object that has votes and is not gold.

    `names`: the labels that there are. `gold`: known labels of objects, which may have votes. `alone`: one person a object, so
    that there is nothing to consolidate; the confidence is 0, as on Ground Truth.
    """
    wanted = [number for number, given in votes.items() if given and number not in gold]
    if not wanted:
        return {}
    place = {number: index for index, number in enumerate(wanted)}
    positions = {name: index for index, name in enumerate(names)}
    crowd = Crowd.of(
        (
            (place[number], vote.worker, positions[vote.answer["label"]])
            for number in wanted
            for vote in votes[number]
        ),
        len(wanted),
        len(names),
    )
    counts = crowd.counts()
    chosen = counts.argmax(1)
    shares = counts.max(1) / counts.sum(1)
    return {
        number: (names[chosen[index]], 0.0 if alone else float(shares[index]))
        for number, index in place.items()
    }
