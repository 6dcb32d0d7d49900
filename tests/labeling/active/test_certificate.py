"""One sample, one certificate: the hypergeometric bound, its scopes, its words."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest

from clary.labeling.active.certificate import Certificate, certify, curve, wrong_bound


def at_most(wrong: int, population: int, bad: int, drawn: int) -> float:
    """P(Hypergeometric <= wrong), in whole numbers."""
    ways = sum(comb(bad, found) * comb(population - bad, drawn - found) for found in range(wrong + 1))
    return ways / comb(population, drawn)


def test_the_hypergeometric_bound_is_the_largest_number_that_is_not_refuted() -> None:
    for population, drawn, wrong in ((1000, 93, 1), (1000, 60, 0), (50, 50, 3), (200, 10, 10)):
        most = wrong_bound(population, drawn, wrong, 0.05)
        assert at_most(wrong, population, most, drawn) > 0.05
        assert most == population - (drawn - wrong) or at_most(wrong, population, most + 1, drawn) <= 0.05


@pytest.mark.parametrize("scope", ["dataset", "auto-labelled"])
@pytest.mark.parametrize("informed", [True, False])
def test_a_certificate_is_wrong_no_more_often_than_delta(scope: Any, informed: bool) -> None:
    stream = np.random.default_rng(2)
    broken = given = 0
    for _ in range(100):
        sure = stream.random(600)
        wrong = stream.random(600) < (0.4 * (1 - sure) ** 2 if informed else np.full(600, 0.115))
        audit = stream.choice(600, 220, replace=False)
        found = certify(sure, audit, wrong[audit], total=650, epsilon=0.1, delta=0.05, scope=scope, levels=20)
        if found is None:
            continue
        given += 1
        machine = sure >= found.threshold
        machine[audit] = False
        assert machine.sum() == found.automatic
        errors = int((wrong & machine).sum())
        broken += errors > 0.1 * (650 if scope == "dataset" else machine.sum())
    assert broken <= 11  # more happen in 1 of 100 such tests; the seed is fixed
    assert given > 5 or not informed


def test_a_better_model_is_left_more() -> None:
    audit, wrong = np.arange(0, 1000, 8), np.zeros(125, dtype=bool)
    found = certify(np.linspace(0, 1, 1000), audit, wrong, total=1000, epsilon=0.05, delta=0.05)
    assert found is not None
    assert found.automatic == 1000 - 125
    assert found.share_auto == 0.875
    assert (
        certify(np.linspace(0, 1, 1000), audit, ~wrong, total=1000, epsilon=0.05, delta=0.05, levels=10)
        is None
    )


def test_the_curve_rises_with_the_share_that_the_machine_labels() -> None:
    sure = np.linspace(0, 1, 500)
    audit = np.arange(0, 500, 5)
    levels = curve(sure, audit, sure[audit] < 0.1, total=500, delta=0.05, scope="dataset")
    assert [one.automatic for one in levels] == sorted(one.automatic for one in levels)
    assert levels[0].upper_bound <= levels[-1].upper_bound
    assert levels[-1].audit_errors == 10


@pytest.mark.parametrize("scope", ["dataset", "auto-labelled"])
def test_nothing_to_certify_gives_no_certificate(scope: Any) -> None:
    assert certify([], [], [], total=10, epsilon=0.05, delta=0.05, scope=scope) is None
    assert certify([0.5, 0.5], [0], [False], total=2, epsilon=0.05, delta=0.05, scope=scope) is None


def test_an_item_that_was_drawn_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="no item twice"):
        curve([0.1, 0.2], [0, 0], [False, True], total=2, delta=0.05, scope="dataset")


def test_metadata_and_words_say_the_same() -> None:
    one = Certificate("betting-wor", 0.05, 0.05, "dataset", 0.8, 90, 2, 0.0431, 4200, 5000, 4110)
    assert Certificate.from_metadata(one.to_metadata()) == one
    assert one.to_metadata()["audit-size"] == 90
    assert "95% certainty at most 4.3% of all labels" in one.words()
    assert "2 wrong" in one.words()
