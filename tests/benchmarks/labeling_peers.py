"""Other ways to choose what people label, put into Clary's loop: same features, same learner, same stopping rule and
certificate."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.benchmarks import labeling_data

from clary.labeling.active.learner import fit
from clary.labeling.active.rounds import AutoLabeler
from clary.labeling.active.space import Space
from clary.labeling.active.strategy import Situation, Strategy


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Softmax of one-against-rest scores, at a temperature that suits targets of -1 and 1."""
    grown = np.exp(3.0 * (scores - scores.max(axis=1, keepdims=True)))
    return grown / grown.sum(axis=1, keepdims=True)


class Random(Strategy):
    """Items in random order."""

    def choose(self, now: Situation, count: int, stream: np.random.Generator) -> list[int]:
        return [int(one) for one in stream.choice(now.pool, min(count, len(now.pool)), replace=False)]


class ScikitActiveML(Strategy):
    """A pool strategy of scikit-activeml, asked with the probabilities of Clary's model. `kind`: ``margin`` or ``badge``."""

    def __init__(self, kind: str) -> None:
        labeling_data.peers()
        self.kind = kind

    def choose(self, now: Situation, count: int, stream: np.random.Generator) -> list[int]:
        from skactiveml.base import SkactivemlClassifier
        from skactiveml.pool import Badge, UncertaintySampling

        assert now.model is not None
        chances = probabilities(now.model.scores)
        spots = {row.tobytes(): number for number, row in enumerate(now.space.points)}

        class Mirror(SkactivemlClassifier):  # type: ignore[misc]
            """Clary's fitted model as a classifier of theirs."""

            def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
                return self

            def predict_proba(self, X: Any) -> Any:
                return chances[[spots[row.tobytes()] for row in np.ascontiguousarray(X)]]

            def predict(self, X: Any) -> Any:
                return self.predict_proba(X).argmax(axis=1)

        answers = np.full(now.space.size, np.nan)
        answers[now.labelled] = now.model.classes[now.labelled]
        seed = int(stream.integers(2**31))
        strategy: Any = (
            Badge(random_state=seed)
            if self.kind == "badge"
            else UncertaintySampling(method="margin_sampling", random_state=seed)
        )
        chosen = strategy.query(
            now.space.points, answers, Mirror(classes=np.arange(chances.shape[1])), fit_clf=False,
            candidates=now.pool, batch_size=min(count, len(now.pool)),
        )  # fmt: skip
        return [int(one) for one in chosen]


class ActiveLab(Strategy):
    """cleanlab's ActiveLab with one annotator; the probabilities of labelled items are those the model gave before it
    knew the labels."""

    def __init__(self) -> None:
        labeling_data.peers()
        self.foreseen: dict[int, np.ndarray] = {}

    def choose(self, now: Situation, count: int, stream: np.random.Generator) -> list[int]:
        from cleanlab.multiannotator import get_active_learning_scores

        assert now.model is not None
        chances = probabilities(now.model.scores)
        before = np.stack([self.foreseen.get(int(one), chances[one]) for one in now.labelled])
        labels = now.model.classes[now.labelled].astype(float)[:, None]
        try:
            _, scores = get_active_learning_scores(labels, before, chances[now.pool])
        except ValueError:  # a class has no label yet: cleanlab wants all of them
            scores = chances[now.pool].max(axis=1)
        chosen = now.pool[np.argsort(scores, kind="stable")[:count]]
        self.foreseen.update({int(one): chances[one] for one in now.pool})
        return [int(one) for one in chosen]


def labeler(space: Space, n_classes: int, settings: Any, strategy: str) -> AutoLabeler:
    """Clary's loop with another strategy; ``clary`` leaves it as it is."""
    loop = AutoLabeler(space, n_classes, settings)
    if strategy == "random":
        loop.start = loop.strategy = Random()
    elif strategy == "activelab":
        loop.strategy = ActiveLab()
    elif strategy != "clary":
        loop.strategy = ScikitActiveML(strategy)
    return loop


def documented_rule(space: Space, truth: np.ndarray, epsilon: float, seed: int) -> tuple[float, float]:
    """Human share and error among the machine's labels, of Ground Truth's documented rule.

    A random validation set is labelled at the start (a tenth, at least 100). Each round trains on what people have
    labelled besides, finds the lowest confidence above which the validation error is at most epsilon, and labels
    everything above it; people label the least confident of the others. It ends when the machine can label all that is
    left, or no longer gains on people.
    """
    stream = np.random.default_rng(seed)
    everything, n_classes = np.arange(len(truth)), int(truth.max()) + 1
    order = stream.permutation(len(truth))
    validation, order = np.split(order, [max(100, len(truth) // 10)])
    training = order[: 5 * n_classes].tolist()
    best, stale = (1.0, 0.0), 0
    while stale < 4 and len(training) < len(truth) // 2:
        model = fit(space, np.sort(training), truth[np.sort(training)], n_classes, seed)
        wrong = model.classes != truth
        ranked = validation[np.argsort(-model.gaps[validation], kind="stable")]
        rates = np.cumsum(wrong[ranked]) / np.arange(1, len(ranked) + 1)
        fine = np.flatnonzero(rates <= epsilon)
        rest = np.setdiff1d(everything, [*training, *validation])
        above = rest[model.gaps[rest] >= (model.gaps[ranked[fine[-1]]] if len(fine) else np.inf)]
        share = 1 - len(above) / len(truth)
        if share < best[0] - 0.005:
            best, stale = (share, float(wrong[above].mean()) if len(above) else 0.0), 0
        else:
            stale += 1
        if len(above) == len(rest):
            break
        training += rest[np.argsort(model.gaps[rest], kind="stable")[: max(10, len(training) // 7)]].tolist()
    return best
