"""COCO: read by COCO's own reader, and what is broken is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pycocotools.coco import COCO
from tests.labeling.formats.conftest import read, written

from clary.labeling import formats
from clary.labeling.formats import masks
from clary.labeling.formats.format import BOXES, PIXELS
from clary.labeling.formats.problems import FormatError, Problems

# numpy's own, about pycocotools.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

coco = formats.find("coco")


def document(**changes: Any) -> dict[str, Any]:
    return {
        "images": [{"id": 40, "file_name": "a.png", "width": 31, "height": 23}],
        "categories": [{"id": 90, "name": "dog"}, {"id": 3, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 40, "category_id": 90, "bbox": [2, 3, 10, 10], "iscrowd": 0,
             "segmentation": [[2, 3, 12, 3, 12, 13, 2, 13]]},
            {"id": 2, "image_id": 40, "category_id": 3, "bbox": [4, 5, 2, 2], "iscrowd": 1,
             "segmentation": {"size": [23, 31], "counts": [31 * 23]}},
        ],
        **changes,
    }  # fmt: skip


def image(**changes: Any) -> dict[str, Any]:
    return document(images=[{"id": 40, "file_name": "a.png", **changes}])


def shape(image_id: int, category: int, bbox: list[Any]) -> dict[str, Any]:
    entry = {"id": 5, "image_id": image_id, "category_id": category, "bbox": bbox}
    return document(annotations=[entry])


@pytest.fixture
def folder(tmp_path: Path, pictures: Any) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").hardlink_to(pictures[31, 23])
    return tmp_path


def put(folder: Path, value: Any) -> Path:
    place = folder / "annotations.json"
    place.write_text(value if isinstance(value, str) else json.dumps(value))
    return place


def test_categories_need_not_be_contiguous_and_crowds_are_kept(folder: Path) -> None:
    data, (item,) = read(coco, put(folder, document()))
    assert data.labels == ("cat", "dog")
    assert item.answer == {
        "boxes": [
            {"label": "dog", "left": 2, "top": 3, "width": 10, "height": 10},
            {"label": "cat", "left": 4, "top": 5, "width": 2, "height": 2},
        ]
    }
    assert item.crowd == (False, True)


def test_small_things_lie_in_front_when_masks_are_read_as_pixels(folder: Path) -> None:
    inner = {"id": 2, "image_id": 40, "category_id": 3, "segmentation": [[4, 5, 6, 5, 6, 7, 4, 7]]}
    found = document()
    found["annotations"] = [inner, found["annotations"][0]]
    data, (item,) = read(coco, put(folder, found), task=PIXELS)
    assert item.answer is not None
    canvas = masks.to_array(item.answer)
    assert (canvas[5:7, 4:6] == 1).all()
    assert (canvas == 2).sum() == 100 - 4
    assert data.labels == ("cat", "dog")


def test_cocos_own_reader_finds_the_same_boxes_and_masks(picture: Any, tmp_path: Path) -> None:
    box = {"label": "b", "left": 1, "top": 2, "width": 3, "height": 4}
    items = [picture("one.png", {"boxes": [box]}, crowd=(True,)), picture("none.png", {"boxes": []})]
    written(coco, BOXES, ["a", "b"], items, tmp_path / "boxes")
    theirs = COCO(tmp_path / "boxes" / "annotations.json")
    assert [one["file_name"] for one in theirs.loadImgs(theirs.getImgIds())] == ["one.png", "none.png"]
    (annotation,) = theirs.loadAnns(theirs.getAnnIds())
    assert theirs.loadCats(annotation["category_id"])[0]["name"] == "b"
    assert (annotation["bbox"], annotation["area"], annotation["iscrowd"]) == ([1, 2, 3, 4], 12, 1)

    answer = {"width": 31, "height": 23, "runs": [[0, 40], [2, 5], [0, 31 * 23 - 45]]}
    written(coco, PIXELS, ["a", "b"], [picture("one.png", answer)], tmp_path / "pixels")
    theirs = COCO(tmp_path / "pixels" / "annotations.json")
    (annotation,) = theirs.loadAnns(theirs.getAnnIds())
    assert ((theirs.annToMask(annotation) * 2) == masks.to_array(answer)).all()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ('{"images": [', r"annotations.json is not valid JSON: .*line 1 column 13.* Is the file complete"),
        ({"annotations": [], "categories": []}, "lists no images"),
        ([{"image_id": 1, "bbox": [1, 2, 3, 4]}], "is not valid JSON: an object must begin"),
        (document(categories=[]), 'no "categories"'),
        (document(images=[{"id": 1, "file_name": "a.png"}] * 2), "two images have the id 1"),
        (document(images=[{"file_name": "a.png"}]), "image number 0 has no id"),
        (image(file_name="gone.png"), r"image 40: there is no image 'gone.png' in .*images=\"folder\""),
        (image(file_name="../a.png"), r"no image '../a.png'"),
        (image(width=640, height=480), r"640 x 480 pixels, but a.png has 31 x 23"),
        (shape(41, 3, [0, 0, 1, 1]), "annotation 5: the image_id 41 is not among"),
        (shape(40, 4, [0, 0, 1, 1]), "annotation 5: the category_id 4 is not among"),
        (shape(40, 3, [20, 0, 20, 1]), "annotation 5: the box .* outside the image of 31 x 23"),
        (shape(40, 3, [1, 2, "x"]), r"is not four numbers"),
        (document(annotations=[{"id": 5, "image_id": 40, "segments_info": []}]), "panoptic"),
        (document(annotations=[{"id": 5, "image_id": 40, "caption": "a dog"}]), "captions"),
        (document(annotations=[7]), 'entry of "annotations" is no JSON object'),
        (document(categories=[{"id": [1], "name": "x"}]), "has no id"),
    ],
)  # fmt: skip
def test_what_is_broken_is_told_with_its_place(folder: Path, value: Any, told: str) -> None:
    import re

    with pytest.raises(FormatError) as caught:
        read(coco, put(folder, value))
    assert re.search(told, str(caught.value), re.DOTALL), str(caught.value)


def test_what_is_wrong_can_be_left_out_and_is_told(folder: Path) -> None:
    found = document()
    found["annotations"][1]["bbox"] = [25, 20, 30, 30]
    found["annotations"].append({"id": 9, "image_id": 40, "category_id": 1, "bbox": [0, 0, 1, 1]})
    problems = Problems(strict=False)
    _, (item,) = read(coco, put(folder, found), problems=problems)
    assert item.answer is not None
    assert item.answer["boxes"][1] == {"label": "cat", "left": 25, "top": 20, "width": 6, "height": 3}
    assert [note.split(", ")[1][:12] for note in problems.notes] == ["annotation 2", "annotation 9"]


def test_splits_are_found_by_the_names_of_files_and_one_can_be_asked_for(folder: Path, pictures: Any) -> None:
    (folder / "annotations").mkdir()
    for split in ("train2017", "val2017"):
        (folder / split).mkdir()
        (folder / split / "a.png").hardlink_to(pictures[31, 23])
        (folder / "annotations" / f"instances_{split}.json").write_text(json.dumps(document()))
        (folder / "annotations" / f"captions_{split}.json").write_text(json.dumps(document()))
    _, items = read(coco, folder)
    assert [(one.split, one.name) for one in items] == [
        ("train", "train/a.png"),
        ("validation", "validation/a.png"),
    ]
    _, items = read(coco, folder, split="val")
    assert [one.split for one in items] == ["validation"]
    with pytest.raises(FormatError, match="no COCO annotations for the split 'test'"):
        read(coco, folder, split="test")
