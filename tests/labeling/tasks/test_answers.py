"""What each task type takes as an answer, and what it refuses, in words."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examined
from hypothesis import strategies as st
from tests.labeling.tasks.examples import settings

from clary.labeling import tasks
from clary.labeling.task_type import Answer, BadAnswer, DataObject, Verdict

TEXT = "Zoë 🚀 flies to São Paulo on 3 May. <script>alert(1)</script>"
PHOTO = DataObject(0, {"source-ref": "s3://b/a.jpg"}, 64, 48)
SAID = DataObject(0, {"source": TEXT})
LABELS = ("cat", "<b>dog</b>", 'the "Größe"', "rocket 🚀")
NAMES = st.sampled_from(LABELS)


@st.composite
def boxes(draw: st.DrawFn) -> dict[str, Any]:
    left, top = draw(st.integers(0, 63)), draw(st.integers(0, 47))
    width, height = draw(st.integers(1, 64 - left)), draw(st.integers(1, 48 - top))
    return {"label": draw(NAMES), "left": left, "top": top, "width": width, "height": height}


@st.composite
def entities(draw: st.DrawFn) -> list[dict[str, Any]]:
    cuts = sorted(draw(st.sets(st.integers(0, len(TEXT)), max_size=8)))
    return [
        {"label": draw(NAMES), "startOffset": start, "endOffset": end}
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]


@st.composite
def runs(draw: st.DrawFn) -> list[list[int]]:
    cuts = sorted({0, 64 * 48, *draw(st.sets(st.integers(0, 64 * 48), max_size=12))})
    return [[draw(st.integers(0, 4)), int(one)] for one in np.diff(cuts)]


ANSWERS: dict[str, st.SearchStrategy[Answer]] = {
    "image-classification": st.fixed_dictionaries({"label": NAMES}),
    "text-classification": st.fixed_dictionaries({"label": NAMES}),
    "image-classification-multilabel": st.fixed_dictionaries({"labels": st.lists(NAMES)}),
    "text-classification-multilabel": st.fixed_dictionaries({"labels": st.lists(NAMES)}),
    "bounding-box": st.fixed_dictionaries({"boxes": st.lists(boxes(), max_size=5)}),
    "named-entity-recognition": st.fixed_dictionaries({"entities": entities()}),
    "semantic-segmentation": st.fixed_dictionaries(
        {"width": st.just(64), "height": st.just(48), "runs": runs()}
    ),
}


def thing_of(task: str) -> DataObject:
    return PHOTO if tasks.find(task).modality == "image" else SAID


@pytest.mark.parametrize("task", ANSWERS)
@given(data=st.data(), confidence=st.sampled_from([0.0, 0.3, 0.97]))
@examined(max_examples=40, deadline=None)
def test_an_answer_comes_back_from_the_manifest_as_it_was(
    task: str, data: st.DataObject, confidence: float
) -> None:
    import orjson

    kind, job, thing = tasks.find(task), settings(task, *LABELS), thing_of(task)
    answer = kind.check(data.draw(ANSWERS[task]), thing, job)
    verdict = Verdict(answer, confidence)
    file = kind.stored_file(verdict, thing, job)
    value, metadata = orjson.loads(orjson.dumps(kind.write(verdict, thing, job, "s3://b/out/0.png")))
    assert kind.read(value, metadata, thing, job, file and file[0]) == answer
    assert kind.check(answer, thing, job) == answer
    assert kind.distance(answer, answer) == 0
    orjson.dumps(kind.answer_content(answer, thing, job))


@pytest.mark.parametrize("task", ANSWERS)
@given(data=st.data())
@examined(max_examples=25, deadline=None)
def test_the_distance_of_two_answers_is_symmetric_and_between_0_and_1(task: str, data: st.DataObject) -> None:
    kind, job, thing = tasks.find(task), settings(task, *LABELS), thing_of(task)
    one, other = (kind.check(data.draw(ANSWERS[task]), thing, job) for _ in range(2))
    here, there = kind.distance(one, other), kind.distance(other, one)
    assert here == pytest.approx(there)
    assert 0 <= here <= 1
    if kind.distance(one, other) == 0 and task != "bounding-box":
        assert one == other


BOX = {"label": "cat", "left": 1, "top": 2, "width": 3, "height": 4}
SPAN = {"label": "cat", "startOffset": 0, "endOffset": 3}
DEEP: Any = []
for _ in range(100_000):
    DEEP = [DEEP]
WRONG: list[tuple[str, Any, str]] = [
    ("image-classification", None, "must be an object with 'label', not None"),
    ("image-classification", [], "must be an object"),
    ("image-classification", {}, "lacks 'label'"),
    ("image-classification", {"label": "cow"}, "'cow', which is no label of this job: choose from 'cat', '<b>dog</b>'"),
    ("image-classification", {"label": 1}, "must be the name of a label, not 1"),
    ("image-classification", {"label": "cat", "boxes": []}, "has a member 'boxes'"),
    ("text-classification-multilabel", {"labels": "cat"}, "must be a list, not 'cat'"),
    ("text-classification-multilabel", {"labels": ["cat", {}]}, "Entry 2 of 'labels'"),
    ("text-classification-multilabel", {"labels": ["cat"] * 10_001}, "10,001 entries"),
    ("bounding-box", {"boxes": [{**BOX, "left": 62}]}, "Box 1 reaches from (62, 2) to (65, 6), out of the image"),
    ("bounding-box", {"boxes": [BOX, {**BOX, "top": -1}]}, "Box 2 reaches from (1, -1)"),
    ("bounding-box", {"boxes": [{**BOX, "width": 0}]}, "'width' is 0; it must be from 1"),
    ("bounding-box", {"boxes": [{**BOX, "height": -4}]}, "'height' is -4"),
    ("bounding-box", {"boxes": [{**BOX, "left": float("nan")}]}, "must be an integer, not nan"),
    ("bounding-box", {"boxes": [{**BOX, "left": float("inf")}]}, "must be an integer, not inf"),
    ("bounding-box", {"boxes": [{**BOX, "left": 1e308}]}, "'left' is 1e+308"),
    ("bounding-box", {"boxes": [{**BOX, "left": 10**5000}]}, "'left' is a"),
    ("bounding-box", {"boxes": [{**BOX, "left": True}]}, "must be an integer, not True"),
    ("bounding-box", {"boxes": [{**BOX, "left": "1"}]}, "must be an integer, not '1'"),
    ("bounding-box", {"boxes": [{**BOX, "label": "<img>"}]}, "'<img>', which is no label"),
    ("bounding-box", {"boxes": [[1, 2, 3, 4]]}, "Box 1 must be an object"),
    ("bounding-box", {"boxes": [BOX] * 10_001}, "10,001 entries; 10,000 is the most"),
    ("named-entity-recognition", {"entities": [{**SPAN, "startOffset": 9, "endOffset": 4}]}, "ends before it starts"),
    ("named-entity-recognition", {"entities": [{**SPAN, "endOffset": 0}]}, "is empty: from 0 to 0"),
    ("named-entity-recognition", {"entities": [{**SPAN, "endOffset": len(TEXT) + 1}]}, f"has {len(TEXT)} characters"),
    ("named-entity-recognition", {"entities": [{**SPAN, "startOffset": -1}]}, "'startOffset' is -1"),
    ("named-entity-recognition", {"entities": [SPAN, {**SPAN, "startOffset": 2, "endOffset": 8}]}, "overlap: a character"),
    ("named-entity-recognition", {"entities": [SPAN, SPAN]}, "'Zoë' (0 to 3) overlap"),
    ("semantic-segmentation", {"width": 48, "height": 64, "runs": [[0, 3072]]}, "48 x 64 pixels, its image 64 x 48"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": [[0, 3071]]}, "sum to 3071; the image has 3072"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": [[5, 3072]]}, "have a class 5: there are 0 (background) to 4"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": [[-1, 3072]]}, "have a class -1"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": [[0, 3073], [1, -1]]}, "sum to"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": [[0, 2**63], [0, 2**63]]}, "runs"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": [[0, 1.5], [0, 3070.5]]}, "two integers each"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": [[0, 3072, 1]]}, "two integers each"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": [0, 3072]}, "two integers each"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": []}, "two integers each"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": [[0, "3072"]]}, "two integers each"),
    ("semantic-segmentation", {"width": 64, "height": 48, "runs": [[0, 3072], [0]]}, "two integers each"),
    ("semantic-segmentation", {"width": 64, "height": 48}, "lacks 'runs'"),
    *((task, DEEP, "must be an object") for task in ANSWERS),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_wrong_answer_is_refused_in_words(number: int) -> None:
    task, answer, words = WRONG[number]
    with pytest.raises(BadAnswer) as refused:
        tasks.find(task).check(answer, thing_of(task), settings(task, *LABELS))
    assert words in str(refused.value)
    assert len(str(refused.value)) < 500


MEMBERS = ["label", "labels", "boxes", "entities", "runs", "width", "height", "left", "top"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda one: st.lists(one) | st.dictionaries(st.sampled_from(MEMBERS) | st.text(), one),
    max_leaves=12,
)


@given(JSON)
@examined(max_examples=60, deadline=None)
def test_whatever_comes_an_answer_is_taken_or_refused(value: Any) -> None:
    for task in ANSWERS:
        try:
            tasks.find(task).check(value, thing_of(task), settings(task, *LABELS))
        except BadAnswer:
            continue


def test_a_verdict_has_a_label_of_its_own_and_a_comment() -> None:
    job = settings("bounding-box", "good", "bad", mode="verify", audit_attribute="boxes")
    kind = tasks.of(job)
    assert kind.check({"label": "bad", "comment": " too wide "}, PHOTO, job) == {
        "label": "bad",
        "comment": "too wide",
    }
    assert kind.check({"label": "good", "comment": ""}, PHOTO, job) == {"label": "good"}
    for wrong in (
        {"label": "cat"},
        {"boxes": []},
        {"label": "bad", "comment": 3},
        {"label": "bad", "comment": "x" * 4001},
    ):
        with pytest.raises(BadAnswer):
            kind.check(wrong, PHOTO, job)


def test_neighbouring_runs_of_a_class_become_one() -> None:
    kind, job = tasks.find("semantic-segmentation"), settings("semantic-segmentation")
    given = {"width": 64, "height": 48, "runs": [[0, 1000], [0, 0], [0, 24], [1, 0], [2, 2048]]}
    assert kind.check(given, PHOTO, job)["runs"] == [[0, 1024], [2, 2048]]


def test_a_package_can_bring_a_task_type(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    from clary.labeling.tasks.classification import ImageClassification

    class Stars(ImageClassification):
        name = "stars"

    module = sys.modules[__name__]
    monkeypatch.setattr(module, "Stars", Stars, raising=False)
    found = [EntryPoint("stars", f"{__name__}:Stars", tasks.GROUP)]
    monkeypatch.setattr(tasks, "entry_points", lambda group: found)
    monkeypatch.setitem(sys.modules, __name__, module)
    assert tasks.find("stars").name == "stars"
    assert "stars" in tasks.names()
    with pytest.raises(tasks.UnknownTask, match="no task type 'moons'; there are: image-classification"):
        tasks.find("moons")


def test_adjustment_says_whether_anybody_changed_anything() -> None:
    from tests.labeling.tasks.examples import BOXES

    from clary.labeling.task_type import Vote

    job = settings("bounding-box", "dog", "bone", mode="adjust", audit_attribute="boxes")
    thing = DataObject(3, BOXES, 500, 400)
    kind = tasks.of(job)
    same = kind.read(BOXES["boxes"], BOXES["boxes-metadata"], thing, job, None)
    moved = {"boxes": [{**same["boxes"][0], "left": 1}, same["boxes"][1]]}

    def status(*answers: Answer) -> str:
        votes = {3: [Vote(f"w{number}", one) for number, one in enumerate(answers)]}
        verdict = kind.consolidate(votes, {3: thing}, job, {})[3]
        value, metadata = kind.write(verdict, thing, job, "")
        assert set(value) == {"image_size", "annotations"}
        return str(metadata["adjustment-status"])

    assert status(same, same) == "unadjusted"
    assert status(same, same, moved) == "adjusted"
