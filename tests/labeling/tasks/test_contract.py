"""AWS's own lines are read, and lines written here have exactly their keys."""

from __future__ import annotations

from typing import Any

import pytest
from tests.labeling.tasks import examples
from tests.labeling.tasks.examples import settings

from clary.labeling import tasks
from clary.labeling.output import common_metadata
from clary.labeling.task_type import Answer, BadAnswer, DataObject, Verdict

BOX = {"left": 111, "top": 134, "width": 61, "height": 128}
FIRST = {"label": "dog", **BOX}
SECOND = {"label": "bone", "left": 161, "top": 250, "width": 30, "height": 30}
COMMENT = "The bounding box on the bird is too wide on the right side."
SPAN = {"label": "Thing", "startOffset": 22, "endOffset": 53}
# line, attribute, task, mode, answer, labels
LINES: list[tuple[dict[str, Any], str, str, str, Answer, tuple[str, ...]]] = [
    (examples.IMAGE, "birds", "image-classification", "label", {"label": "Canary"}, ("Canary", "Falcon")),
    (examples.MOOD, "mood", "text-classification", "label", {"label": "positive"}, ("negative", "positive")),
    (examples.TAGS, "tags", "image-classification-multilabel", "label", {"labels": ["person", "bicycle"]},
     ("person", "bicycle", "clothing")),
    (examples.BOXES, "boxes", "bounding-box", "label", {"boxes": [FIRST, SECOND]}, ("dog", "bone")),
    (examples.VERDICT, "verify-boxes", "bounding-box", "verify", {"label": "bad", "comment": COMMENT}, ("good", "bad")),
    (examples.ENTITIES, "ner", "named-entity-recognition", "label", {"entities": [SPAN]}, ("Date", "Thing")),
]  # fmt: skip
OUTSIDE = {"annotations": [{"class_id": 0, "left": 0, "top": 0, "width": 501, "height": 2}]}


def shape(value: Any) -> Any:
    """Keys at every depth; of lists the first entry's, of maps by number only that they are."""
    if isinstance(value, dict):
        if value and all(key.isdecimal() for key in value):
            return {"a number": shape(next(iter(value.values())))}
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__ if not isinstance(value, int | float) else "number"


@pytest.mark.parametrize("number", range(len(LINES)))
def test_a_line_of_aws_is_read_and_written_with_the_same_keys(number: int) -> None:
    line, attribute, task, mode, answer, labels = LINES[number]
    job = settings(task, *labels, mode=mode, attribute=attribute)
    kind, thing = tasks.of(job), DataObject(0, line, 500, 400)
    metadata = line[f"{attribute}-metadata"]
    assert kind.read(line[attribute], metadata, thing, job, None) == answer
    value, said = kind.write(Verdict(answer, 0.95), thing, job, "")
    if attribute not in ("mood", "verify-boxes"):  # documents show "1" where real files have 1
        assert shape(value) == shape(line[attribute])
    assert shape({**said, **common_metadata(job, kind, 0.0, True)}) == shape(metadata)
    assert kind.metadata_type == metadata["type"]


def test_a_mask_of_aws_is_read_and_written_with_the_same_keys() -> None:
    from io import BytesIO

    from PIL import Image

    picture = Image.new("RGB", (4, 3), "#ffffff")
    picture.paste("#2acf59", (1, 1, 3, 2))
    file = BytesIO()
    picture.save(file, "PNG")
    job = settings("semantic-segmentation", "road", "buildings", attribute="streets-ref")
    kind, thing = tasks.of(job), DataObject(0, examples.STREETS, 4, 3)
    metadata = examples.STREETS["streets-ref-metadata"]
    answer = kind.read("s3://b/out/0.png", metadata, thing, job, file.getvalue())
    assert answer == {"width": 4, "height": 3, "runs": [[0, 5], [2, 2], [0, 5]]}
    value, said = kind.write(Verdict(answer, 0.9), thing, job, "s3://b/out/0.png")
    assert value == "s3://b/out/0.png"
    assert shape({**said, **common_metadata(job, kind, 0.0, True)}) == shape(metadata)
    stored = kind.stored_file(Verdict(answer, 0.9), thing, job)
    assert stored is not None
    with Image.open(BytesIO(stored[0])) as mine:  # pixel values are classes, colours the labels'
        assert mine.mode == "P"
        assert list(mine.tobytes()) == [0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 0]

    looking = settings("semantic-segmentation", "good", "bad", mode="verify", audit_attribute="streets-ref")
    seen = tasks.find("semantic-segmentation").read(
        "s3://b/out/0.png", metadata, thing, looking, file.getvalue()
    )
    assert seen["classes"] == [{"name": "buildings", "color": "#2acf59"}]
    assert seen["runs"] == [[0, 5], [1, 2], [0, 5]]


