"""Consolidation: right where the truth is known, never worse than a majority vote, and as sure as it is right."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import settings as examined
from hypothesis import strategies as st
from tests.benchmarks.crowds import REGIMES, Known, answered, skilled
from tests.labeling.tasks.examples import settings
from tests.labeling.tasks.test_answers import ANSWERS, LABELS, thing_of

from clary.labeling import agreement, tasks
from clary.labeling.consolidation import dawid_skene, single
from clary.labeling.consolidation.matching import pairs
from clary.labeling.task_type import Answer, DataObject, Verdict, Vote
from clary.labeling.tasks.boxes import iou


def votes_of(known: Known, names: list[str]) -> dict[int, list[Vote]]:
    votes: dict[int, list[Vote]] = {number: [] for number in range(known.crowd.n_objects)}
    rows = zip(
        known.crowd.objects.tolist(), known.crowd.workers.tolist(), known.crowd.labels.tolist(), strict=True
    )
    for thing, worker, label in rows:
        votes[thing].append(Vote(f"w{worker}", {"label": names[label]}))
    return votes


def verdicts(
    task: str, votes: dict[int, list[Vote]], *labels: str, gold: Any = None, **more: Any
) -> dict[int, Verdict]:
    job = settings(task, *labels, **more)
    things = {number: DataObject(number, {"source": "x" * 100}, 8, 4) for number in votes}
    return tasks.of(job).consolidate(votes, things, job, gold or {})


@pytest.mark.parametrize("regime", [name for name in REGIMES if name != "digits"])
def test_no_crowd_is_consolidated_worse_than_by_a_majority_vote(regime: str) -> None:
    known = REGIMES[regime](0)
    random = np.random.default_rng(0)
    counts = known.crowd.counts()
    majority = (counts + random.random(counts.shape) * 1e-3).argmax(1)
    found = dawid_skene.fit(known.crowd).posterior.argmax(1)
    assert (found == known.truth).mean() >= (majority == known.truth).mean()


def test_confidences_are_right_as_often_as_they_say_once_there_is_gold() -> None:
    known = REGIMES["hard objects"](1)  # everybody errs alike: bare posteriors are far too sure here
    names = list("abcde")
    votes = votes_of(known, names)
    gold = {number: names[known.truth[number]] for number in range(150)}
    found = single.consolidate(votes, names, gold)
    assert set(found) == set(range(150, 1500))
    right = np.array([name == names[known.truth[number]] for number, (name, _) in found.items()])
    sure = np.array([confidence for _, confidence in found.values()])
    assert abs(sure.mean() - right.mean()) < 0.04
    bare = dawid_skene.softmax(dawid_skene.fit(known.crowd).blind(known.crowd)).max(1)
    assert bare.mean() - right.mean() > 0.08


def test_gold_tells_who_is_wrong_on_purpose() -> None:
    """Three of five call cats dogs and dogs cats: no vote can know, gold can."""
    truth = ["cat" if number % 2 else "dog" for number in range(120)]
    other = {"cat": "dog", "dog": "cat"}
    votes = {
        number: [
            Vote(f"w{who}", {"label": truth[number] if who < 2 else other[truth[number]]}) for who in range(5)
        ]
        for number in range(120)
    }
    gold = {number: {"label": truth[number]} for number in range(20)}
    found = verdicts("image-classification", votes, gold=gold)
    assert all(verdict.answer["label"] == truth[number] for number, verdict in found.items())
    assert len(found) == 100


def test_a_single_worker_has_confidence_0_and_the_last_word() -> None:
    votes = {number: [Vote("w", {"label": "cat" if number else "dog"})] for number in range(4)}
    found = verdicts("image-classification", votes, workers_per_object=1)
    assert [one.answer["label"] for one in found.values()] == ["dog", "cat", "cat", "cat"]
    assert {one.confidence for one in found.values()} == {0.0}
    box = {"label": "cat", "left": 1, "top": 1, "width": 2, "height": 2}
    boxes = verdicts("bounding-box", {0: [Vote("w", {"boxes": [box]})]}, workers_per_object=1)[0]
    assert (boxes.answer, boxes.confidence, boxes.details) == ({"boxes": [box]}, 0.0, {"confidences": [0.0]})
    started = {**votes, 9: [Vote("w", {"label": "cat"}), Vote("v", {"label": "dog"})], 10: []}
    early = verdicts(
        "image-classification", started
    )  # one of three has answered: sure of nothing yet, not overruled
    assert early[0].answer["label"] == "dog"
    assert 0 < early[0].confidence < 1
    assert 10 not in early


BOX, OTHER = ({"label": "cat", "left": left, "top": 1, "width": 20, "height": 20} for left in (0, 40))
SPAN = {"label": "cat", "startOffset": 0, "endOffset": 4}
# What everybody says of most objects, and what one person says of another one.
DECIDED: dict[str, tuple[Answer, Answer]] = {
    "image-classification": ({"label": "cat"}, {"label": "rocket 🚀"}),
    "text-classification-multilabel": ({"labels": ["cat"]}, {"labels": ["rocket 🚀"]}),
    "bounding-box": ({"boxes": [BOX]}, {"boxes": [BOX, OTHER]}),
    "named-entity-recognition": (
        {"entities": [SPAN]},
        {"entities": [SPAN, {**SPAN, "startOffset": 9, "endOffset": 12}]},
    ),
    "semantic-segmentation": (
        {"width": 64, "height": 48, "runs": [[0, 3072]]},
        {"width": 64, "height": 48, "runs": [[1, 3072]]},
    ),
}


@pytest.mark.parametrize("task", DECIDED)
def test_a_decision_that_stands_alone_is_never_overruled(task: str) -> None:
    """The owner's decision in the review queue is the only vote on its object, among many of others."""
    usual, decided = DECIDED[task]
    votes = {number: [Vote(f"w{who}", usual) for who in range(3)] for number in range(40)}
    votes[40] = [Vote("owner", decided)]
    job, thing = settings(task, *LABELS), thing_of(task)
    found = tasks.of(job).consolidate(votes, dict.fromkeys(votes, thing), job, {})
    assert found[40].answer == decided
    assert found[0].answer == usual


