"""Training jobs, models and endpoints for the pages to show, made with unmodified boto3."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

BUCKET = "digits"

# Prints metrics for `--epochs` times `--pause` seconds; quick to start, since it imports nothing.
TRAIN = """
import argparse, json, math, os, sys, time
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--pause", type=float, default=0.25)
parser.add_argument("--fail", default="")
given, _ = parser.parse_known_args()
print("Training on", os.environ.get("SM_CHANNEL_TRAIN", "nothing"), flush=True)
for epoch in range(1, given.epochs + 1):
    time.sleep(given.pause)
    loss = 2.3 * math.exp(-epoch / 5) + 0.08 + 0.03 * math.sin(epoch * 2.1)
    print(f"epoch {epoch}: train_loss={loss:.4f} validation_loss={loss * 1.12 + 0.04:.4f} "
          f"accuracy={1 - 0.9 * math.exp(-epoch / 4):.4f}", flush=True)
if given.fail:
    raise ValueError(given.fail)
with open(os.path.join(os.environ["SM_MODEL_DIR"], "weights.json"), "w") as file:
    json.dump([0.1, 0.2], file)
"""

# Answers with the sum of each row.
INFERENCE = """
import json
def model_fn(model_dir):
    return "sums"
def input_fn(body, content_type):
    if content_type != "application/json":
        raise ValueError(f"only JSON, not {content_type}")
    return json.loads(body)
def predict_fn(rows, model):
    return [sum(row) for row in rows]
def output_fn(prediction, accept):
    return json.dumps({"sums": prediction}), "application/json"
"""

METRICS = [
    {"Name": "train:loss", "Regex": r"train_loss=([0-9.]+)"},
    {"Name": "validation:loss", "Regex": r"validation_loss=([0-9.]+)"},
    {"Name": "accuracy", "Regex": r"accuracy=([0-9.]+)"},
]
IMAGE = "clary/python"
ROLE = "arn:aws:iam::000000000000:role/clary"


def packed(**files: str) -> bytes:
    """A .tar.gz of files; in a name two underscores are a slash, `_py` and `_nb` suffixes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("__", "/").replace("_py", ".py").replace("_nb", ".ipynb"))
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def make_bucket(s3: Any) -> None:
    """The bucket with the scripts and a little data, once."""
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="code/sourcedir.tar.gz", Body=packed(train_py=TRAIN))
    s3.put_object(Bucket=BUCKET, Key="data/train/digits.csv", Body=b"1,2,3\n" * 100)
    s3.put_object(Bucket=BUCKET, Key="models/sums.tar.gz", Body=packed(code__inference_py=INFERENCE))


def train(sagemaker: Any, name: str, **hyperparameters: Any) -> None:
    """Start a training job of TRAIN."""
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": METRICS,
        },
        RoleArn=ROLE,
        HyperParameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{BUCKET}/code/sourcedir.tar.gz",
            **{key: str(value) for key, value in hyperparameters.items()},
        },
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/train/"}
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/output"},
        ResourceConfig={"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )


def make_model(sagemaker: Any, name: str) -> None:
    """A model of INFERENCE."""
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": f"s3://{BUCKET}/models/sums.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_REGION": "us-east-1"},
        },
    )


def make_endpoint(sagemaker: Any, name: str, **weights: float) -> None:
    """An endpoint with a variant for each weight, all of the model `name`; does not wait."""
    make_model(sagemaker, name)
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": variant,
                "ModelName": name,
                "InstanceType": "ml.t2.medium",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": weight,
            }
            for variant, weight in (weights or {"AllTraffic": 1.0}).items()
        ],
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def notebook(*cells: str) -> str:
    """A notebook of code cells, as JSON."""
    code = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(cells)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code})
