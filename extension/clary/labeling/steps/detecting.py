"""Automatic labels of bounding box jobs: a detector's boxes, from the input or from the user's model, under a certificate.

An image counts as wrong when its boxes and people's do not match one to one at an IoU of at least `Automatic.iou`, labels
included. The detector learns nothing here, so there are only audits: the images of one random order, from its beginning on.
The sizes of all looks are fixed in advance, and each has its share of delta (6 / (pi^2 j^2) of it for the j-th), so by the
union bound all of them hold at once, whichever are taken, and whichever is the last. What is accepted is the machine's, the
rest people's, with the detector's boxes as suggestions.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clary.labeling.consolidation.matching import placed
from clary.labeling.consolidation.overlaps import ranked
from clary.labeling.settings import Automatic
from clary.labeling.steps.advance import Move
from clary.labeling.task_type import Answer
from clary.labeling.tasks.boxes import place

if TYPE_CHECKING:
    from clary.labeling.active.certificate import Certificate
    from clary.labeling.steps.entry import Context

# The sample of a look, relative to the one before; how many looks are weighed once something is proven, and before; and the
# share of the images above which no sample is worth its while.
_GROWTH, _AHEAD, _LAST, _MOST_LOOKED = 1.5, 3, 30, 0.75


def weigh(context: Context) -> Move:
    """The next sample, or the end: machine labels with their certificate, and what is left for people."""
    from clary.labeling.active.certificate import curve
    from clary.labeling.steps import detector

    work = context.work
    automatic = work.settings.automatic
    assert automatic is not None
    detector.detect(context)
    guesses = {thing: (answer, _sure(sure)) for thing, (answer, sure, _) in work.known("prelabel").items()}
    states = work.states()
    state = work.fact("automatic", {}) or _drawn(guesses, states, automatic)
    order: list[int] = state["order"]
    total = sum(one != "failed" for one in states.values())
    unlabeled = [thing for thing, one in states.items() if one == "unlabeled"]
    looked: int = state["looked"]
    if looked == 0:
        first = _first(len(order), total, automatic)
        if first is None or first >= len(order):
            why = "There are too few boxes of the detector's to prove anything about them: people label everything."
            return Move(unlabeled, "rest", why, state, guesses, last=True)
        return _audit({**state, "first": first}, 1, guesses)
    sure = [guesses[thing][1] for thing in order]
    wrong = _wrong(context, order[:looked], guesses, automatic.iou)
    proof, more = weighed(sure, wrong, total, automatic, state["first"], state["look"])
    if more is not None:
        return _audit(state, more, guesses)
    levels = curve(
        sure, range(looked), wrong, total=total, delta=_delta(automatic, state["look"]), scope=automatic.scope
    )
    picture = [{"share": level.share_auto(total), "bound": level.upper_bound} for level in levels]
    if proof is None:
        why = "The detector is wrong too often for this error bound: people label everything."
        return Move(unlabeled, "rest", why, state, guesses, curve=picture, last=True)
    left = [thing for thing, one in zip(order[looked:], sure[looked:], strict=True) if one >= proof.threshold]
    machine = {thing: guesses[thing] for thing in left if states[thing] == "unlabeled"}
    rest = [thing for thing in unlabeled if thing not in machine]
    return Move(
        rest, "rest", proof.words(), state, guesses, machine, proof.to_metadata(), proof.words(), picture, last=True
    )  # fmt: skip


def weighed(
    sure: Sequence[float], wrong: Sequence[bool], total: int, automatic: Automatic, first: int, look: int
) -> tuple[Certificate | None, int | None]:
    """What a look proves, and a further look that would save people work, if any.

    sure: the detector's confidences in the random order; wrong: of the first of them, whether they are. total: all images.
    """
    from clary.labeling.active.certificate import certify

    proof = certify(
        sure, range(len(wrong)), wrong, total=total, epsilon=automatic.epsilon, delta=_delta(automatic, look),
        scope=automatic.scope, commit=look,
    )  # fmt: skip
    gained = proof.automatic if proof is not None else 0
    return proof, _worth_more(sure, wrong, total, gained, automatic, first, look)


def matches(one: Answer, other: Answer, least: float) -> bool:
    """Whether two sets of boxes match one to one, each pair of the same label with an IoU of at least `least`."""
    first, second = one["boxes"], other["boxes"]
    if len(first) != len(second):
        return False
    if least <= 0:  # wherever they are
        return Counter(box["label"] for box in first) == Counter(box["label"] for box in second)
    fits = [
        (i, j)
        for _, i, j in ranked(placed(first, place), placed(second, place), least)
        if first[i]["label"] == second[j]["label"]
    ]
    if len({i for i, _ in fits}) < len(first) or len({j for _, j in fits}) < len(second):
        return False
    if len(fits) == len(first):
        return True
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    rows, columns = zip(*fits, strict=True)
    graph = coo_array(([1] * len(fits), (rows, columns)), (len(first), len(second)))
    return bool((maximum_bipartite_matching(graph.tocsr()) >= 0).all())


def _drawn(guesses: Mapping[int, Any], states: Mapping[int, str], automatic: Automatic) -> dict[str, Any]:
    """The random order of all images that the detector has looked at and nobody has labelled."""
    order = sorted(thing for thing in guesses if states.get(thing) == "unlabeled")
    random.Random(automatic.seed).shuffle(order)
    return {"order": order, "looked": 0, "look": 0}


def _audit(state: dict[str, Any], look: int, guesses: Mapping[int, tuple[Answer, float]]) -> Move:
    size = _size(state["first"], look)
    ids = state["order"][state["looked"] : size]
    state = {**state, "looked": size, "look": look}
    why = f"An audit, drawn by lot: {size:,} images tell how often the detector is right."
    return Move(sorted(ids), "audit", why, state, {thing: guesses[thing] for thing in ids})


def _size(first: int, look: int) -> int:
    return math.ceil(first * _GROWTH ** (look - 1))


def _wrong(
    context: Context, audited: Sequence[int], guesses: Mapping[int, tuple[Answer, float]], least: float
) -> list[bool]:
    """Of each audited image whether the detector's boxes are wrong; one that people did not answer counts as wrong."""
    verdicts = context.work.verdicts(audited)
    return [
        thing not in verdicts or not matches(guesses[thing][0], verdicts[thing].answer, least)
        for thing in audited
    ]


