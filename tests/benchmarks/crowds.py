"""Crowds whose truth is known: made ones, each with a habit of real crowds, one of classifiers that err as people do, and a
real one.

crowd-kit loads its crowds from elsewhere, and few packages on PyPI carry one. "digits" stands in for more: its annotators are
classifiers, each taught on a few handwritten digits and seeing a part of the picture, who find the same digits hard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.labeling_data import graded

from clary.labeling.consolidation.crowd import Crowd

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """A crowd's answers and the truth, (objects,)."""

    crowd: Crowd
    truth: Ints


def answered(
    random: np.random.Generator, objects: int, workers: int, classes: int, each: int, matrices: NDArray[np.float64],
    prior: NDArray[np.float64] | None = None,
) -> Known:  # fmt: skip
    """`each` answers to every object by people with these confusion matrices (workers, truth, said)."""
    truth = random.choice(classes, objects, p=prior)
    who = np.argsort(random.random((objects, workers)), axis=1)[:, :each].reshape(-1)
    what = np.repeat(np.arange(objects), each)
    cumulated = matrices[who, truth[what]].cumsum(1)
    said = (random.random((len(what), 1)) > cumulated[:, :-1]).sum(1)
    return Known(Crowd(what, who, said, objects, workers, classes), truth)


def skilled(random: np.random.Generator, skills: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Confusion matrices of people who are right that often, and else anything."""
    matrices = np.repeat(((1 - skills) / (classes - 1))[:, None, None], classes, 1).repeat(classes, 2)
    for one in range(classes):
        matrices[:, one, one] = skills
    return matrices


def good(seed: int) -> Known:
    """20 able people, 4 classes, 5 answers each."""
    random = np.random.default_rng(seed)
    return answered(random, 1000, 20, 4, 5, skilled(random, random.beta(16, 4, 20), 4))


def spammers(seed: int) -> Known:
    """4 of 10 answer at random."""
    random = np.random.default_rng(seed)
    skills = np.where(np.arange(30) % 10 < 4, 0.25, random.beta(16, 5, 30))
    return answered(random, 1000, 30, 4, 5, skilled(random, skills, 4))


def adversaries(seed: int) -> Known:
    """A fifth calls each class by another one's name."""
    random = np.random.default_rng(seed)
    matrices = skilled(random, random.beta(16, 5, 20), 4)
    matrices[::5] = np.roll(matrices[::5], 1, axis=2)
    return answered(random, 1000, 20, 4, 5, matrices)


def biased(seed: int) -> Known:
    """Everybody has a class that they see in others; pairs of classes are taken for each other."""
    random = np.random.default_rng(seed)
    matrices = skilled(random, random.beta(12, 5, 25), 6)
    for one in matrices:
        one[:, random.integers(6)] += 0.5
        pair = random.choice(6, 2, replace=False)
        one[pair[0], pair[1]] += 0.4
    matrices /= matrices.sum(2, keepdims=True)
    return answered(random, 1500, 25, 6, 5, matrices)


def sparse(seed: int) -> Known:
    """500 people who answered 18 times each, 3 answers to an object."""
    random = np.random.default_rng(seed)
    return answered(random, 3000, 500, 5, 3, skilled(random, random.beta(6, 3, 500), 5))


def many(seed: int) -> Known:
    """20 classes, 3 answers."""
    random = np.random.default_rng(seed)
    return answered(random, 2000, 30, 20, 3, skilled(random, random.beta(8, 3, 30), 20))


def rare(seed: int) -> Known:
    """Two classes, one of 20 objects is of the second."""
    random = np.random.default_rng(seed)
    sure, keen = random.beta(18, 2, 40), random.beta(6, 3, 40)
    matrices = np.stack([np.stack([sure, 1 - sure], 1), np.stack([1 - keen, keen], 1)], 1)
    return answered(random, 3000, 40, 2, 3, matrices, np.array([0.95, 0.05]))


def hard(seed: int) -> Known:
    """Some objects look like another class to everybody: errors that are not independent."""
    random = np.random.default_rng(seed)
    known = answered(random, 1500, 25, 5, 5, skilled(random, random.beta(16, 4, 25), 5))
    crowd, looks = known.crowd, random.integers(5, size=1500)
    misled = (random.random(1500) < 0.25)[crowd.objects] & (random.random(len(crowd.objects)) < 0.5)
    said = np.where(misled, looks[crowd.objects], crowd.labels)
    return Known(Crowd(crowd.objects, crowd.workers, said, 1500, 25, 5), known.truth)


def doubtful(seed: int) -> Known:
    """Five grades, and objects that are more or less of each: everybody doubts the same ones, and nobody is better than others.
    The truth is what most people say of an object."""
    random = np.random.default_rng(seed)
    share = np.array([0.09, 0.42, 0.1, 0.33, 0.06])
    grades = random.choice(5, 2000, p=share)
    near = np.exp(-np.abs(np.subtract.outer(np.arange(5), np.arange(5)))) * share**0.5
    theirs = random.standard_gamma(12 * near[grades] / near[grades].sum(1, keepdims=True) + 1e-6)
    theirs /= theirs.sum(1, keepdims=True)
    who = np.argsort(random.random((2000, 10)), axis=1)[:, :5].reshape(-1)
    what = np.repeat(np.arange(2000), 5)
    said = (random.random((len(what), 1)) > theirs[what].cumsum(1)[:, :-1]).sum(1)
    return Known(Crowd(what, who, said, 2000, 10, 5), theirs.argmax(1))


def words(grades: int, each: int) -> Callable[[int], Known]:
    """A real crowd: 7,520 words, whose mood ten people graded each (the lexicon of VADER, C. Hutto and E. Gilbert, 2014). `each`
    of them are asked; what most of the others say, where they agree on something, is the truth. `grades`: 3 or 5."""

    def asked(seed: int) -> Known:
        random = np.random.default_rng(seed)
        sign, strength = np.sign(graded()), np.abs(graded())
        said = sign + 1 if grades == 3 else sign * (1 + (strength >= 3)) + 2
        order = np.argsort(random.random(said.shape), axis=1)
        others = np.take_along_axis(said, order[:, each:], 1)
        counts = np.stack([(others == one).sum(1) for one in range(grades)], axis=1)
        highest = np.sort(counts, axis=1)
        clear = highest[:, -1] > highest[:, -2]
        who = order[clear, :each].reshape(-1)
        what = np.repeat(np.arange(clear.sum()), each)
        answers = said[clear][what, who]
        return Known(Crowd(what, who, answers, int(clear.sum()), 10, grades), counts[clear].argmax(1))

    return asked


def few(seed: int) -> Known:
    """300 objects, 10 classes, 5 answers by 60 people: 25 answers each, less than a matrix has cells."""
    random = np.random.default_rng(seed)
    return answered(random, 300, 60, 10, 5, skilled(random, random.beta(6, 4, 60), 10))


def digits(seed: int) -> Known:
    """40 classifiers of handwritten digits, of mixed ability, 3 answers to each of 1,297 digits."""
    from sklearn.datasets import load_digits
    from sklearn.neighbors import KNeighborsClassifier

    random = np.random.default_rng(seed)
    pixels, truth = load_digits(return_X_y=True)
    order = random.permutation(len(truth))
    school, shown = order[:500], order[500:]
    said = np.empty((40, len(shown)), np.int64)
    for one in range(40):
        seen = random.random(64) < random.uniform(0.15, 0.6)
        taught = random.choice(school, random.integers(25, 120), replace=False)
        said[one] = (
            KNeighborsClassifier(1)
            .fit(pixels[taught][:, seen], truth[taught])
            .predict(pixels[shown][:, seen])
        )
    who = np.argsort(random.random((len(shown), 40)), axis=1)[:, :3].reshape(-1)
    what = np.repeat(np.arange(len(shown)), 3)
    return Known(Crowd(what, who, said[who, what], len(shown), 40, 10), truth[shown])


REGIMES: dict[str, Callable[[int], Known]] = {
    "able": good, "spammers": spammers, "adversaries": adversaries, "biased": biased, "sparse": sparse,
    "many classes": many, "rare class": rare, "hard objects": hard, "few answers": few, "digits": digits,
    "doubtful objects": doubtful,
}  # fmt: skip
# Of people who were paid for it; from the package index.
REAL: dict[str, Callable[[int], Known]] = {
    "words, 3 grades, 3 answers": words(3, 3), "words, 3 grades, 5 answers": words(3, 5),
    "words, 5 grades, 3 answers": words(5, 3), "words, 5 grades, 5 answers": words(5, 5),
}  # fmt: skip