@pytest.mark.parametrize(
    ("task", "value", "metadata", "words"),
    [
        ("image-classification", 7, {}, "is class 7, which neither"),
        ("image-classification", [1], {}, "must be a class's number"),
        ("bounding-box", {"annotations": [{"class_id": 0}]}, {}, "Box 1 must have"),
        ("bounding-box", OUTSIDE, {}, "out of the image"),
        ("bounding-box", [], {}, "with 'annotations'"),
        ("named-entity-recognition", {"annotations": {"entities": [{"label": "cat", "startOffset": 0}]}}, {}, "'endOffset'"),
        ("image-classification-multilabel", {"cat": 1}, {}, "must be a list of class numbers"),
        ("semantic-segmentation", "s3://b/0.png", {}, "could not be read"),
    ],
)  # fmt: skip
def test_a_broken_label_of_an_earlier_job_is_refused_in_words(
    task: str, value: Any, metadata: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadAnswer) as refused:
        tasks.find(task).read(
            value, metadata, DataObject(0, {"source": "hello"}, 500, 400), settings(task), None
        )
    assert words in str(refused.value)


def test_a_mask_that_cannot_be_is_refused_in_words() -> None:
    from io import BytesIO

    from PIL import Image

    kind, job = tasks.find("semantic-segmentation"), settings("semantic-segmentation", "road", "buildings")
    metadata = examples.STREETS["streets-ref-metadata"]

    def words(file: bytes, **more: Any) -> str:
        with pytest.raises(BadAnswer) as refused:
            kind.read("s3://b/0.png", {**metadata, **more}, DataObject(0, {}, 4, 3), job, file)
        return str(refused.value)

    red, small = BytesIO(), BytesIO()
    Image.new("RGB", (4, 3), "#ff0000").save(red, "PNG")
    Image.new("RGB", (2, 2), "#ffffff").save(small, "PNG")
    assert "colour #ff0000, which stands for no class" in words(red.getvalue())
    assert "2 x 2 pixels, its image 4 x 3" in words(small.getvalue())
    assert "no picture" in words(red.getvalue()[:40])
    assert "lack 'internal-color-map'" in words(red.getvalue(), **{"internal-color-map": None})
    foreign = {"1": {"class-name": "cow", "hex-color": "#ff0000"}}
    assert "class 'cow', which is no label" in words(red.getvalue(), **{"internal-color-map": foreign})
    assert 'as "#2acf59"' in words(
        red.getvalue(), **{"internal-color-map": {"1": {"class-name": "road", "hex-color": "red"}}}
    )


def test_answers_have_the_form_of_the_crowd_elements() -> None:
    def content(task: str, answer: Answer, **more: Any) -> dict[str, Any]:
        job = settings(task, **more)
        return tasks.of(job).answer_content(answer, DataObject(0, {}, 800, 533), job)

    assert content("image-classification", {"label": "cat"}) == {"crowd-image-classifier": {"label": "cat"}}
    box = {"label": "dog", "left": 243, "top": 117, "width": 187, "height": 401}
    assert content("bounding-box", {"boxes": [box]}) == {
        "annotatedResult": {"boundingBoxes": [box], "inputImageProperties": {"height": 533, "width": 800}}
    }
    said = content("semantic-segmentation", {"width": 2, "height": 1, "runs": [[0, 1], [1, 1]]})[
        "annotatedResult"
    ]
    assert said["labelMappings"] == {"cat": {"color": "#0072b2"}, "dog": {"color": "#e69f00"}}
    assert set(said) == {"labelMappings", "labeledImage", "inputImageProperties"}
    verdict = content("bounding-box", {"label": "cat", "comment": "no"}, mode="verify")
    assert verdict == {"crowd-image-classifier": {"label": "cat", "workerComment": "no"}}
