"""Agreement on labels of whole objects, one or several each: arrays of counts, 100,000 answers in well under a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from clary.labeling.agreement.bootstrap import grouped, interval, weights
from clary.labeling.agreement.coefficients import alpha_of, disagreements
from clary.labeling.agreement.figures import Agreement, Figure, OfClass, OfWorker
from clary.labeling.consolidation.crowd import Crowd
from clary.labeling.task_type import Vote

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clary.labeling.consolidation.crowd import Floats, Ints

_CELLS = 4_000_000  # of the tables that intervals of people are drawn from


def of_labels(votes: Mapping[int, Sequence[Vote]], names: Sequence[str], seed: int) -> Agreement:
    """Agreement on one label an object."""
    import numpy as np

    numbers = [number for number, given in votes.items() if given]
    positions = {name: index for index, name in enumerate(names)}
    workers = _workers(votes)
    crowd = Crowd.of(
        (
            (index, vote.worker, positions[vote.answer["label"]])
            for index, number in enumerate(numbers)
            for vote in votes[number]
        ),
        len(numbers),
        len(names),
    )
    counts = crowd.counts()
    said = counts.sum(1)
    draws = weights(len(numbers), seed)
    same = (counts[crowd.objects, crowd.labels] - 1) / np.maximum(said[crowd.objects] - 1, 1)
    compared = said[crowd.objects] >= 2
    likeness = _per_object(same, crowd.objects, len(numbers), compared)
    confusion = counts.T @ counts - np.diag(counts.sum(0))
    return Agreement(
        alpha=alpha_figure(counts, draws),
        likeness=mean_figure(likeness, said >= 2, draws),
        by_object={
            number: float(likeness[index]) for index, number in enumerate(numbers) if said[index] >= 2
        },
        by_class=_by_class(counts, names, draws),
        by_worker=of_workers(workers, crowd.workers, crowd.objects, same, compared, len(numbers), seed),
        labels=list(names),
        confusion=confusion.astype(np.int64).tolist(),
    )


def of_sets(votes: Mapping[int, Sequence[Vote]], names: Sequence[str], seed: int) -> Agreement:
    """Agreement on sets of labels: Jaccard's distance for the whole, having a label or not for each."""
    from clary.labeling.agreement.marks import of_marks
    from clary.labeling.tasks import find

    whole = of_marks(votes, find("image-classification-multilabel"), (), seed)
    numbers = [number for number, given in votes.items() if given]
    said = _said(votes, numbers)
    draws = weights(len(numbers), seed)
    by_class = []
    for name in names:
        chose = _chose(votes, numbers, name)
        figure = alpha_figure(_beside(chose, said - chose), draws)
        if chose.any():
            by_class.append(OfClass(name, figure, int(chose.sum())))
    return Agreement(whole.measure, whole.alpha, whole.likeness, whole.by_object, by_class, whole.by_worker)


def alpha_figure(counts: Floats, draws: Floats) -> Figure:
    """Krippendorff's alpha of counts (objects, classes), nominal, with its interval."""
    import numpy as np

    observed, expected = disagreements(counts)
    use = counts.sum(1) >= 2
    pairable = counts * use[:, None]
    drawn = draws @ grouped(observed)
    totals = draws @ grouped(pairable)
    said = totals.sum(1)
    chance = (said**2 - (totals**2).sum(1)) / np.maximum(said - 1, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        sampled = np.where(chance > 0, 1 - drawn / chance, np.nan)
    return Figure.of(alpha_of(float(observed.sum()), expected), interval(sampled))


def mean_figure(values: Floats, use: NDArray[np.bool_], draws: Floats) -> Figure:
    """The mean of objects' values, where `use`, with its interval."""
    import numpy as np

    if not use.any():
        return Figure()
    values = np.where(use, values, 0.0)
    over, under = draws @ grouped(values), draws @ grouped(use.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        return Figure.of(float(values.sum() / use.sum()), interval(over / under))


def of_workers(
    names: Sequence[str], workers: Ints, objects: Ints, same: Floats, compared: NDArray[np.bool_], n_objects: int, seed: int
) -> list[OfWorker]:  # fmt: skip
    """Each person's mean likeness to others, from answers: who, about what, how like others', whether there were others."""
    import numpy as np

    groups = max(20, min(n_objects, 1_000, _CELLS // max(len(names), 1)))
    place = objects * groups // max(n_objects, 1) if n_objects > groups else objects
    groups = min(groups, n_objects)
    cells = place * len(names) + workers
    size = groups * len(names)
    over = np.bincount(cells[compared], same[compared], size).reshape(groups, len(names))
    under = np.bincount(cells[compared], minlength=size).reshape(groups, len(names))
    draws = weights(groups, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = over.sum(0) / under.sum(0)
        sampled = (draws @ over) / (draws @ under)
    said = np.bincount(workers, minlength=len(names))
    return [
        OfWorker(name, Figure.of(float(value[one]), interval(sampled[:, one])), int(said[one]), int(under[:, one].sum()))
        for one, name in enumerate(names)
    ]  # fmt: skip


def _by_class(counts: Floats, names: Sequence[str], draws: Floats) -> list[OfClass]:
    said = counts.sum(1)
    found = []
    for index, name in enumerate(names):
        chose = counts[:, index]
        if chose.any():
            found.append(OfClass(name, alpha_figure(_beside(chose, said - chose), draws), int(chose.sum())))
    return found


def _per_object(values: Floats, objects: Ints, n_objects: int, use: NDArray[np.bool_]) -> Floats:
    import numpy as np

    over = np.bincount(objects[use], values[use], n_objects)
    return np.asarray(over / np.maximum(np.bincount(objects[use], minlength=n_objects), 1))


def _workers(votes: Mapping[int, Sequence[Vote]]) -> list[str]:
    """Names in the order in which `Crowd.of` numbers them."""
    return list(dict.fromkeys(vote.worker for given in votes.values() for vote in given))


def _said(votes: Mapping[int, Sequence[Vote]], numbers: Sequence[int]) -> Floats:
    import numpy as np

    return np.array([len(votes[number]) for number in numbers], np.float64)


def _chose(votes: Mapping[int, Sequence[Vote]], numbers: Sequence[int], name: str) -> Floats:
    import numpy as np

    counted = [sum(name in vote.answer["labels"] for vote in votes[number]) for number in numbers]
    return np.array(counted, np.float64)


def _beside(one: Floats, other: Floats) -> Floats:
    import numpy as np

    return np.stack([one, other], axis=1)
