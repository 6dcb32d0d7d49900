"""Manifests as torch datasets: targets as torchvision has them, in a DataLoader's workers too."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pandas
import pytest
import torch
from tests.labeling.formats.conftest import written
from torch.utils.data import DataLoader

from clary.labeling import formats
from clary.labeling.formats.format import BOXES, IMAGE_CLASS, PIXELS, ReadOptions
from clary.labeling.formats.importing import import_labels
from clary.labeling.formats.problems import FormatError
from clary.labeling.formats.torch_dataset import to_dataset

BOX = {"label": "b", "left": 1, "top": 2, "width": 3, "height": 4}


def manifest(objects: Any, *lines: dict[str, Any]) -> str:
    objects.write_uri("s3://bucket/m", b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    return "s3://bucket/m"


def test_an_image_may_have_hundreds_of_boxes(objects: Any, picture: Any, tmp_path: Path) -> None:
    item = picture("a.png", {"boxes": [BOX] * 500})
    written(formats.find("coco"), BOXES, ["b"], [item], tmp_path / "in")
    dataset = to_dataset(
        objects, import_labels(objects, tmp_path / "in", "s3://bucket/in", ReadOptions()).manifest
    )
    assert dataset[0][1]["boxes"].shape == (500, 4)


def test_classes_are_numbers_images_are_tensors_and_workers_get_them(
    objects: Any, picture: Any, tmp_path: Path
) -> None:
    items = [
        picture(f"{n}.png", {"label": "ab"[n % 2]}, split="train" if n < 4 else "test") for n in range(6)
    ]
    written(formats.find("huggingface"), IMAGE_CLASS, ["a", "b"], items, tmp_path / "in")
    found = import_labels(objects, tmp_path / "in", "s3://bucket/in", ReadOptions())
    dataset = to_dataset(objects, found.manifest, split="train")
    assert (len(dataset), dataset.classes, dataset.weights.tolist()) == (4, ["a", "b"], [1.0] * 4)
    loader = DataLoader(dataset, batch_size=4, num_workers=1)
    ((images, targets),) = loader
    assert (images.shape, images.dtype) == ((4, 3, 23, 31), torch.float32)
    assert 0 <= float(images.min()) < float(images.max()) <= 1
    assert sorted(targets.tolist()) == [0, 0, 1, 1]
    again = pickle.loads(
        pickle.dumps(to_dataset(objects, found.manifest, classes=["c", "b", "a"], weighted=True))
    )
    assert [again[0][1], float(again[0][2])] == [2, 1.0]
    sized = to_dataset(objects, found.manifest, transform=lambda image: image.size, target_transform=str)
    assert sized[1] == ((31, 23), "1")
    both = to_dataset(objects, found.manifest, transforms=lambda image, target: (image.mode, -target))
    assert both[1] == ("RGB", -1)
    with pytest.raises(FormatError, match="not among the classes given: 'b'"):
        to_dataset(objects, found.manifest, classes=["a"])
    with pytest.raises(FormatError, match="no labelled objects in the split 'val'"):
        to_dataset(objects, found.manifest, split="val")
    with pytest.raises(FormatError, match="'holdout' is no split"):
        to_dataset(objects, found.manifest, split="holdout")


def test_boxes_are_torchvisions_dictionaries(objects: Any, picture: Any, tmp_path: Path) -> None:
    items = [
        picture("a.png", {"boxes": [BOX, {**BOX, "label": "a"}]}, crowd=(False, True)),
        picture("b.png", {"boxes": []}),
    ]
    written(formats.find("coco"), BOXES, ["a", "b"], items, tmp_path / "in")
    found = import_labels(objects, tmp_path / "in", "s3://bucket/in", ReadOptions())
    dataset = to_dataset(objects, found.manifest)
    ((images, targets),) = DataLoader(dataset, batch_size=2, collate_fn=dataset.collate)
    assert [one.shape for one in images] == [(3, 23, 31)] * 2
    first, empty = targets
    assert first["boxes"].tolist() == [[1, 2, 4, 6], [1, 2, 4, 6]]
    assert (first["labels"].tolist(), first["iscrowd"].tolist()) == ([2, 1], [0, 1])
    assert (first["boxes"].dtype, first["labels"].dtype) == (torch.float32, torch.int64)
    assert (empty["boxes"].shape, empty["labels"].shape) == ((0, 4), (0,))


def test_masks_are_long_tensors_of_classes(objects: Any, picture: Any, tmp_path: Path) -> None:
    answer = {"width": 31, "height": 23, "runs": [[0, 40], [2, 5], [0, 31 * 23 - 45]]}
    written(formats.find("voc"), PIXELS, ["a", "b"], [picture("a.png", answer)], tmp_path / "in")
    found = import_labels(objects, tmp_path / "in", "s3://bucket/in", ReadOptions())
    dataset = to_dataset(objects, found.manifest, classes=["a", "b"])
    image, mask = dataset[0]
    assert (mask.dtype, mask.shape) == (torch.int64, image.shape[1:])
    assert mask.unique(return_counts=True)[1].tolist() == [31 * 23 - 5, 5]
    assert int(mask.max()) == 2


def test_texts_give_labels_entities_and_weights_by_their_confidence(objects: Any) -> None:
    frame = pandas.DataFrame(
        {"text": ["a", "b", "c"], "labels": [["y"], ["x", "y"], None], "confidence": [0.9, 0.6, None]}
    )
    found = import_labels(objects, frame, "s3://bucket/in", ReadOptions())
    dataset = to_dataset(objects, found.manifest)
    assert [(text, target.tolist()) for text, target in dataset] == [("a", [0, 1]), ("b", [1, 1])]
    assert dataset.weights.tolist() == pytest.approx([0.9, 0.6])
    assert (dataset.source(1), dataset.answer(1)) == ("b", {"labels": ["x", "y"]})
    entities = pandas.DataFrame({"text": ["Ann and Bob"], "entities": [[[0, 3, "P"], [8, 11, "P"]]]})
    found = import_labels(objects, entities, "s3://bucket/ner", ReadOptions())
    assert to_dataset(objects, found.manifest)[0] == ("Ann and Bob", [(0, 3, 0), (8, 11, 0)])


def test_machine_labels_weigh_by_their_confidence_and_can_be_left_out(objects: Any) -> None:
    common = {"type": "groundtruth/text-classification", "class-name": "x"}
    uri = manifest(
        objects,
        {"source": "a", "l": 0, "l-metadata": {**common, "confidence": 0.0, "human-annotated": "yes"}},
        {"source": "b", "l": 0, "l-metadata": {**common, "confidence": 0.7, "human-annotated": "no"}},
        {"source": "c"},
    )
    assert to_dataset(objects, uri).weights.tolist() == pytest.approx([1.0, 0.7])
    assert len(to_dataset(objects, uri, human_only=True)) == 1
    broken = manifest(objects, {"source-ref": "s3://bucket/x", "l-ref": "s3://bucket/gone.png", "l-ref-metadata": {
        "type": "groundtruth/semantic-segmentation",
        "internal-color-map": {"1": {"class-name": "x", "hex-color": "#ff0000"}},
    }})  # fmt: skip
    with pytest.raises(FormatError, match=r"first label of s3://bucket/m cannot be read: .*gone.png"):
        to_dataset(objects, broken)


TRAIN = """
import json, os, struct
data = open(os.environ.get("SM_CHANNEL_TRAIN", "/opt/ml/input/data/train") + "_0", "rb").read()
at, records = 0, []
while at < len(data):
    magic, length = struct.unpack_from("<II", data, at)
    records.append(data[at + 8 : at + 8 + length])
    at += 8 + (length + 3) // 4 * 4
