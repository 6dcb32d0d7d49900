"""YOLO and Pascal VOC: where their pixels are, and what is told of broken files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from tests.labeling.formats.conftest import read, written

from clary.labeling import formats
from clary.labeling.formats import masks
from clary.labeling.formats.format import BOXES, PIXELS
from clary.labeling.formats.problems import FormatError

yolo, voc = formats.find("yolo"), formats.find("voc")
BOX = {"label": "b", "left": 0, "top": 2, "width": 31, "height": 4}


def tell(kind: Any, path: Path, told: str, **options: Any) -> None:
    with pytest.raises(FormatError) as caught:
        read(kind, path, **options)
    assert re.search(told, str(caught.value), re.DOTALL), str(caught.value)


@pytest.fixture
def pascal(tmp_path: Path, pictures: Any) -> Path:
    for name in ("Annotations", "JPEGImages"):
        (tmp_path / name).mkdir()
    (tmp_path / "JPEGImages" / "a.png").hardlink_to(pictures[31, 23])
    return tmp_path


def annotation(folder: Path, objects: str, size: str = "", name: str = "a.png") -> None:
    text = f"<annotation><filename>{name}</filename>{size}{objects}</annotation>"
    (folder / "Annotations" / "a.xml").write_text(text)


def voc_box(name: str, *edges: object) -> str:
    tags = zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True)
    return f"<object><name>{name}</name><bndbox>{''.join(f'<{tag}>{value}</{tag}>' for tag, value in tags)}</bndbox></object>"


def test_voc_counts_from_one_and_includes_the_last_pixel(pascal: Path, picture: Any, tmp_path: Path) -> None:
    annotation(pascal, voc_box("b", 1, 3, 31, 6))  # without a size: the file's
    _, (item,) = read(voc, pascal)
    assert item.answer == {"boxes": [BOX]}
    _, (item,) = read(voc, pascal, zero_based=True)
    assert item.answer == {"boxes": [{**BOX, "left": 1, "top": 3, "width": 30, "height": 3}]}
    written(voc, BOXES, ["b"], [picture("x/a.png", {"boxes": [BOX]})], tmp_path / "out")
    text = (tmp_path / "out" / "Annotations" / "x__a.xml").read_text()
    assert re.findall(r"<[xy]m..>(\d+)", text) == ["1", "3", "31", "6"]
    assert "<filename>x__a.png</filename>" in text


@pytest.mark.parametrize(
    ("objects", "size", "told"),
    [
        (voc_box("b", 0, 1, 5, 5), "", "a.xml, object 1: xmin 0, ymin 1: VOC counts pixels from 1.*zero_based=True"),
        (voc_box("b", 1, 1, 40, 5), "", "object 1: the box .* outside the image of 31 x 23"),
        (voc_box("b", 5, 1, 4, 5), "", "no area"),
        (voc_box("b", "x", 1, 4, 5), "", "does not have the numbers xmin"),
        (voc_box("", 1, 1, 4, 5), "", "it has no <name>"),
        ("", "<size><width>640</width><height>480</height></size>", "its size is 640 x 480, but a.png has 31 x 23"),
        ("<object>", "", "not valid XML"),
    ],
)  # fmt: skip
def test_broken_voc_files_are_told_with_their_place(pascal: Path, objects: str, size: str, told: str) -> None:
    annotation(pascal, objects, size)
    tell(voc, pascal, told, labels=("b",))


def test_voc_names_that_xml_cannot_hold_are_refused(picture: Any, tmp_path: Path) -> None:
    box = {**BOX, "label": "a\x01"}
    with pytest.raises(FormatError, match="cannot hold the name"):
        written(voc, BOXES, ["a\x01"], [picture("a.png", {"boxes": [box]})], tmp_path / "out")


def test_voc_image_names_lose_the_spaces_that_xml_and_lists_lose(picture: Any, tmp_path: Path) -> None:
    items = [picture(name, {"boxes": [BOX]}, split="train") for name in (" x/a .png", "x/a.png", " .png")]
    written(voc, BOXES, ["b"], items, tmp_path / "out")
    _, found = read(voc, tmp_path / "out")
    assert sorted(item.name for item in found) == ["image.png", "x__a-2.png", "x__a.png"]
    assert [item.split for item in found] == ["train"] * 3


def test_voc_masks_are_palettes_whose_borders_are_void_and_colours_are_read_by_the_label_map(
    pascal: Path,
) -> None:
    (pascal / "SegmentationClass").mkdir()
    canvas = np.zeros((23, 31), np.uint8)
    canvas[2:5, 2:5] = 2
    canvas[5, 2:5] = 255
    image = Image.fromarray(canvas, mode="P")
    image.putpalette(masks.colours(256).ravel().tolist())
    image.save(pascal / "SegmentationClass" / "a.png")
    (pascal / "labelmap.txt").write_text("# name:colour\nbackground:0,0,0::\na:128,0,0::\nb:c:0,128,0::\n")
    data, (item,) = read(voc, pascal)
    assert (data.task, data.labels) == (PIXELS, ("a", "b:c"))
    assert item.answer is not None
    expected = np.where(canvas == 255, 0, canvas)
    assert (masks.to_array(item.answer) == expected).all()
    image.convert("RGB").save(pascal / "SegmentationClass" / "a.png")
    _, (item,) = read(voc, pascal)
    assert item.answer is not None
    assert (masks.to_array(item.answer) == expected).all()
    Image.new("RGB", (31, 23), (1, 2, 3)).save(pascal / "SegmentationClass" / "a.png")
    tell(voc, pascal, r"the colour \(1, 2, 3\) is no class's")
    Image.new("L", (30, 23)).save(pascal / "SegmentationClass" / "a.png")
    tell(voc, pascal, "30 x 23 pixels, its image 31 x 23")
    Image.new("L", (31, 23), 9).save(pascal / "SegmentationClass" / "a.png")
    tell(voc, pascal, "has the class 9, but there are 2 labels")


@pytest.fixture
def yolo_folder(tmp_path: Path, pictures: Any) -> Path:
    for name in ("images", "labels"):
        (tmp_path / "train" / name).mkdir(parents=True)
    (tmp_path / "train" / "images" / "a.png").hardlink_to(pictures[31, 23])
    (tmp_path / "data.yaml").write_text(
        "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['a', 'b']\n"
    )
    return tmp_path


def labels(folder: Path, text: str) -> None:
    (folder / "train" / "labels" / "a.txt").write_text(text)


def test_yolo_reads_centres_confidences_and_polygons(yolo_folder: Path) -> None:
    labels(yolo_folder, f"1 0.5 {4 / 23} 1.0 {4 / 23} 0.75\n\n")
    data, (item,) = read(yolo, yolo_folder)
    assert (data.task, data.labels, item.name, item.split) == (BOXES, ("a", "b"), "train/a.png", "train")
    assert item.answer == {"boxes": [BOX]}
    assert item.scores == (0.75,)
    corners = " ".join(f"{x / 31:.6f} {y / 23:.6f}" for x, y in ((1, 1), (4, 1), (4, 3), (1, 3)))
    labels(yolo_folder, f"0 {corners}\n")
    data, (item,) = read(yolo, yolo_folder)
    assert data.task == PIXELS
    assert item.answer is not None
    canvas = masks.to_array(item.answer)
    assert (canvas[1:3, 1:4] == 1).all()
    assert canvas.sum() == 6
    _, (item,) = read(yolo, yolo_folder, task=BOXES)
    assert item.answer == {"boxes": [{"label": "a", "left": 1, "top": 1, "width": 3, "height": 2}]}
    (yolo_folder / "train" / "labels" / "a.txt").unlink()
    _, (item,) = read(yolo, yolo_folder)
    assert item.answer == {"boxes": []}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "0 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.1 0.1\n",
            "a.txt, line 2: the class 2 is out of range: there are 2 names",
        ),
        ("0.5 0.5 0.5 0.1 0.1", "line 1: the class 0.5 is out of range"),
        ("0 12 30 4 4", "not shares of the picture"),
        ("0 0.9 0.5 0.5 0.1", "outside the image"),
        ("0 0.5 0.5 0 0.1", "no area"),
        ("0 0.5 0.5", "it has 3 numbers"),
        ("cat 0.5 0.5 0.1 0.1", "is not a row of numbers"),
        ("0 nan 0.5 0.1 0.1", "not shares of the picture"),
    ],
)
def test_broken_yolo_lines_are_told_with_their_place(yolo_folder: Path, text: str, told: str) -> None:
    labels(yolo_folder, text)
    tell(yolo, yolo_folder, told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("names: [a", "not valid YAML"),
        ("names: {0: a, 2: b}\ntrain: train/images", "keys of names must be 0 to 1"),
        ("names: []\ntrain: train/images", "does not say what its classes are called"),
        ("names: [a]\ntrain: elsewhere", "has no folder of pictures"),
        ("names: [a]\npath: {a: b}\ntrain: train/images", "path has a mapping where a text belongs"),
        ("names: &a [*a]\ntrain: train/images", "not valid YAML"),
        ("names: " + "[" * 2000, "nested too deeply"),
        (
            "a0: &a0 [x, x, x]\n"
            + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 9))
            + "names: *a8",
            "names has a list where a text belongs",
        ),
        ("names: [a]\n" + "# long\n" * 700_000, "too large for a list"),
    ],
)
def test_a_data_yaml_that_says_too_little_is_told(yolo_folder: Path, text: str, told: str) -> None:
    (yolo_folder / "data.yaml").write_text(text)
    tell(yolo, yolo_folder, told)


def test_yolo_classes_are_called_what_data_yaml_calls_them(yolo_folder: Path) -> None:
    for names in (
        "[no, 007, 12:30, 2024-99-99, null]",
        "{0: no, 1: 007, 2: 12:30, 3: 2024-99-99, 4: 'null'}",
    ):
        (yolo_folder / "data.yaml").write_text(f"names: {names}\ntrain: train/images\ntest:\n")
        data, _ = read(yolo, yolo_folder)
        assert data.labels == ("no", "007", "12:30", "2024-99-99", "null")


def test_yolo_pictures_of_folders_named_images_keep_their_labels(picture: Any, tmp_path: Path) -> None:
    names = ["siteA/images/1.png", "siteB/images/1.png", "siteA/1.png", "images/train/2.png"]
    boxes = [{"boxes": [{**BOX, "height": number}]} for number in range(1, 5)]
    items = [picture(name, answer, split="train") for name, answer in zip(names, boxes, strict=True)]
    written(yolo, BOXES, ["b"], items, tmp_path / "out")
    _, found = read(yolo, tmp_path / "out")
    assert {item.name: item.answer for item in found} == {
        f"train/{name}": answer
        for name, answer in zip(["siteA/1.png", "siteB/1.png", "siteA/1-2.png", "2.png"], boxes, strict=True)
    }
    for image in (tmp_path / "out").rglob("*.png"):  # how Ultralytics' trainers find the text files
        assert Path("/labels/".join(str(image).rsplit("/images/", 1))).with_suffix(".txt").is_file()


def test_yolo_files_are_what_its_trainers_read(picture: Any, tmp_path: Path) -> None:
    items = [
        picture("x/a.png", {"boxes": [BOX]}, split="train", scores=(0.5,)),
        picture("x/a.jpg", {"boxes": []}, split="validation"),
        picture("x/b.png"),
    ]
    options = written(yolo, BOXES, ["a: x", "b"], items, tmp_path / "out")
    config = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())
    assert config == {"train": "images/train", "val": "images/val", "names": {0: "a: x", 1: "b"}}
    line = (tmp_path / "out" / "labels" / "train" / "x" / "a.txt").read_text()
    assert [float(one) for one in line.split()] == pytest.approx([1, 0.5, 4 / 23, 1.0, 4 / 23])
    assert (tmp_path / "out" / "labels" / "val" / "x" / "a.txt").read_text() == ""
    assert not (tmp_path / "out" / "images" / "train" / "x" / "b.png").exists()
    assert sum("no confidences" in note or "without a label" in note for note in options.notes) == 2
