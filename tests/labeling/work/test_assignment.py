"""Who gets what: leases, places, the limits of a job, gold items."""

from __future__ import annotations

import json
import time

import pytest

from clary.labeling.session import SessionError
from clary.labeling.settings import Gold
from clary.labeling.work import NewObject, Work, assignment, filling


@pytest.fixture
def clock(monkeypatch):
    """The time that jobs go by, ours to move."""

    class Clock:
        now = time.time()

        def time(self) -> float:
            return self.now

    found = Clock()
    monkeypatch.setattr("clary.labeling.work.work.time", found)
    return found


def test_nobody_gets_an_object_twice_and_no_object_more_people_than_wanted(job, person):
    job(2, workers_per_object=2)
    anna, ben, cleo = person("anna"), person("ben"), person("cleo")
    assert anna.next(5) == [0, 1]
    assert ben.next() == [0]
    assert cleo.next() == [1]
    assert cleo.next(1, have=[1]) == []
    anna.answer(0)
    assert anna.next(5) == [1]
    assert cleo.call("open")["progress"]["left"] == 1


def test_a_lease_that_ran_out_goes_to_others_and_its_answer_is_refused(job, person, clock):
    job(1, task_time_limit_s=60)
    anna, ben = person("anna"), person("ben")
    assert anna.next() == [0]
    assert ben.next() == []
    clock.now += 61
    assert ben.next() == [0]
    with pytest.raises(SessionError, match="ran out") as caught:
        anna.answer(0)
    assert caught.value.code == "LeaseExpired"
    with pytest.raises(SessionError, match="ran out"):
        anna.act("renew", 0)
    ben.answer(0)


def test_an_answer_that_comes_late_is_taken_while_nobody_has_the_place(job, person, clock):
    work = job(2, task_time_limit_s=60)
    anna = person("anna")
    anna.next()
    clock.now += 61
    anna.answer(0)
    assert work.object(0).state == "labeled"
    anna.next()
    clock.now += 61
    assert person("anna").next() == [1]  # whoever comes back finds it again


def test_leases_can_be_renewed_and_given_back(job, person, clock):
    job(1, task_time_limit_s=60)
    anna, ben = person("anna"), person("ben")
    anna.next()
    clock.now += 50
    assert anna.act("renew", 0)["lease_until"] == clock.now + 60
    clock.now += 50
    assert ben.next() == []
    anna.act("release", 0)
    assert ben.next() == [0]
    assert anna.next() == []


def test_undo_keeps_the_place_for_the_person_who_undid(job, person):
    job(1)
    anna, ben = person("anna"), person("ben")
    anna.next()
    anna.answer(0)
    anna.act("undo")
    assert ben.next() == []
    anna.act("release", 0)
    assert ben.next() == [0]
    with pytest.raises(SessionError, match="somebody else") as caught:
        anna.act("redo")
    assert caught.value.code == "LeaseExpired"


def test_no_more_objects_are_with_people_than_the_job_allows(job, person):
    job(10, max_concurrent=3, workers_per_object=2)
    assert person("anna").next(5) == [0, 1, 2]
    assert person("ben").next(5) == [0, 1, 2]


def test_a_job_stops_at_the_most_human_labels_and_at_its_share(job, person):
    for name, members in (("count", {"max_human_labeled": 3}), ("share", {"max_labeled_share": 0.3})):
        work = job(10, name=name, **members)
        anna = person(job=name)
        anna.next(5)
        for number in range(3):
            anna.answer(number)
        assert work.status == "Stopping"
        with pytest.raises(SessionError, match="stopped") as caught:
            anna.answer(3)
        assert caught.value.code == "JobEnded"
        assert anna.next() == []


def test_a_job_whose_time_is_over_takes_no_more_answers(job, person, clock):
    work = job(2, availability_s=100)
    anna = person()
    anna.next()
    clock.now += 101
    with pytest.raises(SessionError, match="over"):
        anna.answer(0)
    assert work.database.read().execute("SELECT count(*) FROM events").fetchone() == (0,) or not work.events()


def with_gold(home, make_settings, count=200, share=0.2, **members):
    work = Work.create(home, make_settings(gold=Gold("file:///gold", "truth", share), **members))
    work.add(NewObject(json.dumps({"source": f"text {number}"})) for number in range(count))
    known = {"gold": ({"label": "cat"}, None, "truth")}
    work.add(
        NewObject(json.dumps({"source": f"gold {number}", "truth": 0}), role="gold", known=known)
        for number in range(60)
    )
    work.start()
    return work


