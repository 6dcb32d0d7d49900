"""Agreement: published examples, statsmodels' figures, and intervals that hold the truth."""

from __future__ import annotations

import time

import numpy as np
import pytest
from statsmodels.stats import inter_rater
from tests.labeling.tasks.examples import settings

from clary.labeling import agreement
from clary.labeling.agreement.coefficients import alpha, cohen_kappa, fleiss_kappa
from clary.labeling.task_type import Answer, Vote

# K. Krippendorff, "Computing Krippendorff's alpha-reliability" (2011): four observers, twelve units; 0: not answered.
OBSERVERS = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
    [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
])  # fmt: skip


def counted(rows: np.ndarray, classes: int) -> np.ndarray:
    return np.stack([(rows == one).sum(0) for one in range(1, classes + 1)], axis=1).astype(float)


def votes_of(rows: np.ndarray, names: str) -> dict[int, list[Vote]]:
    return {
        unit: [Vote(f"w{who}", {"label": names[said - 1]}) for who, said in enumerate(column) if said]
        for unit, column in enumerate(rows.T.tolist())
    }


def test_alpha_is_krippendorffs() -> None:
    counts = counted(OBSERVERS, 5)
    assert alpha(counts) == pytest.approx(0.743, abs=5e-4)
    values = np.arange(1.0, 6.0)
    assert alpha(counts, (values[:, None] - values[None, :]) ** 2) == pytest.approx(0.849, abs=5e-4)
    found = agreement.measure(votes_of(OBSERVERS, "abcde"), settings("image-classification", *"abcde"))
    assert found.alpha.value == pytest.approx(0.743, abs=5e-4)
    assert found.alpha.low is not None
    assert found.alpha.high is not None
    assert found.alpha.low < 0.743 < found.alpha.high


def test_kappas_are_those_of_statsmodels() -> None:
    random = np.random.default_rng(5)
    one, other = random.integers(4, size=(2, 200))
    other = np.where(random.random(200) < 0.6, one, other)
    table = np.zeros((4, 4))
    np.add.at(table, (one, other), 1)
    assert cohen_kappa(one, other) == pytest.approx(inter_rater.cohens_kappa(table, return_results=False))
    counts = random.multinomial(5, [0.5, 0.2, 0.3], 60).astype(float)
    assert fleiss_kappa(counts) == pytest.approx(inter_rater.fleiss_kappa(counts))


def test_where_there_is_nothing_to_compare_there_is_no_figure() -> None:
    job = settings("image-classification", "a", "b")
    alone = agreement.measure({0: [Vote("w", {"label": "a"})], 1: []}, job)
    assert alone.alpha.value is None
    assert alone.by_worker[0].figure.value is None
    assert alone.by_worker[0].answers == 1
    same = agreement.measure(
        {n: [Vote("v", {"label": "a"}), Vote("w", {"label": "a"})] for n in range(3)}, job
    )
    assert same.alpha.value is None  # one class only: no chance to disagree
    assert same.likeness.value == 1
    assert agreement.measure({}, job).alpha.value is None
    assert np.isnan(cohen_kappa(np.zeros(0, int), np.zeros(0, int)))
    assert np.isnan(fleiss_kappa(np.zeros((0, 2))))


def test_objects_classes_and_people_are_told_apart() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(3, size=400)

    def said(number: int, worker: int) -> str:
        wrong = random.random() < (0.6 if worker == 3 else 0.02)
        return "abc"[(truth[number] + random.integers(1, 3)) % 3 if wrong else truth[number]]

    votes = {n: [Vote(f"w{w}", {"label": said(n, w)}) for w in range(4)] for n in range(400)}
    found = agreement.measure(votes, settings("image-classification", "a", "b", "c"))
    people = {one.name: one.figure for one in found.by_worker}
    assert people["w3"].high < people["w0"].low  # type: ignore[operator]
    assert [one.label for one in found.by_class] == ["a", "b", "c"]
    assert all(one.figure.low <= one.figure.value <= one.figure.high for one in found.by_class)  # type: ignore[operator]
    split = {
        0: [Vote("v", {"label": "a"}), Vote("w", {"label": "b"})],
        1: [Vote("v", {"label": "a"}), Vote("w", {"label": "a"})],
    }
    assert agreement.measure(split, settings("image-classification", "a", "b")).by_object == {0: 0.0, 1: 1.0}
    assert agreement.measure(split, settings("image-classification", "a", "b")).confusion == [[2, 1], [1, 0]]
    assert agreement.measure(votes, settings("image-classification", "a", "b", "c")) == found  # seeded


