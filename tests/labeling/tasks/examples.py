"""The lines of AWS's documents, one a task type, and the settings of jobs that read and write such lines."""

from __future__ import annotations

from typing import Any

from clary.labeling.settings import JobSettings, Label

COMMON = {"type", "job-name", "human-annotated", "creation-date"}

IMAGE = {
    "source-ref": "s3://b/a.jpg", "birds": 9,
    "birds-metadata": {
        "confidence": 0.95, "job-name": "labeling-job/birds", "class-name": "Canary", "human-annotated": "yes",
        "creation-date": "2019-04-18T16:40:59.217995", "type": "groundtruth/image-classification",
    },
}  # fmt: skip
MOOD = {
    "source": "The food was delicious", "mood": "1",
    "mood-metadata": {
        "class-name": "positive", "confidence": 0.8, "type": "groundtruth/text-classification",
        "job-name": "label-sentiment", "human-annotated": "yes", "creation-date": "2020-10-18T22:18:13.527256",
    },
}  # fmt: skip
TAGS = {
    "source-ref": "s3://b/a.jpg", "tags": [1, 0, 8],
    "tags-metadata": {
        "job-name": "labeling-job/tags", "class-map": {"1": "bicycle", "0": "person", "8": "clothing"},
        "human-annotated": "yes", "creation-date": "2020-02-27T21:36:25.000201",
        "confidence-map": {"1": 0.95, "0": 0.77, "8": 0.2}, "type": "groundtruth/image-classification-multilabel",
    },
}  # fmt: skip
BOXES = {
    "source-ref": "s3://b/a.png",
    "boxes": {
        "image_size": [{"width": 500, "height": 400, "depth": 3}],
        "annotations": [
            {"class_id": 0, "left": 111, "top": 134, "width": 61, "height": 128},
            {"class_id": 5, "left": 161, "top": 250, "width": 30, "height": 30},
        ],
    },
    "boxes-metadata": {
        "objects": [{"confidence": 0.8}, {"confidence": 0.9}], "class-map": {"0": "dog", "5": "bone"},
        "type": "groundtruth/object-detection", "human-annotated": "yes", "creation-date": "2018-10-18T22:18:13.527256",
        "job-name": "identify-dogs-and-toys",
    },
}  # fmt: skip
VERDICT = {
    "source-ref": "s3://b/a.png", "verify-boxes": "1",
    "verify-boxes-metadata": {
        "class-name": "bad", "confidence": 0.93, "type": "groundtruth/label-verification", "job-name": "verify-boxes",
        "human-annotated": "yes", "creation-date": "2018-11-20T22:18:13.527256",
        "worker-feedback": [{"comment": "The bounding box on the bird is too wide on the right side."}],
    },
}  # fmt: skip
ENTITIES = {
    "source": "Amazon SageMaker is a cloud machine-learning platform",
    "ner": {
        "annotations": {
            "labels": [{"label": "Date", "shortDisplayName": "dt"}, {"label": "Thing", "shortDisplayName": "tng"}],
            "entities": [{"label": "Thing", "startOffset": 22, "endOffset": 53}],
        }
    },
    "ner-metadata": {
        "job-name": "labeling-job/ner", "type": "groundtruth/text-span", "creation-date": "2020-10-29T00:40:39.398470",
        "human-annotated": "yes", "entities": [{"confidence": 0}],
    },
}  # fmt: skip
STREETS = {
    "source-ref": "s3://b/city.png", "streets-ref": "s3://b/out/0.png",
    "streets-ref-metadata": {
        "internal-color-map": {
            "0": {"class-name": "BACKGROUND", "confidence": 0.9, "hex-color": "#ffffff"},
            "1": {"class-name": "buildings", "confidence": 0.9, "hex-color": "#2acf59"},
        },
        "type": "groundtruth/semantic-segmentation", "human-annotated": "yes",
        "creation-date": "2018-10-18T22:18:13.527256", "job-name": "label-city-streets",
    },
}  # fmt: skip


def settings(task: str, *labels: str, **more: Any) -> JobSettings:
    """A job of this task with these labels."""
    given = {
        "attribute": "label",
        "input_uri": "",
        "output_uri": "s3://bucket/out",
        "workers_per_object": 3,
        **more,
    }
    return JobSettings(
        name="a-job", arn="", task=task, labels=tuple(Label(one) for one in labels or ("cat", "dog")), **given
    )
