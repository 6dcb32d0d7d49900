"""Rows and lines: which column is what, and what is told of those that are wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas
import pytest
from tests.labeling.formats.conftest import gone_through, read, written

from clary.labeling import formats
from clary.labeling.formats.format import BOXES, ENTITIES, IMAGE_CLASS, PIXELS, TEXT_CLASS, ReadOptions
from clary.labeling.formats.frame import read_frame
from clary.labeling.formats.problems import FormatError

csv, jsonl, conll, hf = (formats.find(name) for name in ("csv", "jsonl", "conll", "huggingface"))


def put(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    ("text", "task", "answers"),
    [
        ("text,label\n\"a, b\",x\nc,\n", TEXT_CLASS, [{"label": "x"}, None]),
        ("Sentence;Class\na;1\nb;2\n", TEXT_CLASS, [{"label": "1"}, {"label": "2"}]),
        ("tweet\tmood\na\tx\n", TEXT_CLASS, [{"label": "x"}]),
        ("text,labels\na,x|y\nb,\"[\"\"y\"\"]\"\nc,[]\n", "text-classification-multilabel",
         [{"labels": ["x", "y"]}, {"labels": ["y"]}, {"labels": []}]),
        ("text,entities\nabc,\"[[0, 1, \"\"x\"\"]]\"\n", ENTITIES,
         [{"entities": [{"label": "x", "startOffset": 0, "endOffset": 1}]}]),
    ],
)  # fmt: skip
def test_csv_columns_are_known_by_their_names(tmp_path: Path, text: str, task: str, answers: Any) -> None:
    wish = {"text": "tweet", "label": "mood"} if "tweet" in text else {}
    data, items = read(csv, put(tmp_path, "a.csv", text), columns=wish)
    assert data.task == task
    assert [one.answer for one in items] == answers


def test_boxes_of_an_image_may_be_in_any_rows_and_a_row_without_one_is_an_empty_image(
    tmp_path: Path, pictures: Any
) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).hardlink_to(pictures[31, 23])
    text = "image,xmin,ymin,xmax,ymax,label\na.png,1,2,4,6,x\nb.png,,,,,\na.png,0,0,31,23,y\n"
    data, (first, second) = read(csv, put(tmp_path, "a.csv", text))
    assert (data.task, data.labels) == (BOXES, ("x", "y"))
    assert first.answer == {
        "boxes": [
            {"label": "x", "left": 1, "top": 2, "width": 3, "height": 4},
            {"label": "y", "left": 0, "top": 0, "width": 31, "height": 23},
        ]
    }
    assert second.answer == {"boxes": []}


@pytest.mark.parametrize(
    ("kind", "name", "text", "told"),
    [
        (csv, "a.csv", "a,b\n1,2\n", "no column that looks like images or texts; it has 'a', 'b'.*columns="),
        (csv, "a.csv", "image,label\ngone.png,x\n", "a.csv, line 2: there is no image 'gone.png'"),
        (csv, "a.csv", "image,label\n../a.png,x\n", "there is no image"),
        (csv, "a.csv", "text,label\na,x,z\n", "line 2: it has more cells than the header"),
        (csv, "a.csv", "text,label\n,x\n", "line 2: it has no text"),
        (csv, "a.csv", "image,left,top,width,height,label\na.png,1,1,4,,x\n", r"line 2: the box .* is not four numbers"),
        (csv, "a.csv", "image,left,top,width,height,label\na.png,1,1,4,4,\n", "line 2: the box has no label"),
        (csv, "a.csv", "image,label\na.png,x\na.png,y\n", "line 3: the image 'a.png' has a label already"),
        (csv, "a.csv", "image,label\nbroken.png,x\n", "line 2: .*broken.png is no image that can be read"),
        (jsonl, "a.jsonl", '{"text": "a", "label": "x"}\n{"text": \n', "a.jsonl, line 2 is not valid JSON"),
        (jsonl, "a.jsonl", "[1]\n", "line 1 is no JSON object"),
        (jsonl, "a.jsonl", '{"text": "abc", "entities": [[0, 9, "x"]]}', "line 1: the entity 'x' from 0 to 9 is not within .* 3"),
        (jsonl, "a.jsonl", '{"text": "abc", "entities": [[2, 1, "x"]]}', "from 2 to 1 is not within"),
        (jsonl, "a.jsonl", '{"text": "abc", "entities": [[0, 2, "x"], [1, 3, "x"]]}', "entities at 0 and 1 overlap"),
        (jsonl, "a.jsonl", '{"text": "abc", "entities": [[0, "x"]]}', "is no entity"),
        (conll, "a.conll", "EU\tB-ORG\nrejects\n", "a.conll, line 2: 'rejects' has no tag"),
        (conll, "a.conll", "EU\tORG\n", "line 1: the tag 'ORG' is neither O nor like B-PER"),
        (hf, "metadata.jsonl", '{"label": 1}\n', "line 1 has no file_name"),
        (hf, "metadata.jsonl", '{"file_name": "a.png", "objects": {"bbox": [[1, 2]], "category": ["x"]}}', r"is not \[left, top"),
        (hf, "metadata.jsonl", '{"file_name": "a.png", "objects": {"bbox": [], "category": ["x"]}}', "0 boxes and 1 categories"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, pictures: Any, kind: Any, name: str, text: str, told: str
) -> None:
    (tmp_path / "a.png").hardlink_to(pictures[31, 23])
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    path = put(tmp_path, name, text)
    with pytest.raises(FormatError) as caught:
        read(kind, tmp_path if kind is hf else path)
    assert re.search(told, str(caught.value), re.DOTALL), str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        {"text": "abc", "entities": [[0, 1, "x"]]},
        {"text": "abc", "label": [[0, 1, "x"]]},
        {"text": "abc", "spans": [{"start": 0, "end": 1, "label": "x"}]},
        {"text": "abc", "entities": [{"label": "x", "startOffset": 0, "endOffset": 1}]},
    ],
)
def test_entities_are_read_as_spacy_doccano_prodigy_and_ground_truth_write_them(
    tmp_path: Path, line: Any
) -> None:
    data, (item,) = read(jsonl, put(tmp_path, "a.jsonl", json.dumps(line) + "\n"))
    assert data.task == ENTITIES
    assert item.answer == {"entities": [{"label": "x", "startOffset": 0, "endOffset": 1}]}


@pytest.mark.parametrize(
    "tags",
    ["B-P I-P O B-P B-P", "I-P I-P O I-P B-P", "B-P E-P O S-P S-P", "B-P L-P O U-P U-P"],
    ids=["iob2", "iob1", "bioes", "bilou"],
)
def test_every_tagging_scheme_of_conll_gives_the_same_entities(tmp_path: Path, tags: str) -> None:
    lines = [
        f"{word} NNP {tag}"
        for word, tag in zip(["John", "Smith", "met", "Ann", "Bob"], tags.split(), strict=True)
    ]
    text = "-DOCSTART- -X- O\n\n" + "\n".join(lines) + "\n\nno O\n"
    _, (first, second) = read(conll, put(tmp_path, "train.conll", text))
    assert first.text == "John Smith met Ann Bob"
    assert first.answer is not None
    spans = [first.text[one["startOffset"] : one["endOffset"]] for one in first.answer["entities"]]
    assert spans == ["John Smith", "Ann", "Bob"]
    assert second.answer == {"entities": []}


def test_hugging_faces_boxes_may_have_numbers_for_classes(tmp_path: Path, pictures: Any) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.png").hardlink_to(pictures[31, 23])
    row = {"file_name": "a.png", "objects": {"bbox": [[1, 2, 3.4, 4]], "category": [1]}}
    put(tmp_path / "train", "metadata.jsonl", json.dumps(row))
    data, (item,) = read(hf, tmp_path, labels=("cat", "dog"))
    assert item.answer == {"boxes": [{"label": "dog", "left": 1, "top": 2, "width": 3, "height": 4}]}
    assert (data.task, item.split, item.name) == (BOXES, "train", "train/a.png")


def test_a_data_frame_is_read_like_a_csv_file(tmp_path: Path, pictures: Any) -> None:
    frame = pandas.DataFrame({"path": [str(pictures[7, 5]), str(pictures[31, 23])], "class": [2, None]})
    options = ReadOptions()
    data = read_frame(frame, options)
    first, second = gone_through(data, options)
    assert (data.task, data.labels) == (IMAGE_CLASS, ("2",))
    assert (first.answer, first.width, second.answer) == ({"label": "2"}, 7, None)
    texts = pandas.DataFrame({"text": ["a", "b"], "labels": [["x", "y"], []]})
    data = read_frame(texts, options)
    assert [one.answer for one in data.items] == [{"labels": ["x", "y"]}, {"labels": []}]
    with pytest.raises(FormatError, match="has no column 'tweet'"):
        read_frame(texts, ReadOptions(columns={"text": "tweet"}))


def test_formats_that_cannot_hold_a_task_say_which_they_can(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="holds no labels for 'semantic-segmentation'; it can hold"):
        read(
            hf,
            Path(written(hf, IMAGE_CLASS, [], [], tmp_path / "x") and _with_metadata(tmp_path)),
            task=PIXELS,
        )
    with pytest.raises(FormatError, match="cannot hold the label 'a b'"):
        written(conll, ENTITIES, ["a b"], [], tmp_path / "y")
    with pytest.raises(FormatError, match="is in no format that Clary detects; name it"):
        formats.detect(put(tmp_path, "a.bin", "x"))
    with pytest.raises(FormatError, match=r"There is no format 'tfrecord'; there are coco, yolo"):
        formats.find("tfrecord")


def _with_metadata(folder: Path) -> Path:
    put(folder, "metadata.csv", "file_name,label\na.png,x\n")
    return folder