def _delta(automatic: Automatic, look: int) -> float:
    return automatic.delta * 6 / (math.pi**2 * look**2)


def _first(population: int, total: int, automatic: Automatic) -> int | None:
    """The size of the first sample: a third more than one without any error would need. None: there is no such size."""
    from clary.labeling.active.certificate import wrong_bound

    base = total if automatic.scope == "dataset" else population
    delta = _delta(automatic, 1)
    low, high = 1, population
    if not population or wrong_bound(population, population, 0, delta) > automatic.epsilon * base:
        return None
    while low < high:
        middle = (low + high) // 2
        if wrong_bound(population, middle, 0, delta) <= automatic.epsilon * base:
            high = middle
        else:
            low = middle + 1
    return min(population, math.ceil(low * 4 / 3))


def _worth_more(
    sure: Sequence[float], wrong: Sequence[bool], total: int, gained: int, automatic: Automatic, first: int, look: int
) -> int | None:  # fmt: skip
    """The further look that would save people most work, if the images to come are like those seen; None: there is none.

    As long as nothing is proven, looking costs nothing, since people would label these images in any case: then every look is
    weighed, and the next one taken where none gives hope.
    """
    best, chosen = gained, None
    for further in range(look + 1, look + 1 + (_AHEAD if gained else _LAST)):
        size = _size(first, further)
        if size > len(sure) * _MOST_LOOKED:
            break
        if chosen is None and not gained:
            chosen = further
        hoped = _hoped(sure, wrong, size, total, automatic, _delta(automatic, further))
        if hoped > best + max(1, total // 50):
            best, chosen = hoped, further
    return chosen


def _hoped(
    sure: Sequence[float], wrong: Sequence[bool], size: int, total: int, automatic: Automatic, delta: float
) -> int:
    """Images that the machine could label after a sample of `size` with errors in the same proportion as so far."""
    import numpy as np

    from clary.labeling.active.certificate import wrong_bound

    confidence, bad = np.asarray(sure), np.asarray(wrong)
    seen, scale, best = confidence[: len(bad)], size / len(bad), 0
    for threshold in np.unique(np.quantile(confidence, np.linspace(0, 1, 20, endpoint=False))):
        above = confidence >= threshold
        errors = int(np.ceil((bad & (seen >= threshold)).sum() * scale))
        drawn = size if automatic.scope == "dataset" else int((seen >= threshold).sum() * scale)
        population = len(confidence) if automatic.scope == "dataset" else int(above.sum())
        left = int(above.sum() * (1 - size / len(confidence)))
        if drawn <= errors or drawn > population:
            continue
        most = min(wrong_bound(population, drawn, errors, delta) - errors, left)
        if most <= automatic.epsilon * (total if automatic.scope == "dataset" else max(left, 1)):
            best = max(best, left)
    return best


def _sure(confidence: float | None) -> float:
    """Without a word about it a detector is neither sure nor unsure."""
    return 0.5 if confidence is None else confidence