def test_votes_are_not_counted_by_their_order() -> None:
    known = REGIMES["biased"](3)
    names = list("abcdef")
    votes = votes_of(known, names)
    one = single.consolidate(votes, names, {})
    other = single.consolidate(dict(reversed(list(votes.items()))), names, {})
    assert {n: name for n, (name, _) in one.items()} == {n: name for n, (name, _) in other.items()}


def test_a_hundred_thousand_answers_are_consolidated_in_about_a_second() -> None:
    random = np.random.default_rng(0)
    known = answered(random, 20_000, 200, 5, 5, skilled(random, random.beta(8, 3, 200), 5))
    begun = time.process_time()
    fitted = dawid_skene.fit(known.crowd)
    assert time.process_time() - begun < 3  # on a machine that does other things, too
    assert (fitted.posterior.argmax(1) == known.truth).mean() > 0.9


def test_labels_of_a_set_are_judged_one_by_one() -> None:
    """One person ticks everything, always: what they alone ticked does not hold."""
    random = np.random.default_rng(0)
    truth = random.random((150, 4)) < 0.3
    names = ["a", "b", "c", "d"]

    def said(number: int, who: int) -> Answer:
        chosen = truth[number] & (random.random(4) < 0.9)
        return {
            "labels": names if who == 2 else [name for name, one in zip(names, chosen, strict=True) if one]
        }

    votes = {number: [Vote(f"w{who}", said(number, who)) for who in range(3)] for number in range(150)}
    job = settings("image-classification-multilabel", *names)
    found = verdicts(job.task, votes, *names)
    got = np.array([[name in one.answer["labels"] for name in names] for one in found.values()])
    assert (got == truth).mean() > 0.97
    value, metadata = tasks.of(job).write(found[0], DataObject(0, {}), job, "")
    assert value == [0, 1, 2, 3]  # everything that anybody chose
    assert set(metadata) == {"class-map", "confidence-map"}
    held = [names[number] for number in value if metadata["confidence-map"][str(number)] >= 0.5]
    assert held == found[0].answer["labels"]


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
    matched = sum(len(pairs(found[number], truth[number], iou, 0.5)) for number in truth)
    return 2 * matched / sum(len(found[number]) + len(truth[number]) for number in truth)


@pytest.mark.parametrize("crowd", [{}, {"misses": 0.4}, {"bad": 3.0}])
def test_boxes_are_found_and_inventions_dropped(crowd: dict[str, float]) -> None:
    from clary.labeling.consolidation.boxes import averaged
    from clary.labeling.consolidation.marks import clusters

    votes, truth = drawn(0, **crowd)
    found = verdicts("bounding-box", votes)
    mine = {number: one.answer["boxes"] for number, one in found.items()}
    majority = {
        number: [averaged(one) for one in clusters(given, "boxes", iou, 0.4) if len(one.marks) > 2]
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


def test_comments_of_all_are_kept_with_a_verdict() -> None:
    votes = {0: [Vote("anna", {"label": "cat", "comment": "no <b>"}), Vote("ben", {"label": "cat"})]}
    job = settings("bounding-box", mode="verify")
    found = verdicts("bounding-box", votes, mode="verify")[0]
    value, metadata = tasks.of(job).write(found, DataObject(0, {}), job, "")
    assert (value, metadata["class-name"]) == (0, "cat")
    assert metadata["worker-feedback"] == [{"comment": "no <b>"}]


@pytest.mark.parametrize("task", ANSWERS)
@given(data=st.data(), workers=st.sampled_from([1, 3]))
@examined(max_examples=25, deadline=None)
def test_whatever_people_answer_the_verdict_is_an_answer_that_would_be_taken(
    task: str, data: st.DataObject, workers: int
) -> None:
    job, thing = settings(task, *LABELS, workers_per_object=workers), thing_of(task)
    kind = tasks.of(job)
    answers = data.draw(st.lists(st.lists(ANSWERS[task], max_size=4), min_size=1, max_size=3))
    votes = {
        number: [Vote(f"w{who}", kind.check(one, thing, job)) for who, one in enumerate(given)]
        for number, given in enumerate(answers)
    }
    gold = {0: kind.check(data.draw(ANSWERS[task]), thing, job)} if data.draw(st.booleans()) else {}
    found = kind.consolidate(votes, dict.fromkeys(votes, thing), job, gold)
    assert set(found) == {number for number, given in votes.items() if given and number not in gold}
    for verdict in found.values():
        assert kind.check(verdict.answer, thing, job) == verdict.answer
        assert 0 <= verdict.confidence <= 1
        orjson.dumps(kind.write(verdict, thing, job, "s3://b/0.png"))
    measured = agreement.measure(votes, job)
    assert all(0 <= one <= 1 for one in measured.by_object.values())


def test_whoever_named_a_label_that_is_not_there_is_told() -> None:
    with pytest.raises(KeyError):
        single.consolidate(
            {0: [Vote("w", {"label": "cow"}), Vote("v", {"label": "cat"})]}, ["cat", "dog"], {}
        )
