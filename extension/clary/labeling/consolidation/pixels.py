"""Masks that several people painted: a vote for every pixel, counted on runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clary.labeling.task_type import Answer, Verdict, Vote


def consolidate(
    votes: Mapping[int, Sequence[Vote]], gold: Mapping[int, Answer], alone: bool = False
) -> dict[int, Verdict]:
    """The mask of every image that has votes and is not gold."""
    import numpy as np

    from clary.labeling.tasks.masks import common, merged
    from clary.labeling.tasks.segmentation import array

    found = {}
    for number, given in votes.items():
        if not given or number in gold:
            continue
        last = given[-1].answer
        if alone:
            found[number] = Verdict(last, 0.0)
            continue
        alike = [vote.answer for vote in given if vote.answer["width"] == last["width"]]
        classes, lengths = common([array(one) for one in alike])
        size = int(classes.max(initial=0)) + 1
        counts = np.zeros((size, classes.shape[1]))
        for one in classes:
            counts[one, np.arange(classes.shape[1])] += 1
        chosen = counts.argmax(0)
        marked = (classes > 0).any(0)
        weights = lengths * marked
        share = counts.max(0) / len(alike)
        sure = float((share * weights).sum() / weights.sum()) if weights.any() else 1.0
        runs = merged(np.stack([chosen, lengths], axis=1))
        found[number] = Verdict({**last, "runs": runs.tolist()}, sure)
    return found
