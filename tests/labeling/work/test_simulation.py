"""Simulated annotators work as people do, through the same protocol."""

from __future__ import annotations

import json
import random

import pytest

from clary.labeling import mistakes
from clary.labeling.simulation import Simulated, SimulationError, run
from clary.labeling.task_type import DataObject
from clary.labeling.tasks import find

CATS = ["cat", "dog"]


def test_annotators_label_everything_with_their_errors_and_their_pace(job, home):
    work = job(60, workers_per_object=2)
    truth = {number: CATS[number % 2] for number in range(60)}
    people = [
        Simulated("good", truth, accuracy=0.95, seconds=1.0),
        Simulated("poor", truth, confusion={"cat": {"cat": 0.5, "dog": 0.5}}, seconds=1.0),
        Simulated("late", truth, seconds=30.0),
    ]
    done = run(home, None, None, "pets", people)
    assert sum(done.values()) == 120
    assert done["late"] < 20 < done["good"]
    assert work.counters()["HumanLabeled"] == 60
    wrong = {"good": 0, "poor": 0, "late": 0}
    for thing, votes in work.votes().items():
        for vote in votes:
            wrong[vote.worker] += vote.answer["label"] != truth[thing]
    assert wrong["late"] == 0
    assert 0 < wrong["good"] < wrong["poor"]


def test_a_run_gives_the_same_answers_whoever_comes_first(make_settings, home):
    from conftest_of_work import make

    answers = []
    for name in ("one", "two"):
        work = make(home, 20, name=name, workers_per_object=2)
        people = [Simulated(one, dict.fromkeys(range(20), "cat"), accuracy=0.7) for one in "ab"]
        run(home, None, None, name, people if name == "one" else people[::-1])
        answers.append(
            {(thing, v.worker): v.answer["label"] for thing, votes in work.votes().items() for v in votes}
        )
    assert answers[0] == answers[1]


def test_it_ends_when_nobody_is_left_who_could_do_the_rest(job, home):
    job(3, workers_per_object=2)
    assert run(home, None, None, "pets", [Simulated("anna", dict.fromkeys(range(3), "cat"))]) == {"anna": 3}


def test_an_unknown_answer_is_told(job, home):
    job(1)
    with pytest.raises(SimulationError, match="does not know"):
        run(home, None, None, "pets", [Simulated("anna", {})])


@pytest.mark.parametrize(
    ("task", "right"),
    [
        ("image-classification-multilabel", {"labels": ["cat"]}),
        (
            "bounding-box",
            {
                "boxes": [
                    {"label": "cat", "left": 0, "top": 2, "width": 5, "height": 28},
                    {"label": "dog", "left": 30, "top": 10, "width": 10, "height": 20},
                ]
            },
        ),
        (
            "named-entity-recognition",
            {
                "entities": [
                    {"label": "cat", "startOffset": 0, "endOffset": 4},
                    {"label": "dog", "startOffset": 5, "endOffset": 6},
                ]
            },
        ),
        ("semantic-segmentation", {"width": 4, "height": 3, "runs": [[0, 5], [1, 2], [2, 1], [0, 4]]}),
    ],
)
def test_mistakes_are_always_answers_that_the_task_takes(make_settings, task, right):
    kind, settings = find(task), make_settings(task=task)
    width, height = (4, 3) if "segmentation" in task else (40, 30)
    thing = DataObject(0, {"source": "some text"}, width, height)
    source = {"text": "some text", "width": width, "height": height}
    seen = set()
    for seed in range(200):
        answer = mistakes.made(right, source, CATS, 0.6, None, 0.3, random.Random(seed))
        kind.check(answer, thing, settings)
        seen.add(json.dumps(answer, sort_keys=True))
    assert len(seen) > 3
    assert mistakes.made(right, source, CATS, 1.0, None, 0.0, random.Random(0)) == right
