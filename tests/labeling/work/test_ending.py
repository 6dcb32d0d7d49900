"""How jobs end, and what must not be lost when people or machines interfere with it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from clary.config import Config
from clary.labeling import functions
from clary.labeling.session import SessionError
from clary.labeling.settings import Label
from clary.labeling.steps import finish, submitting
from clary.runner.runner import Runner


def texts(count: int) -> list[dict[str, Any]]:
    return [{"source": f"text {number}"} for number in range(count)]


@pytest.fixture
def runner(desk):
    runner = Runner(desk.home, Config.load(desk.home), desk.store)
    runner.submit = runner.schedule = lambda *_: None  # the test does the steps
    return runner


@pytest.fixture
def function_after(desk):
    """Makes the job's post-annotation function one that works, or one that raises."""

    def make(works: bool) -> None:
        source = desk.folder / "after.py"
        source.write_text(
            "import json\n"
            "def post(event):\n"
            f"    assert {works}, 'not today'\n"
            "    asked = json.load(open(event['payload']['s3Uri'].removeprefix('file://')))\n"
            "    content = {event['labelAttributeName']: 7}\n"
            "    return [{'datasetObjectId': one['datasetObjectId'], 'consolidatedAnnotation': {'content': content}}"
            " for one in asked]\n"
        )
        functions.add(desk.home, "post", f"{source}:post")

    return make


def test_an_output_that_could_not_be_written_is_written_when_somebody_asks(
    desk, person, runner, function_after
):
    function_after(works=False)
    work = desk.job(texts(2), post="post")
    person().label_all()
    assert desk.step(work) == "Failed"
    assert "not today" in desk.reason()
    assert "LabelingJob('pets').retry()" in desk.reason()
    assert work.due() is None
    function_after(works=True)
    assert submitting.retry(desk.home, desk.store, runner, "pets")
    assert desk.store.documents.get("labeling-job", "pets").status == "InProgress"
    assert not submitting.retry(desk.home, desk.store, runner, "pets")
    assert desk.step(work) == "Completed"
    assert desk.reason() == ""
    assert [line["pet"] for line in desk.lines()] == [7, 7]


def test_a_review_after_the_end_that_cannot_be_written_says_so_once_and_waits(
    desk, person, runner, function_after
):
    function_after(works=True)
    work = desk.job(texts(2), post="post")
    person().label_all()
    assert desk.step(work) == "Completed"
    function_after(works=False)
    owner = person("me", owner=True)
    owner.act("review", 1, answer={"label": "dog"})
    assert desk.step(work) == "Completed"
    assert work.due() is None
    assert "not today" in desk.reason()
    function_after(works=True)
    assert submitting.retry(desk.home, desk.store, runner, "pets")
    assert desk.step(work) == "Completed"
    assert desk.reason() == ""
    assert desk.lines()[1]["pet-metadata"]["reviewed-by"] == "me"


def test_a_job_that_failed_before_it_was_labelled_has_nothing_to_be_done_again(desk, runner):
    work = desk.job([])
    assert not submitting.retry(desk.home, desk.store, runner, "pets")
    assert work.status == "Failed"


@pytest.mark.parametrize("again", ["dog", None])
def test_an_answer_taken_back_while_the_output_is_written_is_not_lost(desk, person, monkeypatch, again):
    work = desk.job(texts(2))
    anna = person()
    anna.label_all()
    write = finish.write

    def slowly(context):
        monkeypatch.undo()
        output = write(context)
        anna.act("undo")
        if again:
            anna.answer(1, again)
        return output

    monkeypatch.setattr(finish, "write", slowly)
    status = desk.step(work)
    if not again:
        assert status == "InProgress"
        anna.answer(1, "dog")
        status = desk.step(work)
    assert status == "Completed"
    assert [line["pet"] for line in desk.lines()] == [0, 1]
    assert work.due() is None


def test_an_output_so_far_that_cannot_be_written_stops_nobody(desk, person):
    desk.objects.create_bucket("away")
    bucket = desk.objects.path("away", "x").parent
    work = desk.job(texts(2), output_uri="s3://away/out")
    anna = person()
    anna.next(2)
    anna.answer(0)
    bucket.rename(f"{bucket}-away")
    work.set(opened=time.time() - 11)
    assert work.due() == "refresh"
    assert desk.step(work) == "InProgress"
    assert work.due() is None
    bucket.with_name(f"{bucket.name}-away").rename(bucket)
    work.set(refreshed={**work.fact("refreshed"), "time": time.time() - 11})
    assert desk.step(work) == "InProgress"
    assert (bucket / "out/pets/manifests/output/output.manifest").exists()