def test_the_interval_holds_the_figure_of_the_population_19_times_of_20() -> None:
    random = np.random.default_rng(1)

    def crowd(size: int) -> dict[int, list[Vote]]:
        truth = random.integers(2, size=size)
        flips = random.random((size, 3)) < 0.2
        return {
            n: [Vote(f"w{w}", {"label": "ab"[truth[n] ^ flips[n, w]]}) for w in range(3)] for n in range(size)
        }

    job = settings("image-classification", "a", "b")
    population = agreement.measure(crowd(10_000), job).alpha.value
    assert population is not None
    held = 0
    for _ in range(50):
        figure = agreement.measure(crowd(120), job).alpha
        held += figure.low <= population <= figure.high  # type: ignore[operator]
    assert held >= 43


def box(left: int, label: str = "cat") -> dict[str, object]:
    return {"label": label, "left": left, "top": 10, "width": 20, "height": 20}


def test_boxes_agree_by_their_iou() -> None:
    def votes(*lefts: int) -> list[Vote]:
        return [Vote(f"w{number}", {"boxes": [box(left)]}) for number, left in enumerate(lefts)]

    found = agreement.measure({0: votes(0, 0), 1: votes(100, 110)}, settings("bounding-box"))
    assert found.by_object == {0: 1.0, 1: pytest.approx(1 / 3)}
    assert found.likeness.value == pytest.approx(2 / 3)
    assert [one.label for one in found.by_class] == ["cat"]
    assert found.by_class[0].figure.value == pytest.approx(2 / 3)
    assert found.alpha.value is not None
    assert 0 < found.alpha.value < 1


@pytest.mark.parametrize(
    ("task", "one", "other"),
    [
        ("text-classification-multilabel", {"labels": ["cat"]}, {"labels": ["cat", "dog"]}),
        ("named-entity-recognition", {"entities": [{"label": "cat", "startOffset": 0, "endOffset": 4}]},
         {"entities": [{"label": "cat", "startOffset": 2, "endOffset": 4}]}),
        ("semantic-segmentation", {"width": 4, "height": 1, "runs": [[0, 2], [1, 2]]},
         {"width": 4, "height": 1, "runs": [[0, 3], [1, 1]]}),
    ],
)  # fmt: skip
def test_half_of_it_the_same_is_a_likeness_of_one_half(task: str, one: Answer, other: Answer) -> None:
    votes = {0: [Vote("v", one), Vote("w", other)], 1: [Vote("v", one), Vote("w", one)]}
    found = agreement.measure(votes, settings(task))
    assert found.by_object == {0: pytest.approx(0.5), 1: pytest.approx(1.0)}
    assert {one.label for one in found.by_class} == ({"cat", "dog"} if task.endswith("label") else {"cat"})


def test_a_hundred_thousand_answers_are_compared_in_a_moment() -> None:
    random = np.random.default_rng(2)
    names = "abcdefghij"
    said = random.integers(10, size=(33_000, 3))
    answers = [{"label": one} for one in names]
    votes = {n: [Vote(f"w{(n + w) % 40}", answers[said[n, w]]) for w in range(3)] for n in range(33_000)}
    begun = time.process_time()
    found = agreement.measure(votes, settings("image-classification", *names))
    assert time.process_time() - begun < 3
    assert found.alpha.value == pytest.approx(0, abs=0.02)
