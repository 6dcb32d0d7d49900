"""Masks that several people painted: a vote for every pixel, counted on runs, so that 12 megapixels cost what their borders do.

Votes have weights: what a person is worth is how often they agree with the plain vote where anybody painted (log odds, pulled to
the crowd's by a few images' worth). Weights decide where people are split; among equals it is the plain vote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clary.labeling.task_type import Answer, Verdict, Vote

if TYPE_CHECKING:
    from clary.labeling.consolidation.crowd import Floats, Ints

_PULL = 3.0  # images' worth
_LEAST = 0.1  # what the vote of somebody who agrees no more than chance still weighs


@dataclass(frozen=True)
class _Painted:
    """The masks of an image cut at each other's borders. `classes`: (masks, pieces); `lengths`: (pieces,)."""

    workers: tuple[str, ...]
    classes: Ints
    lengths: Ints
    size: tuple[int, int]


def consolidate(
    votes: Mapping[int, Sequence[Vote]], gold: Mapping[int, Answer], alone: bool = False
) -> dict[int, Verdict]:
    """The mask of every image that has votes and is not gold. `alone`: one person an image; the last answer, confidence 0.

    The confidence is of the image: the mean share of the vote that the chosen class got, where anybody painted; times how much
    more or less often than that such pixels were right on gold images."""
    answered = {number: given for number, given in votes.items() if given}
    if alone:
        return {
            number: Verdict(given[-1].answer, 0.0) for number, given in answered.items() if number not in gold
        }
    painted = {number: _painted(given) for number, given in answered.items()}
    worth = _worth(painted)
    found = {number: _voted(one, worth) for number, one in painted.items()}
    scale = _scale({number: found.pop(number) for number in gold if number in found}, gold)
    return {
        number: replace(one, confidence=min(one.confidence * scale, 1.0)) for number, one in found.items()
    }


def _scale(found: Mapping[int, Verdict], gold: Mapping[int, Answer]) -> float:
    """How right masks of gold images are for how sure they are; 1 where there are none, of few pulled to it."""
    from clary.labeling.tasks.masks import common
    from clary.labeling.tasks.segmentation import array

    right, sure = _PULL, _PULL
    for number, verdict in found.items():
        truth = gold[number]
        if (truth["width"], truth["height"]) != (verdict.answer["width"], verdict.answer["height"]):
            continue
        classes, lengths = common([array(verdict.answer), array(truth)])
        area = lengths[(classes > 0).any(0)].sum()
        if area:
            agreed = (classes[0] == classes[1]) & (classes[0] > 0)
            right += float(lengths[agreed].sum() / area)
            sure += verdict.confidence
    return right / sure


def _painted(given: Sequence[Vote]) -> _Painted:
    import numpy as np

    from clary.labeling.tasks.masks import common
    from clary.labeling.tasks.segmentation import array

    size = given[-1].answer["width"], given[-1].answer["height"]
    same = [vote for vote in given if (vote.answer["width"], vote.answer["height"]) == size]
    classes, lengths = common([array(vote.answer) for vote in same])
    # As in the PNG that comes of it, a class is a byte: all images are in memory at once.
    return _Painted(tuple(vote.worker for vote in same), classes.astype(np.uint8), lengths, size)


def _counts(one: _Painted, weights: Sequence[float]) -> Floats:
    """(classes, pieces): the weight of the votes for each class."""
    import numpy as np

    pieces = np.arange(one.classes.shape[1])
    counts = np.zeros((int(one.classes.max(initial=0)) + 1, len(pieces)))
    for classes, weight in zip(one.classes, weights, strict=True):
        counts[classes, pieces] += weight
    return counts


def _worth(painted: Mapping[int, _Painted]) -> dict[str, float]:
    """The weight of each person's vote."""
    import numpy as np

    agreed: dict[str, list[float]] = {}
    for one in painted.values():
        if len(one.workers) < 2:
            continue
        chosen = _counts(one, [1.0] * len(one.workers)).argmax(0)
        weights = one.lengths * (one.classes > 0).any(0)
        area = weights.sum()
        if area:
            for worker, classes in zip(one.workers, one.classes, strict=True):
                agreed.setdefault(worker, []).append(float(weights[classes == chosen].sum() / area))
    everything = [share for shares in agreed.values() for share in shares]
    mean = float(np.mean(everything)) if everything else 0.9
    worth = {}
    for worker, shares in agreed.items():
        share = min(max((sum(shares) + _PULL * mean) / (len(shares) + _PULL), 0.02), 0.98)
        worth[worker] = max(float(np.log(share / (1 - share))), _LEAST)
    return worth


def _voted(one: _Painted, worth: Mapping[str, float]) -> Verdict:
    import numpy as np

    from clary.labeling.tasks.masks import Packed, merged

    usual = sum(worth.values()) / len(worth) if worth else 1.0
    counts = _counts(one, [worth.get(worker, usual) for worker in one.workers])
    chosen = counts.argmax(0)
    weights = one.lengths * (one.classes > 0).any(0)
    share = counts.max(0) / counts.sum(0)
    sure = float((share * weights).sum() / weights.sum()) if weights.any() else 1.0
    runs = merged(np.stack([chosen, one.lengths], axis=1))
    return Verdict({"width": one.size[0], "height": one.size[1], "runs": Packed(runs)}, sure)
