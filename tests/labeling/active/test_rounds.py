"""The whole loop on real digits, and on everything that is awkward."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from clary.labeling.active.badge import Badge
from clary.labeling.active.doubts import doubts
from clary.labeling.active.learner import fit
from clary.labeling.active.rounds import Ask, AutoLabeler, Finish, Settings
from clary.labeling.active.space import Space
from clary.labeling.active.strategy import Situation


def play(
    labeler: AutoLabeler,
    truth: np.ndarray,
    silent: frozenset[int] = frozenset(),
    labels: Mapping[int, int] = {},
) -> tuple[Finish, dict[int, int], list[Ask]]:
    """Answer every Ask with the truth, except items nobody can answer; the state goes through JSON as a job's does."""
    known, state, asks = dict(labels), {}, []
    while True:
        outcome, state = labeler.step(known, state)
        state = json.loads(json.dumps(state))
        if isinstance(outcome, Finish):
            return outcome, known, asks
        assert outcome.indices, "an Ask asks for something"
        assert not set(outcome.indices) & {one for ask in asks for one in ask.indices}, (
            "nothing is asked twice"
        )
        asks.append(outcome)
        known.update({one: int(truth[one]) for one in outcome.indices if one not in silent})


@pytest.fixture(scope="module")
def digits() -> tuple[Space, np.ndarray]:
    from sklearn.datasets import load_digits

    data = load_digits()
    return Space(data.data.astype(np.float32)), data.target


def everything_once(finish: Finish, known: Mapping[int, int], count: int) -> bool:
    """Every item is a human's, the machine's, or among the rest: one of the three."""
    return sorted([*known, *finish.predictions, *finish.rest]) == list(range(count))


def test_digits_are_labelled_with_few_human_labels_and_the_bound_holds(digits: Any) -> None:
    features, truth = digits
    finish, known, asks = play(AutoLabeler(features, 10, Settings()), truth)
    certificate = finish.certificate
    assert certificate is not None
    wrong = sum(truth[item] != one for item, (one, _) in finish.predictions.items())
    assert wrong / len(truth) <= certificate.upper_bound <= 0.05
    assert 1 - len(finish.predictions) / len(truth) <= 0.30
    assert everything_once(finish, known, len(truth))
    assert all(not ask.suggestions and not ask.confidences for ask in asks if ask.purpose == "audit")
    assert certificate.automatic == len(finish.predictions)


def test_a_step_that_is_repeated_says_the_same(digits: Any) -> None:
    features, truth = digits
    known: dict[int, int] = {}
    state: dict[str, Any] = {}
    for _ in range(4):
        outcome, after = AutoLabeler(features, 10, Settings(seed=5)).step(known, state)
        again, after_again = AutoLabeler(features, 10, Settings(seed=5)).step(known, state)
        assert outcome == again
        assert after == after_again
        assert isinstance(outcome, Ask)
        known.update({one: int(truth[one]) for one in outcome.indices})
        state = after


def test_items_nobody_can_answer_neither_stall_nor_get_a_machine_label(digits: Any) -> None:
    features, truth = digits
    silent = frozenset(np.random.default_rng(0).choice(len(truth), 18, replace=False).tolist())
    finish, known, asks = play(AutoLabeler(features, 10, Settings()), truth, silent)
    assert everything_once(finish, known, len(truth))
    asked = {one for ask in asks for one in ask.indices}
    assert not asked & silent & set(finish.predictions)


def test_one_class_only_is_certified_by_an_audit() -> None:
    features = np.random.default_rng(0).normal(size=(400, 5)).astype(np.float32)
    finish, _, _ = play(AutoLabeler(features, 1, Settings()), np.zeros(400, dtype=int))
    assert finish.certificate is not None
    finish, _, _ = play(AutoLabeler(features, 3, Settings()), np.zeros(400, dtype=int))
    assert finish.certificate is not None
    assert {one for one, _ in finish.predictions.values()} == {0}


@pytest.mark.parametrize("count", [0, 1, 2, 25, 40])
def test_too_few_items_for_any_audit_are_all_labelled_by_humans(count: int) -> None:
    features = np.random.default_rng(0).normal(size=(count, 5)).astype(np.float32)
    finish, known, _ = play(AutoLabeler(features, 2, Settings()), np.arange(count) % 2)
    assert finish.certificate is None
    assert not finish.predictions
    assert everything_once(finish, known, count)


