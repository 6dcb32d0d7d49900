"""Consolidation of what people draw: boxes, spans, masks."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from tests.labeling.tasks.examples import settings
from tests.labeling.tasks.test_consolidation import verdicts

from clary.labeling import tasks
from clary.labeling.consolidation import overlaps
from clary.labeling.consolidation.marks import clusters
from clary.labeling.consolidation.matching import pairs
from clary.labeling.steps import detecting
from clary.labeling.task_type import Answer, DataObject, Verdict, Vote
from clary.labeling.tasks.boxes import place


def drawn(seed: int, **more: Any) -> tuple[dict[int, list[Vote]], dict[int, list[dict[str, Any]]]]:
    """Images with boxes, each drawn by 5 of 12 people who miss some, invent some, and place them within pixels."""
    random = np.random.default_rng(seed)
    misses = np.full(12, more.get("misses", 0.1))
    invents = np.where(np.arange(12) % 4 == 0, more.get("bad", 0.2), 0.2)

    def box() -> dict[str, Any]:
        left, top, width, height = random.integers([0, 0, 20, 20], [400, 300, 100, 100]).tolist()
        return {
            "label": "cat" if random.random() < 0.5 else "dog",
            "left": left,
            "top": top,
            "width": width,
            "height": height,
        }

    truth, votes = {}, {}
    for number in range(120):
        truth[number] = [box() for _ in range(random.integers(0, 6))]
        votes[number] = []
        for who in random.choice(12, 5, replace=False).tolist():
            seen = [one for one in truth[number] if random.random() > misses[who]]
            moved = [{**one, "left": one["left"] + int(random.integers(-2, 3))} for one in seen]
            votes[number].append(
                Vote(f"w{who}", {"boxes": moved + [box() for _ in range(random.poisson(invents[who]))]})
            )
    return votes, truth


def f1(found: dict[int, list[dict[str, Any]]], truth: dict[int, list[dict[str, Any]]]) -> float:
    matched = sum(len(pairs(found[number], truth[number], place, 0.5)) for number in truth)
    return 2 * matched / sum(len(found[number]) + len(truth[number]) for number in truth)


@pytest.mark.parametrize("crowd", [{}, {"misses": 0.4}, {"bad": 3.0}])
def test_boxes_are_found_and_inventions_dropped(crowd: dict[str, float]) -> None:
    from clary.labeling.consolidation.boxes import averaged

    votes, truth = drawn(0, **crowd)
    found = verdicts("bounding-box", votes)
    mine = {number: one.answer["boxes"] for number, one in found.items()}
    majority = {
        number: [averaged(one) for one in clusters(given, "boxes", place, 0.4) if len(one.marks) > 2]
        for number, given in votes.items()
    }
    assert f1(mine, truth) >= f1(majority, truth) - 1e-9
    assert f1(mine, truth) > 0.95
    assert all(len(one.details["confidences"]) == len(one.answer["boxes"]) for one in found.values())


def test_boxes_that_mean_one_thing_are_averaged_and_neighbours_kept_apart() -> None:
    def box(left: int, width: int = 40, label: str = "cat") -> dict[str, Any]:
        return {"label": label, "left": left, "top": 10, "width": width, "height": 40}

    votes = {0: [
        Vote("anna", {"boxes": [box(0), box(45)]}),
        Vote("ben", {"boxes": [box(47), box(2)]}),
        Vote("cleo", {"boxes": [box(1, 41, "dog"), box(46)]}),
    ]}  # fmt: skip
    found = verdicts("bounding-box", votes)[0].answer["boxes"]
    assert sorted(one["left"] for one in found) == [1, 46]
    assert [one["label"] for one in found] == ["cat", "cat"]


def span(start: int, end: int, label: str = "cat") -> dict[str, Any]:
    return {"label": label, "startOffset": start, "endOffset": end}


def scattered(count: int, seed: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    return [
        {"label": "cat" if one % 3 else "dog", "left": left, "top": top, "width": width, "height": 60}
        for one, (left, top, width) in enumerate(
            random.integers([0, 0, 20], [3900, 2900, 90], (count, 3)).tolist()
        )
    ]


def test_many_marks_are_compared_as_a_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ones, others = scattered(60, 1), scattered(50, 2)
    ones, others = ([{**box, "left": box["left"] // 20} for box in some] for some in (ones, others))
    several = [Vote(f"w{number}", {"boxes": boxes}) for number, boxes in enumerate((ones, others, ones[::2]))]
    found = []
    for few in (10**9, 0):
        monkeypatch.setattr(overlaps, "_FEW", few)
        monkeypatch.setattr(overlaps, "_BLOCK", 7)
        found.append((pairs(ones, others, place, 0.1), clusters(several, "boxes", place, 0.4)))
    assert found[0] == found[1]
    assert len(found[0][0]) > 10


def test_thousands_of_boxes_in_an_image_are_no_hindrance() -> None:
    boxes = scattered(3000, 3)
    moved = [{**box, "left": box["left"] + one % 3} for one, box in enumerate(boxes)]
    began = time.perf_counter()
    assert 0.9 < 1 - tasks.find("bounding-box").distance({"boxes": boxes}, {"boxes": moved}) < 1
    votes = {0: [Vote("anna", {"boxes": boxes}), Vote("ben", {"boxes": moved})]}
    assert len(verdicts("bounding-box", votes)[0].answer["boxes"]) == 3000
    assert detecting.matches({"boxes": boxes}, {"boxes": moved[::-1]}, 0.8)
    assert not detecting.matches({"boxes": boxes}, {"boxes": [*moved[1:], boxes[1]]}, 0.8)
    assert time.perf_counter() - began < 3


def test_spans_get_the_boundaries_of_most_and_never_overlap() -> None:
    votes = {0: [
        Vote("anna", {"entities": [span(3, 9), span(20, 25)]}),
        Vote("ben", {"entities": [span(3, 8), span(20, 25, "dog")]}),
        Vote("cleo", {"entities": [span(2, 9), span(8, 12), span(20, 25)]}),
    ]}  # fmt: skip
    found = verdicts("named-entity-recognition", votes)[0]
    assert found.answer["entities"] == [span(3, 9), span(20, 25)]
    assert all(0.5 <= one <= 1 for one in found.details["confidences"])
    job = settings("named-entity-recognition")
    assert tasks.of(job).check(found.answer, DataObject(0, {"source": "x" * 30}), job) == found.answer


def test_pixels_go_to_most_and_a_split_to_who_is_right_more_often() -> None:
    def mask(*runs: list[int]) -> Answer:
        return {"width": 8, "height": 4, "runs": [list(one) for one in runs]}

    good, bad = mask([0, 8], [1, 16], [0, 8]), mask([2, 32])
    votes = {number: [Vote("anna", good), Vote("ben", good), Vote("cleo", bad)] for number in range(5)}
    votes[9] = [Vote("cleo", bad), Vote("anna", good)]
    found = verdicts("semantic-segmentation", votes)
    assert found[0].answer == good
    assert found[9].answer == good
    assert 0.5 < found[9].confidence < found[0].confidence + 0.5
    truth = {
        number: {**mask([0, 8], [2, 16], [0, 8])} for number in range(10, 40)
    }  # everybody is wrong on gold
    gilded = {**votes, **{number: [Vote("anna", good), Vote("ben", good)] for number in truth}}
    assert verdicts("semantic-segmentation", gilded, gold=truth)[0].confidence < 0.3
    empty = {0: [Vote("anna", mask([0, 32])), Vote("ben", mask([0, 32]))]}
    assert verdicts("semantic-segmentation", empty)[0] == Verdict(mask([0, 32]), 1.0)


def test_masks_of_12_megapixels_are_voted_on_in_a_moment() -> None:
    random = np.random.default_rng(0)

    def mask() -> Answer:
        runs: list[list[int]] = []
        for row in range(3000):  # a disc with a ragged border
            half = int(max(0, 1200**2 - (row - 1500) ** 2) ** 0.5) + int(random.integers(3))
            runs += [[0, 2000 - half], [1, 2 * half], [0, 2000 - half]]
        return {"width": 4000, "height": 3000, "runs": runs}

    votes = {0: [Vote(f"w{number}", mask()) for number in range(5)]}
    begun = time.process_time()
    found = verdicts("semantic-segmentation", votes, "disc")[0]
    assert time.process_time() - begun < 1.5
    assert found.confidence > 0.99
    assert sum(one[1] for one in found.answer["runs"]) == 12_000_000