def test_gold_items_are_mixed_in_look_like_any_other_and_judge_people(home, make_settings, person):
    work = with_gold(home, make_settings)
    orders = {}
    for name, label in (("anna", "cat"), ("ben", "dog")):
        one = person(name)
        orders[name] = []
        while len(orders[name]) < 100:
            (item,) = one.call("next")["items"]
            assert item.keys() >= {"source", "metadata"}
            assert "truth" not in item["metadata"]
            assert item["prelabel"] is item["suggestion"] is None
            orders[name].append(item["source"]["text"].startswith("gold"))
            one.answer(item["id"], label)
    assert 10 < sum(orders["anna"]) < 30
    assert orders["anna"] != orders["ben"]
    right, of = work.gold()["anna"]
    assert right == of == sum(orders["anna"])
    assert work.gold()["ben"][0] == 0
    assert work.counters()["HumanLabeled"] == 200 - sum(orders["anna"]) - sum(orders["ben"])
    assert set(work.votes()) == {row.id for row in work.all_objects("labeled")}
    assert work.progress("anna")["total"] == 200
    assert all(work.object(thing).role == "item" for thing in work.verdicts())


def test_objects_on_which_people_differ_go_to_review_and_the_job_waits_for_it(job, person):
    work = job(2, workers_per_object=2, review_below=0.9)
    anna, ben, owner = person("anna"), person("ben"), person("me", owner=True)
    for one, labels in ((anna, ["cat", "cat"]), (ben, ["cat", "dog"])):
        one.next(2)
        for number, label in enumerate(labels):
            one.answer(number, label)
    assert work.object(0).agreement == 1.0
    assert work.object(1).why_review == ("disagreement",)
    assert work.due() is None
    assert "reviewed" in anna.call("open")["progress"]["waiting"]
    (item,) = owner.call("next", queue="review")["items"]
    assert {one["worker"]: one["answer"]["label"] for one in item["votes"]} == {"anna": "cat", "ben": "dog"}
    owner.act("review", 1, answer={"label": "dog"})
    assert work.due() == "finish"
    assert work.verdicts()[1].answer == {"label": "dog"}
    assert [event.action for event in work.events(object=1)] == ["answer", "answer", "review"]


def test_answers_are_compared_while_nobody_waits_for_the_database(job, person, monkeypatch):
    work = job(1, workers_per_object=2, review_below=0.9)
    task, locked = type(work.task), []

    def distance(self, one, other):
        locked.append(work.database.read().in_transaction)
        return float(one != other)

    monkeypatch.setattr(task, "distance", distance)
    for name, label in (("anna", "cat"), ("ben", "dog")):
        person(name).next()
        person(name).answer(0, label)
    assert locked == [False]
    assert work.object(0).agreement == 0.0


@pytest.mark.slow
def test_a_job_of_a_hundred_thousand_objects_opens_at_once_and_serves_like_a_small_one(job, person):
    work = job(100_000, workers_per_object=2)
    anna, ben = person("anna"), person("ben")
    began = time.perf_counter()
    anna.call("open")
    anna.next(4)
    assert time.perf_counter() - began < 1.0
    began = time.perf_counter()
    for _ in range(300):
        anna.answer(anna.next()[0])
    assert (time.perf_counter() - began) / 300 < 0.02
    plans = []
    for sql in (assignment._QUEUE, assignment._SKIPPED, assignment._GOLD, assignment._WITH_PEOPLE):
        rows = work.database.read().execute(f"EXPLAIN QUERY PLAN {sql}", [0] * sql.count("?")).fetchall()
        plans += [row["detail"] for row in rows]
    assert not [plan for plan in plans if plan == "SCAN objects" or plan == "SCAN marks"]
    assert ben.next() == [0]


def test_the_owner_may_put_a_machine_label_right_and_take_that_back(job, person):
    work = job(2)
    with work.transaction() as db:
        db.execute("UPDATE objects SET state = 0, batch = 0")
        filling.label_by_machine(db, {0: ({"label": "cat"}, 0.9)})
    owner = person("me", owner=True)
    owner.act("review", 0, answer={"label": "dog"})
    assert (work.object(0).state, work.verdicts()[0].answer) == ("labeled", {"label": "dog"})
    owner.act("undo")
    assert (work.object(0).state, work.verdicts()[0].answer) == ("machine", {"label": "cat"})
    with pytest.raises(SessionError, match="nothing to review"):
        owner.act("review", 1, answer={"label": "dog"})
