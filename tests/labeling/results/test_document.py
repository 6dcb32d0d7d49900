"""What people look at of a job."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clary.labeling import results
from clary.labeling.settings import Automatic, Gold, Label
from clary.labeling.work import Work
from clary.labeling.work.recording import Act

Jobs = Callable[..., Work]


def crowd(count: int, seed: int = 0) -> dict[str, dict[int, dict[str, str]]]:
    """Three people, of whom the third errs often."""
    draw = random.Random(seed)
    labels = ["cat", "dog", "<i>owl</i>"]
    truth = [draw.choice(labels[:2]) for _ in range(count)]
    skill = {"anna": 1.0, "ben": 0.9, "zoe": 0.5}
    return {
        name: {
            n: {"label": one if draw.random() < right else draw.choice(labels)} for n, one in enumerate(truth)
        }
        for name, right in skill.items()
    }


def test_a_job_of_three_people_tells_who_agrees_and_what_is_doubtful(job: Jobs) -> None:
    given = crowd(40)
    work = job("text-classification", given, 40)
    found = results.document(work)
    json.dumps(found, allow_nan=False)
    assert [one["label"] for one in found["classes"]] == ["cat", "dog", "<i>owl</i>"]
    assert sum(one["human"] for one in found["classes"]) == 40
    assert sum(one["share"] for one in found["classes"]) == pytest.approx(1)
    assert sum(found["confidence"]["human"]) == 40
    assert len(found["confidence"]["edges"]) == len(found["confidence"]["human"]) + 1
    people = {one["name"]: one for one in found["annotators"]}
    assert people["anna"]["answers"] == 40
    assert people["anna"]["median_seconds"] == 3.0
    assert people["anna"]["items_per_hour"] == 1200
    assert people["zoe"]["agreement"] < min(people["ben"]["agreement"], people["anna"]["agreement"])
    assert all(one["agreement_low"] <= one["agreement"] <= one["agreement_high"] for one in people.values())
    pairs = [given["zoe"][n] == given[other][n] for n in range(40) for other in ("anna", "ben")]
    assert people["zoe"]["agreement"] == pytest.approx(sum(pairs) / len(pairs))
    matrix = np.array(found["confusion"]["matrix"])
    assert (matrix == matrix.T).all()
    assert matrix.sum() == 40 * 3 * 2
    agreement = found["agreement"]
    assert agreement["low"] < agreement["value"] < agreement["high"]
    assert [one["label"] for one in agreement["by_class"]][:2] == ["cat", "dog"]
    doubtful = found["doubtful"]
    assert 0 < len(doubtful) <= 24
    assert doubtful[0]["why"].startswith("annotators disagree: ")
    first = doubtful[0]["id"]
    assert [vote["answer"] for vote in doubtful[0]["votes"]] == [
        given[name][first] for name in ("anna", "ben", "zoe")
    ]
    assert doubtful[0]["source"] == {"kind": "text", "text": f"text {first} <script>"}
    assert found["progress"][-1]["labeled"] == 40
    assert found["certificate"] is None
    assert [(one["purpose"], one["size"]) for one in found["rounds"]] == [("label", 40)]


def test_a_flagged_object_comes_first_with_what_was_said_and_a_new_answer_shows_at_once(job: Jobs) -> None:
    work = job("text-classification", {"anna": {}, "ben": {0: {"label": "cat"}}}, 3)
    before = results.document(work)
    assert (before["agreement"], before["confusion"], before["doubtful"]) == (None, None, [])
    work.next("anna", 3)
    work.record(Act("anna", "flag", 1, "f", comment="upside <b>down</b>"))
    work.record(Act("anna", "answer", 0, "a", answer={"label": "dog"}))
    found = results.document(work)
    assert [(one["id"], one["why"]) for one in found["doubtful"]] == [
        (1, "flagged: upside <b>down</b>"), (0, "annotators disagree: 0% alike"),
    ]  # fmt: skip
    assert found["confusion"]["matrix"][0][1] == 1


def test_one_person_alone_has_no_confidences_and_no_agreement(job: Jobs) -> None:
    work = job("text-classification", {"anna": {n: {"label": "cat"} for n in range(4)}}, 5)
    found = results.document(work)
    assert (found["confidence"], found["agreement"], found["confusion"], found["doubtful"]) == (
        None,
        None,
        None,
        [],
    )
    assert found["annotators"][0]["agreement"] is None
    assert found["classes"][0] == {"label": "cat", "human": 4, "machine": 0, "share": 1.0}


def box(label: str, left: int) -> dict[str, Any]:
    return {"label": label, "left": left, "top": 0, "width": 10, "height": 10}


@pytest.mark.parametrize(
    ("task", "same", "other", "labels"),
    [
        ("bounding-box", {"boxes": [box("cat", 0)]}, {"boxes": [box("dog", 1)]}, ["cat", "dog", "<i>owl</i>"]),
        ("named-entity-recognition", {"entities": [{"label": "cat", "startOffset": 0, "endOffset": 4}]},
         {"entities": [{"label": "dog", "startOffset": 0, "endOffset": 4}]}, ["cat", "dog", "<i>owl</i>"]),
        ("semantic-segmentation", {"width": 20, "height": 10, "runs": [[1, 200]]},
         {"width": 20, "height": 10, "runs": [[2, 200]]}, ["BACKGROUND", "cat", "dog", "<i>owl</i>"]),
        ("image-classification-multilabel", {"labels": ["cat"]}, {"labels": ["dog"]}, None),
    ],
)  # fmt: skip
def test_every_kind_of_label_has_agreement_and_confusion(
    job: Jobs, task: str, same: Any, other: Any, labels: list[str] | None
) -> None:
    answers = {
        "anna": dict.fromkeys(range(6), same),
        "ben": {n: other if n == 5 else same for n in range(6)},
    }
    found = results.document(job(task, answers, 6, attribute="l-ref" if "seg" in task else "l"))
    json.dumps(found, allow_nan=False)
    assert found["classes"][0]["human"] >= 5
    assert found["agreement"]["value"] < 1
    assert found["agreement"]["by_class"][0]["label"] == "cat"
    assert found["annotators"][0]["agreement"] == pytest.approx(5 / 6, abs=0.01)
    assert found["doubtful"][0]["id"] == 5
    assert "runs" not in found["doubtful"][0]["votes"][0]["answer"]
    if labels is None:
        assert found["confusion"] is None
    else:
        assert found["confusion"]["labels"] == labels
        cat, dog = labels.index("cat"), labels.index("dog")
        matrix = found["confusion"]["matrix"]
        assert matrix[cat][dog] == matrix[dog][cat] > 0
        assert matrix[cat][cat] == 10 * matrix[cat][dog]


def test_machine_labels_are_told_apart_and_the_certificate_is_in_words(job: Jobs) -> None:
    work = job("text-classification", {"anna": {}}, 4, automatic=Automatic())
    work.open_batch("train", [0, 1], accuracy=0.5)
    work.next("anna", 2)
    work.record(
        Act("anna", "answer", 0, "x0", answer={"label": "cat"}),
        Act("anna", "answer", 1, "x1", answer={"label": "dog"}),
    )
    metadata = {
        "method": "ltt-hypergeometric", "epsilon": 0.05, "delta": 0.05, "threshold": 0.9, "audit-size": 2, "audit-errors": 0,
        "upper-bound": 0.04, "scope": "dataset", "population": 2, "total": 4, "automatic": 2, "commit": 1,
    }  # fmt: skip
    with work.transaction() as db:
        for thing, sure in ((2, 0.99), (3, 0.6)):
            db.execute("INSERT INTO machine VALUES (?, ?, ?)", (thing, json.dumps({"label": "cat"}), sure))
            db.execute("UPDATE objects SET state = 3 WHERE id = ?", (thing,))
    work.set(certificate=metadata, automatic_time=time.time())
    found = results.document(work)
    assert found["classes"][0] == {"label": "cat", "human": 1, "machine": 2, "share": 0.75}
    assert sum(found["confidence"]["machine"]) == 2
    assert sum(found["confidence"]["human"]) == 0
    assert found["certificate"]["epsilon"] == 0.05
    assert found["certificate"]["metadata"] == metadata
    assert len(found["certificate"]["words"]) == 2
    assert found["certificate"]["words"][0].startswith("With 95% certainty at most 4.0% of all labels")
    curve = found["certificate"]["curve"]
    assert [one["share"] for one in curve] == [0.25, 0.5, 0.75, 1.0]
    assert [one["bound"] for one in curve] == pytest.approx([0.04, 0.04, 0.29, 0.54])
    assert [one["expected"] for one in curve] == [pytest.approx(0.0025), pytest.approx(0.1025), None, None]
    assert (found["doubtful"][0]["id"], found["doubtful"][0]["why"]) == (3, "the machine is unsure")
    assert found["doubtful"][0]["votes"] == [{"worker": "machine", "answer": {"label": "cat"}}]
    assert found["progress"][-1]["labeled"] == 4
    assert found["rounds"][0]["accuracy"] == 0.5


def test_a_verification_job_counts_verdicts(job: Jobs) -> None:
    work = job(
        "bounding-box", {"anna": {0: {"label": "good"}, 1: {"label": "bad", "comment": "too wide"}}}, 2,
        mode="verify", audit_attribute="boxes", labels=(Label("good"), Label("bad")),
    )  # fmt: skip
    assert [(one["label"], one["human"]) for one in results.document(work)["classes"]] == [
        ("good", 1),
        ("bad", 1),
    ]


def test_gold_items_show_who_is_right(job: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"anna": {0: {"label": "cat"}}}
    work = job("text-classification", answers, 1, gold=Gold("file:///gold", "label", share=0.0))
    monkeypatch.setattr(Work, "gold", lambda self: {"anna": (3, 4), "ben": (0, 1)})
    people = results.document(work)["annotators"]
    assert [(one["name"], one["answers"], one["gold"]) for one in people] == [
        ("anna", 1, {"right": 3, "of": 4}), ("ben", 0, {"right": 0, "of": 1}),
    ]  # fmt: skip