def test_giving_an_item_back_changes_nothing_that_has_ended(desk, person, runner):
    work = desk.job([*texts(2), {"source": "never given"}], workers_per_object=2)
    anna, ben = person(), person("ben")
    anna.next(1)
    anna.answer(0)
    assert ben.next(2) == [0, 1]
    for thing in (2, 99):
        with pytest.raises(SessionError, match="not with you"):
            ben.act("release", thing)
    submitting.stop(desk.home, desk.store, runner, "pets")
    assert desk.step(work) == "Stopped"
    before = work.counters(), work.states()
    for thing in (0, 1):
        ben.act("release", thing)
    assert (work.counters(), work.states()) == before
    assert before[0]["HumanLabeled"] == 1


def test_a_review_after_time_ran_out_changes_its_own_item_alone(desk, person):
    work = desk.job(texts(3), availability_s=1000, task_time_limit_s=0.01)
    anna = person()
    anna.next(3)
    anna.answer(0)
    work.set(opened=time.time() - 1001)
    assert desk.step(work) == "Completed"
    person("me", owner=True).act("review", 0, answer={"label": "dog"})
    assert work.counters()["FailedNonRetryableError"] == 2
    assert desk.step(work) == "Completed"
    assert desk.lines()[0]["pet"] == 1


def test_a_label_that_is_the_owners_alone_bears_the_time_of_the_decision(desk, person):
    work = desk.job(texts(2), availability_s=1000)
    anna = person()
    anna.next(1)
    anna.answer(0)
    work.set(opened=time.time() - 1001)
    assert desk.step(work) == "Completed"
    person("me", owner=True).act("review", 1, answer={"label": "dog"})
    assert desk.step(work) == "Completed"
    assert desk.lines()[1]["pet-metadata"]["creation-date"][:4] == time.strftime("%Y", time.gmtime())


def test_a_job_that_is_labelled_to_its_last_object_is_complete(desk, person):
    work = desk.job(texts(2), max_labeled_share=1.0)
    person().label_all()
    assert desk.step(work) == "Completed"
    held = desk.job(texts(1), name="held", max_human_labeled=1, workers_per_object=2, review_below=0.9)
    for name, label in (("anna", "cat"), ("ben", "dog")):
        person(name, job="held").next()
        person(name, job="held").answer(0, label)
    assert desk.step(held) == "InProgress"
    assert held.counts()["review"] == 1  # the job waits for it


def test_a_path_that_the_system_refuses_fails_its_object_alone(desk):
    refs = [desk.picture("good.png"), f"file:///tmp/{'x' * 300}.png", f"file://{desk.folder}/good.png/x.png"]
    work = desk.job([{"source-ref": one} for one in refs], task="image-classification")
    assert [row.state for row in work.objects()] == ["open", "failed", "failed"]
    assert "File name too long" in work.object(1).reason


def test_what_a_function_calls_skip_is_its_own_affair(desk):
    source = desk.folder / "before.py"
    source.write_text("def pre(event):\n    return {'taskInput': {'taskObject': 'shown', 'skip': 'no'}}\n")
    functions.add(desk.home, "pre", f"{source}:pre")
    work = desk.job(texts(1), pre="pre", labels=(Label("cat"),))
    assert work.object(0).state == "open"


def test_an_answer_may_be_changed_for_an_hour_after_the_end(desk, person, monkeypatch):
    work = desk.job(texts(2))
    anna = person()
    for thing in (0, 1):
        anna.next()
        anna.answer(thing, "cat")
    desk.step(work)
    assert work.status == "Completed"
    anna.act("answer", 1, answer={"label": "dog"}, revise=True)
    assert work.due() == "finish"
    desk.step(work)
    assert work.status == "Completed"
    assert [line["pet-metadata"]["class-name"] for line in desk.lines()] == ["cat", "dog"]
    with pytest.raises(SessionError, match="not given to you"):
        person("ben").act("answer", 1, answer={"label": "cat"}, revise=True)
    hour = time.time() + 3_601
    monkeypatch.setattr(time, "time", lambda: hour)
    with pytest.raises(SessionError, match="complete"):
        anna.act("answer", 1, answer={"label": "cat"}, revise=True)
