"""What a canvas can do, and what it is told."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from clary.labeling.session import SessionError


def refused(code: str, call: Any, *arguments: Any, **params: Any) -> SessionError:
    with pytest.raises(SessionError) as caught:
        call(*arguments, **params)
    assert caught.value.code == code, caught.value.message
    return caught.value


def test_open_tells_all_a_canvas_needs(job, person):
    job()
    opened = person().call("open")
    assert (opened["protocol"], opened["task"], opened["mode"], opened["modality"]) == (
        1,
        "text-classification",
        "label",
        "text",
    )
    assert [one["hotkey"] for one in opened["labels"]] == ["1", "2"]
    assert len({one["color"] for one in opened["labels"]}) == 2
    assert opened["progress"]["left"] == 5
    assert opened["progress"]["status"] == opened["status"] == "InProgress"


def test_items_come_in_the_order_of_the_manifest_and_answers_count(job, person):
    work = job()
    anna = person()
    items = anna.call("next", n=2)["items"]
    assert [one["id"] for one in items] == [0, 1]
    assert items[0]["source"] == {"kind": "text", "text": "text 0"}
    done = anna.answer(0, "dog")
    assert done["progress"]["done"] == 1
    assert done["progress"]["left"] == 4
    assert done["progress"]["labeled"] == 1
    assert done["progress"]["items_per_hour"] == 1800.0
    assert done["progress"]["seconds_left"] == 8.0
    assert anna.next(2, have=[1]) == [2, 3]
    assert work.votes()[0][0].answer == {"label": "dog"}
    assert work.counters() == {
        "TotalLabeled": 1,
        "HumanLabeled": 1,
        "MachineLabeled": 0,
        "FailedNonRetryableError": 0,
        "Unlabeled": 4,
    }


def test_whoever_comes_back_gets_what_was_not_answered_and_its_draft(job, person):
    job()
    person().next(2)
    person().act("draft", 1, answer={"label": "dog"})
    items = person().call("next", n=2)["items"]
    assert [(one["id"], one["draft"]) for one in items] == [(0, None), (1, {"label": "dog"})]


def test_the_same_nonce_is_acknowledged_again_and_does_nothing_twice(job, person):
    work = job()
    anna = person()
    anna.next()
    first = anna.answer(0, nonce="once")
    again = anna.answer(0, nonce="once")
    assert again == first
    assert len(work.events()) == 1


def test_answers_are_refused_with_the_reason(job, person):
    job(workers_per_object=2)
    anna = person()
    anna.next()
    refused("BadAnswer", anna.answer, 0, "horse")
    refused("NotYours", anna.answer, 3)
    refused("NotFound", anna.answer, 99)
    anna.answer(0)
    refused("AlreadyAnswered", anna.answer, 0)
    assert anna.answer(0, "dog", revise=True)["progress"]["done"] == 1
    for params in ({"object": "0"}, {"object": -1}, {"object": True}, {"nonce": ""}, {"nonce": 3}):
        refused("BadRequest", anna.call, "act", action="answer", **{"object": 0, "nonce": "x", **params})
    refused("BadRequest", anna.call, "act", action="explode", object=0, nonce="x")
    refused("BadRequest", anna.call, "destroy")
    refused("BadRequest", anna.call, "next", n=1000)
    refused("BadRequest", anna.call, "next", have=["a"])


def test_a_skipped_item_comes_once_more_at_the_end_and_is_given_up_then(job, person):
    work = job(2)
    anna = person()
    anna.next()
    anna.act("skip", 0)
    assert anna.next() == [1]
    anna.answer(1)
    (item,) = anna.call("next")["items"]
    assert item["id"] == 0
    assert item["skipped"]
    progress = anna.act("skip", 0)["progress"]
    assert (progress["left"], progress["failed"], progress["skipped"]) == (0, 1, 1)
    assert work.object(0).reason == "Skipped by anna."
    assert work.object(0).why_review == ("skipped",)
    assert anna.next() == []


def test_somebody_else_labels_what_one_skipped(job, person):
    work = job(1)
    anna, ben = person("anna"), person("ben")
    anna.next()
    anna.act("skip", 0)
    assert ben.next() == [0]
    ben.answer(0)
    assert work.object(0).state == "labeled"
    assert anna.next() == []


def test_flags_are_kept_with_their_comment_and_go_to_the_owner(job, person):
    work = job(2)
    anna, owner = person(), person("me", owner=True)
    anna.next()
    anna.act("flag", 0, comment="  blurred <b>text</b> ")
    anna.answer(0)
    assert owner.call("open")["progress"]["review"] == 1
    (item,) = owner.call("next", queue="review")["items"]
    assert item["why"] == ["flagged"]
    assert item["comments"] == [{"worker": "anna", "comment": "blurred <b>text</b>"}]
    assert item["votes"] == [{"worker": "anna", "answer": {"label": "cat"}}]
    refused("NotYours", anna.call, "next", queue="review")
    owner.act("review", 0, answer={"label": "dog"})
    assert owner.call("next", queue="review")["items"] == []
    assert work.verdicts()[0].answer == {"label": "dog"}
    undone = owner.act("undo")
    assert undone["action"] == "review"
    assert undone["item"]["votes"] == item["votes"]
    assert work.verdicts()[0].answer == {"label": "cat"}
    anna.act("unflag", 0)
    told = anna.act("undo")
    assert told["action"] == "unflag"
    assert "votes" not in told["item"]
    anna.act("redo")
    assert owner.call("next", queue="review")["items"] == []


def test_undo_goes_back_across_items_without_end_and_redo_forward(job, person):
    work = job(4)
    anna = person()
    for number, label in enumerate(["cat", "dog", "cat"]):
        anna.next()
        anna.answer(number, label)
    undone = [anna.act("undo")["item"] for _ in range(3)]
    assert [(one["id"], one["draft"], one["answer"]) for one in undone] == [
        (2, {"label": "cat"}, None),
        (1, {"label": "dog"}, None),
        (0, {"label": "cat"}, None),
    ]
    assert work.votes() == {}
    refused("BadRequest", anna.act, "undo")
    assert anna.next(4) == [0, 1, 2, 3]
    assert anna.act("redo")["item"]["id"] == 0
    assert anna.act("redo")["progress"]["done"] == 2
    assert {thing: votes[0].answer["label"] for thing, votes in work.votes().items()} == {0: "cat", 1: "dog"}
    anna.answer(2, "dog")  # something new: nothing can be redone now
    refused("BadRequest", anna.act, "redo")


def test_undo_of_a_revision_brings_back_the_answer_before(job, person):
    work = job(1)
    anna = person()
    anna.next()
    anna.answer(0, "cat")
    anna.answer(0, "dog", revise=True)
    anna.act("undo")
    assert work.votes()[0][0].answer == {"label": "cat"}


def test_a_grid_is_recorded_and_undone_in_one_go(job, person):
    work = job(6)
    anna = person()
    items = [{"object": one, "answer": {"label": "cat"}, "nonce": f"g{one}"} for one in anna.next(5)]
    done = anna.call("acts", items=items)
    assert len(done["seqs"]) == 5
    assert anna.call("acts", items=items)["seqs"] == done["seqs"]
    assert len(work.votes()) == 5
    undone = anna.act("undo")
    assert [one["id"] for one in undone["items"]] == [0, 1, 2, 3, 4]
    assert work.votes() == {}
    assert anna.next(6) == [0, 1, 2, 3, 4, 5]


def test_one_bad_answer_of_a_grid_leaves_all_unrecorded(job, person):
    work = job(3)
    anna = person()
    anna.next(2)
    items = [{"object": one, "answer": {"label": "cat"}, "nonce": f"b{one}"} for one in (0, 2)]
    refused("NotYours", anna.call, "acts", items=items)
    assert work.votes() == {}


def test_history_goes_back_from_the_newest(job, person):
    job(4)
    anna = person()
    for number in range(3):
        anna.next()
        if number == 1:
            anna.act("skip", number)
        else:
            anna.answer(number)
    items = anna.call("history", n=2)["items"]
    assert [(one["id"], one["skipped"]) for one in items] == [(2, False), (1, True)]
    assert [one["id"] for one in anna.call("history", before=items[-1]["seq"])["items"]] == [0]


def test_names_that_are_html_stay_text(job, person):
    from clary.labeling.settings import Label

    job(1, labels=(Label("<script>alert(1)</script>"), Label("dog")))
    anna = person()
    anna.next()
    anna.answer(0, "<script>alert(1)</script>")
    assert anna.call("history")["items"][0]["answer"] == {"label": "<script>alert(1)</script>"}


def test_a_process_that_has_looked_at_many_jobs_keeps_few_files_open(job, person):
    for number in range(40):
        job(name=f"job-{number}")
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda number: person(job=f"job-{number}").call("open")["progress"]["left"], range(40))
        )
    assert found == [5] * 40
    open_files = [os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
    # Sixteen jobs, and three files for each of five threads.
    assert sum("/labeling/job-" in name for name in open_files) <= 16 * 3 * 5
