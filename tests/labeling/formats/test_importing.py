"""Manifests: imported ones are such as labeling jobs leave, AWS's own are exported, all of it or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from tests.labeling.formats.conftest import written
from tests.labeling.tasks import examples

from clary.labeling import formats, manifest, tasks
from clary.labeling.formats.exporting import export_labels
from clary.labeling.formats.format import BOXES, ENTITIES, IMAGE_CLASS, PIXELS, ReadOptions
from clary.labeling.formats.frame import to_frame
from clary.labeling.formats.importing import import_labels, with_resolver
from clary.labeling.formats.manifests import Manifest
from clary.labeling.formats.problems import FormatError, Problems

BOX = {"label": "b", "left": 0, "top": 2, "width": 31, "height": 4}


def lines_of(objects: Any, uri: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in objects.read_uri(uri).splitlines()]


@pytest.fixture
def coco_folder(picture: Any, tmp_path: Path) -> Path:
    items = [
        picture("x/a <b>.png", {"boxes": [BOX, {**BOX, "label": "a"}]}, crowd=(False, True), split="train"),
        picture("x/ü.png", {"boxes": []}, split="validation"),
    ]
    written(formats.find("coco"), BOXES, ["a", "b"], items, tmp_path / "coco")
    return tmp_path / "coco"


def test_an_import_is_a_manifest_as_a_labeling_job_writes_it_and_goes_out_the_same(
    objects: Any, coco_folder: Path, tmp_path: Path
) -> None:
    found = import_labels(objects, coco_folder, "s3://bucket/in/", ReadOptions(), name="mine")
    assert (found.manifest, found.attribute, found.task, found.labels) == (
        "s3://bucket/in/output.manifest", "labels", BOXES, ("a", "b"),
    )  # fmt: skip
    assert (found.objects, found.labelled, found.notes) == (2, 2, [])
    first, second = lines_of(objects, found.manifest)
    metadata = first.pop("labels-metadata")
    assert first == {
        "source-ref": "s3://bucket/in/images/train/x/a <b>.png",
        "split": "train",
        "labels": {
            "image_size": [{"width": 31, "height": 23, "depth": 3}],
            "annotations": [
                {"class_id": 1, "left": 0, "top": 2, "width": 31, "height": 4},
                {"class_id": 0, "left": 0, "top": 2, "width": 31, "height": 4},
            ],
        },
    }
    assert metadata.pop("creation-date")
    assert metadata == {
        "objects": [{"confidence": 0.0, "iscrowd": 0}, {"confidence": 0.0, "iscrowd": 1}],
        "class-map": {"0": "a", "1": "b"},
        "type": "groundtruth/object-detection",
        "human-annotated": "yes",
        "job-name": "mine",
    }
    assert objects.read_uri(second["source-ref"])[:4] == b"\x89PNG"
    out = export_labels(objects, found.manifest, tmp_path / "out", format="coco", images="link")
    assert (out.labelled, out.notes) == (2, [])
    one, other = (json.loads(next(path.rglob("*train.json")).read_text()) for path in (coco_folder, out.path))
    assert one == other
    assert (out.path / "train" / "x" / "a <b>.png").is_file()


def test_an_image_with_hundreds_of_boxes_goes_in_and_out_and_a_long_text_too(
    objects: Any, picture: Any, tmp_path: Path
) -> None:
    boxes = [{**BOX, "width": 1 + n % 31} for n in range(500)]
    written(formats.find("coco"), BOXES, ["b"], [picture("a.png", {"boxes": boxes})], tmp_path / "in")
    found = import_labels(objects, tmp_path / "in", "s3://bucket/in", ReadOptions())
    assert ["labels of any length, but AWS's" in note for note in found.notes] == [True]
    assert manifest.read_all(objects.read_uri(found.manifest))  # the input of another job
    export_labels(objects, found.manifest, tmp_path / "out", format="coco")
    (item,) = formats.find("coco").read(tmp_path / "out", ReadOptions()).items
    assert item.answer == {"boxes": boxes}
    (tmp_path / "long.csv").write_text(f"text,label\n{'a' * 20_001},good\n")
    found = import_labels(objects, tmp_path / "long.csv", "s3://bucket/long", ReadOptions())
    assert [note for note in found.notes if note.endswith("Labeling jobs refuse it.")] == found.notes != []
    assert export_labels(objects, found.manifest, tmp_path / "out.csv", format="csv").labelled == 1


def test_exported_file_addresses_are_imported_again(objects: Any, picture: Any, tmp_path: Path) -> None:
    place = tmp_path / "tom & ü 100%.png"
    place.hardlink_to(picture("a.png").file)
    line = {**examples.IMAGE, "source-ref": place.as_uri()}
    objects.write_uri("s3://bucket/m", json.dumps(line).encode() + b"\n")
    out = export_labels(objects, "s3://bucket/m", tmp_path / "out.csv", format="csv")
    source = Manifest(objects, "s3://bucket/m")
    for data in (out.path, to_frame(source.collection(source.look()))):
        found = import_labels(objects, data, "s3://bucket/in", ReadOptions())
        (line,) = lines_of(objects, found.manifest)
        assert line["source-ref"].endswith("tom & ü 100%.png")
        assert objects.read_uri(line["source-ref"]) == place.read_bytes()


def test_imported_labels_are_chained_as_those_of_a_job(objects: Any, coco_folder: Path) -> None:
    found = import_labels(objects, coco_folder, "s3://bucket/in", ReadOptions(), copy=False)
    source = Manifest(objects, found.manifest)
    (line, _) = source.lines()
    assert str(line.value["source-ref"]).startswith("file:///")
    assert "%3Cb%3E" in line.value["source-ref"]
    assert manifest.labelled(line.value, "labels")
    look = source.look()
    assert [one.crowd for one in source.items(look)] == [(False, True), ()]


def test_what_is_wrong_leaves_no_manifest_and_can_be_skipped(objects: Any, coco_folder: Path) -> None:
    (coco_folder / "validation" / "x" / "ü.png").unlink()
    with pytest.raises(FormatError, match="1 thing is wrong with the data"):
        import_labels(objects, coco_folder, "s3://bucket/in", ReadOptions())
    assert not objects.exists("bucket", "in/output.manifest")
    lenient = ReadOptions(problems=Problems(strict=False))
    found = import_labels(objects, coco_folder, "s3://bucket/in", lenient)
    assert (found.objects, len(found.notes)) == (1, 1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"attribute": "x-metadata"}, "may not end in '-metadata'"),
        ({"attribute": "x-ref"}, "may not end in '-ref'"),
        ({"format": "voc"}, "no XML files in Annotations"),
    ],
)
def test_attributes_and_formats_that_do_not_fit_are_refused(
    objects: Any, coco_folder: Path, options: Any, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        import_labels(objects, coco_folder, "s3://bucket/in", ReadOptions(), **options)


def test_masks_lie_beside_the_manifest_and_come_back(objects: Any, picture: Any, tmp_path: Path) -> None:
    answer = {"width": 31, "height": 23, "runs": [[0, 40], [2, 5], [0, 31 * 23 - 45]]}
    written(formats.find("voc"), PIXELS, ["a", "b"], [picture("m.png", answer)], tmp_path / "voc")
    found = import_labels(objects, tmp_path / "voc", "s3://bucket/in", ReadOptions())
    assert found.attribute == "labels-ref"
    (line,) = lines_of(objects, found.manifest)
    assert line["labels-ref"] == "s3://bucket/in/masks/0.png"
    # Of the classes only those that occur are in the manifest; the others are told.
    for classes, number in ((("b",), 1), (("a", "b"), 2)):
        out = tmp_path / str(number)
        export_labels(objects, found.manifest, out, format="voc", classes=classes)
        options = ReadOptions()
        (item,) = formats.find("voc").read(out, options).items
        assert item.answer == {**answer, "runs": [[0, 40], [number, 5], [0, 31 * 23 - 45]]}


@pytest.mark.parametrize(
    "line", [examples.IMAGE, examples.MOOD, examples.TAGS], ids=["image", "text", "tags"]
)
def test_lines_of_ground_truth_itself_become_rows(objects: Any, line: dict[str, Any], tmp_path: Path) -> None:
    objects.write_uri("s3://bucket/m", json.dumps(line).encode() + b"\n")
    if "source-ref" in line:  # AWS's bucket
        objects.create_bucket("bbb")
        line = {**line, "source-ref": "s3://bbb/a.jpg"}
        objects.write_uri("s3://bucket/m", json.dumps(line).encode() + b"\n")
    out = export_labels(objects, "s3://bucket/m", tmp_path / "out.csv", format="csv")
    row = out.path.read_text().splitlines()[1]
    assert {
        "birds": "s3://bbb/a.jpg,Canary,0.95,",
        "mood": "The food was delicious,positive,0.8,",
        "tags": 's3://bbb/a.jpg,"[""person"", ""bicycle""]",0.77,',
    }[next(name for name in ("birds", "mood", "tags") if name in line)] in row


def test_several_labels_of_a_manifest_must_be_told_apart_and_machines_can_be_left_out(
    objects: Any, tmp_path: Path
) -> None:
    common = {"type": "groundtruth/text-classification", "class-name": "x", "confidence": 0.9}
    lines = [
        {"source": "a", "one": 0, "one-metadata": {**common, "human-annotated": "yes"}},
        {"source": "b", "one": 0, "one-metadata": {**common, "human-annotated": "no"}, "two": 0, "two-metadata": common},
        {"source": "c"},
    ]  # fmt: skip
    objects.write_uri("s3://bucket/m", b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    with pytest.raises(FormatError, match="has the labels 'one', 'two': name the one that is meant"):
        export_labels(objects, "s3://bucket/m", tmp_path / "out.jsonl", format="jsonl")
    out = export_labels(
        objects, "s3://bucket/m", tmp_path / "o.jsonl", format="jsonl", attribute="one", human_only=True
    )
    rows = [json.loads(line) for line in out.path.read_text().splitlines()]
    assert rows == [{"text": "a", "label": "x", "confidence": 0.9}, {"text": "b"}, {"text": "c"}]
    with pytest.raises(FormatError, match="is there already"):
        export_labels(objects, "s3://bucket/m", out.path, format="jsonl", attribute="one")
    with pytest.raises(
        FormatError, match="COCO holds no labels for 'text-classification'; these formats do: jsonl, csv"
    ):
        export_labels(objects, "s3://bucket/m", tmp_path / "x", format="coco", attribute="one")
    with pytest.raises(FormatError, match=r"No line .* has a label 'three'"):
        export_labels(objects, "s3://bucket/m", tmp_path / "x", format="csv", attribute="three")
    assert not list(tmp_path.glob(".*"))


def test_splits_are_drawn_by_name_so_that_they_hold_when_objects_are_added(
    objects: Any, tmp_path: Path
) -> None:
    import pandas

    def split_of(count: int, target: str) -> dict[str, str]:
        frame = pandas.DataFrame({"text": [f"text {one}" for one in range(count)], "label": "x"})
        found = import_labels(objects, frame, f"s3://bucket/{target}", ReadOptions())
        out = export_labels(
            objects,
            found.manifest,
            tmp_path / target,
            format="jsonl",
            splits={"train": 0.75, "test": 0.25},
            seed=3,
        )
        return {
            json.loads(line)["text"]: file.stem
            for file in out.path.iterdir()
            for line in file.read_text().splitlines()
        }

    few, many = split_of(100, "few"), split_of(400, "many")
    assert few.items() <= many.items()
    assert 60 < sum(split == "test" for split in many.values()) < 140
    with pytest.raises(FormatError, match=r"sum to 0.8"):
        export_labels(
            objects, "s3://bucket/few/output.manifest", tmp_path / "z", format="csv", splits={"train": 0.8}
        )


def test_images_in_buckets_stay_there_and_entities_keep_their_confidence(
    objects: Any, pictures: Any, tmp_path: Path
) -> None:
    objects.put("bucket", "pics/a.png", pictures[7, 5])
    (tmp_path / "a.csv").write_text("image,label,confidence\ns3://bucket/pics/a.png,x,0.75\n")
    found = import_labels(
        objects, tmp_path / "a.csv", "s3://bucket/in", with_resolver(ReadOptions(), objects), human=False
    )
    (line,) = lines_of(objects, found.manifest)
    assert line["source-ref"] == "s3://bucket/pics/a.png"
    assert (line["labels-metadata"]["confidence"], line["labels-metadata"]["human-annotated"]) == (0.75, "no")
    assert found.task == IMAGE_CLASS

    (tmp_path / "n.jsonl").write_text('{"text": "abc", "entities": [[0, 1, "x"]]}\n')
    found = import_labels(objects, tmp_path / "n.jsonl", "s3://bucket/ner", ReadOptions())
    settings = replace(examples_settings(found), attribute="labels")
    (line,) = lines_of(objects, found.manifest)
    read = tasks.find(ENTITIES).read(line["labels"], line["labels-metadata"], thing(line), settings, None)
    assert read == {"entities": [{"label": "x", "startOffset": 0, "endOffset": 1}]}


def examples_settings(found: Any) -> Any:
    from clary.labeling.formats.manifests import settings_for
    from clary.labeling.settings import Label

    return settings_for(found.task, found.attribute, tuple(Label(name) for name in found.labels))


def thing(line: dict[str, Any]) -> Any:
    from clary.labeling.task_type import DataObject

    return DataObject(0, line)


class Upper(formats.Format):
    """A third party's format: lines of ``LABEL text``."""

    name = "upper"
    title = "Upper"
    tasks = frozenset({"text-classification"})

    def matches(self, path: Path) -> bool:
        return path.suffix == ".upper"

    def read(self, path: Path, options: ReadOptions) -> Any:
        from clary.labeling.formats.format import Collection, Item

        pairs = [line.split(" ", 1) for line in path.read_text().splitlines()]
        items = (Item(str(n), text=text, answer={"label": label}) for n, (label, text) in enumerate(pairs))
        return Collection("text-classification", tuple(sorted({label for label, _ in pairs})), items)

    def write(self, data: Any, target: Path, options: Any) -> None:
        lines = [f"{item.answer['label']} {item.text}\n" for item in data.items]
        (target / "data.upper").write_text("".join(lines))


def test_a_third_partys_format_is_found_through_its_entry_point(
    objects: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = EntryPoint("upper", f"{__name__}:Upper", formats.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: Upper)
    monkeypatch.setattr(formats, "entry_points", lambda group: [point])
    formats.find.cache_clear()
    (tmp_path / "a.upper").write_text("GOOD it is fine\nBAD it is not\n")
    found = import_labels(objects, tmp_path / "a.upper", "s3://bucket/in", ReadOptions())
    assert found.labels == ("BAD", "GOOD")
    out = export_labels(objects, found.manifest, tmp_path / "out", format="upper")
    assert (out.path / "data.upper").read_text() == "GOOD it is fine\nBAD it is not\n"
    formats.find.cache_clear()