pairs = list(zip(records[0::2], records[1::2]))
print("pairs=%d labels=%s png=%s" % (
    len(pairs), sorted(int(label) for _, label in pairs), all(image[:4] == b"\\x89PNG" for image, _ in pairs)))
"""


@pytest.mark.slow
def test_what_people_labelled_trains_a_job_is_exported_imported_and_verified(
    home_path: Path, picture: Any, tmp_path: Path
) -> None:
    import clary
    from clary.sdk import storage
    from clary.sdk.api import call, role, training_image
    from clary.sdk.packing import sourcedir

    (tmp_path / "in").mkdir()
    for number in range(4):
        (tmp_path / "in" / f"a {number}.png").hardlink_to(picture("x").file)
    job = clary.label(tmp_path / "in", ["cat", "dog"], name="pets")
    _until_it_runs(job)
    for item in job.canvas_call("next", {"n": 4, "have": []})["items"]:
        answer = {"label": ["cat", "dog"][item["id"] % 2]}
        act = {"action": "answer", "object": item["id"], "answer": answer, "nonce": str(item["id"])}
        job.canvas_call("act", act)
    job.wait()
    dataset = job.to_dataset()
    assert (len(dataset), dataset.classes, [target for _, target in dataset]) == (
        4,
        ["cat", "dog"],
        [0, 1, 0, 1],
    )

    (tmp_path / "train.py").write_text(TRAIN)
    code = storage.put(
        storage.default_bucket(), "code/sourcedir.tar.gz", sourcedir(tmp_path / "train.py", None)
    )
    source = {
        "S3DataType": "AugmentedManifestFile",
        "S3Uri": job.manifest,
        "AttributeNames": ["source-ref", job.attribute],
    }
    call(
        "CreateTrainingJob",
        TrainingJobName="aug",
        AlgorithmSpecification={"TrainingImage": training_image(), "TrainingInputMode": "Pipe"},
        HyperParameters={"sagemaker_program": "train.py", "sagemaker_submit_directory": code},
        InputDataConfig=[
            {"ChannelName": "train", "RecordWrapperType": "RecordIO", "DataSource": {"S3DataSource": source}}
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{storage.default_bucket()}/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 100},
        RoleArn=role(),
    )
    training = clary.TrainingJob("aug").wait()
    assert "pairs=4 labels=[0, 0, 1, 1] png=True" in str(training.logs())

    out = job.export("folder", tmp_path / "out")
    assert sorted(one.relative_to(out).as_posix() for one in out.rglob("*.png")) == [
        "cat/a 0.png", "cat/a 2.png", "dog/a 1.png", "dog/a 3.png",
    ]  # fmt: skip
    found = clary.import_labels(out)
    check = clary.label(found.manifest, ["good", "bad"], verify=found.attribute, task="image-classification")
    _until_it_runs(check)
    (item,) = check.canvas_call("next", {"n": 1, "have": []})["items"]
    assert item["prelabel"]["label"] in ("cat", "dog")
    check.stop()


def _until_it_runs(job: Any) -> None:
    import time

    end = time.monotonic() + 60
    while job.status == "Initializing":
        assert time.monotonic() < end
        time.sleep(0.1)
    assert job.status == "InProgress", job.describe()
