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
from clary.labeling.task_type import Answer, DataObject, Verdict, Vote


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