def test_labels_that_cannot_be_learned_end_with_humans_labelling_nearly_all() -> None:
    stream = np.random.default_rng(0)
    features, truth = stream.normal(size=(240, 5)).astype(np.float32), stream.integers(0, 4, 240)
    finish, known, _ = play(AutoLabeler(features, 4, Settings(batch=30)), truth)
    assert everything_once(finish, known, 240)
    wrong = sum(truth[item] != one for item, (one, _) in finish.predictions.items())
    assert wrong <= 0.05 * 240


def test_copies_are_no_trouble() -> None:
    features = np.repeat(np.eye(3, dtype=np.float32), 150, axis=0)
    truth = np.repeat(np.arange(3), 150)
    finish, _, _ = play(AutoLabeler(features, 3, Settings()), truth)
    assert finish.certificate is not None
    assert all(truth[item] == one for item, (one, _) in finish.predictions.items())


def test_excluded_items_do_not_count(digits: Any) -> None:
    features, truth = digits
    finish, known, asks = play(AutoLabeler(features, 10, Settings(), exclude=range(900)), truth)
    touched = {*known, *finish.predictions, *finish.rest, *(one for ask in asks for one in ask.indices)}
    assert touched == set(range(900, len(truth)))
    assert finish.certificate is not None
    assert finish.certificate.total == len(truth) - 900


def test_labels_from_before_are_used(digits: Any) -> None:
    features, truth = digits
    before = {item: int(truth[item]) for item in range(300)}
    finish, _, asks = play(AutoLabeler(features, 10, Settings()), truth, labels=before)
    assert finish.certificate is not None
    assert not {one for ask in asks for one in ask.indices} & set(before)


def test_features_that_are_no_numbers_are_refused_by_item() -> None:
    features = np.zeros((5, 2), dtype=np.float32)
    features[3, 1] = np.nan
    with pytest.raises(ValueError, match="item 3"):
        AutoLabeler(features, 2, Settings())


def test_a_label_that_is_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="item 1 is 7"):
        AutoLabeler(np.zeros((5, 2), dtype=np.float32), 2, Settings()).step({1: 7}, {})


@pytest.mark.parametrize("wrong", [{"epsilon": 0.0}, {"delta": 1.0}, {"scope": "all"}, {"batch": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)


def test_badge_picks_doubtful_items_and_no_two_copies_of_one() -> None:
    copies = np.repeat(np.random.default_rng(0).normal(size=(40, 4)), 3, axis=0).astype(np.float32)
    space, items = Space(copies), np.arange(0, 30, 3)
    model = fit(space, items, np.arange(10) % 2, 2, 0)
    pool = np.setdiff1d(np.arange(120), items)
    chosen = Badge().choose(Situation(space, pool, items, model), 15, np.random.default_rng(0))
    assert len({one // 3 for one in chosen}) == len(chosen) == 15
    assert model.gaps[chosen].mean() < model.gaps[pool].mean()
    assert len(Badge().choose(Situation(space, pool, items, model), 500, np.random.default_rng(0))) == len(
        pool
    )


def test_foresight_tells_how_many_labels_are_wrong_though_only_hard_items_were_asked() -> None:
    stream = np.random.default_rng(0)
    gaps = stream.random(4000) * 2
    wrong = stream.random(4000) < 1 / (1 + np.exp(4 * gaps))
    asked = np.argsort(gaps)[:400]
    record = [[int(one), float(gaps[one]), 0, 400] for one in asked]
    found = doubts(gaps, record, {int(one): int(wrong[one]) for one in asked}, 400)
    assert 0.6 < found.mean() / wrong.mean() < 1.6
    assert wrong[asked].mean() > 2 * wrong.mean()


def test_the_scope_of_machine_labels_alone_is_kept_too(digits: Any) -> None:
    space, truth = digits
    finish, _, _ = play(AutoLabeler(space, 10, Settings(scope="auto-labelled")), truth)
    assert finish.certificate is not None
    assert finish.certificate.scope == "auto-labelled"
    wrong = sum(truth[item] != one for item, (one, _) in finish.predictions.items())
    assert wrong / len(finish.predictions) <= finish.certificate.upper_bound <= 0.05
