"""The framework estimators of SDK 2: the images that they name, their fit and attach, and a model from fit to predict."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import Server
from tests.sdks.test_v2_estimators import START
from tests.sdks.user import User

from clary.images.layering import layered_environment

TRAIN = """
import argparse, json, os
parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int)
rounds = parser.parse_args().rounds
with open(os.path.join(os.environ["SM_MODEL_DIR"], "seen.json"), "w") as file:
    channels = json.loads(os.environ["SM_CHANNELS"])
    json.dump({"rounds": rounds, "channels": channels, "framework": os.environ["SM_FRAMEWORK_PARAMS"]}, file)
"""
FRAMEWORKS = """
from sagemaker.huggingface import HuggingFace
from sagemaker.pytorch import PyTorch
from sagemaker.sklearn import SKLearn
from sagemaker.xgboost import XGBoost
script = dict(entry_point="train.py", source_dir="code", hyperparameters={"rounds": 3})
estimators = [
    PyTorch(framework_version="2.6.0", py_version="py312", keep_alive_period_in_seconds=60, **script, **common),
    SKLearn(framework_version="1.2-1", **script, **common),
    XGBoost(framework_version="1.7-1", **script, **common),
    HuggingFace(
        transformers_version="4.36.0", pytorch_version="2.1.0", py_version="py310", **script,
        **{**common, "instance_type": "ml.g5.xlarge"},
    ),
]
data = f"s3://{session.default_bucket()}/rows"
session.upload_string_as_file_body("1,2", session.default_bucket(), "rows/a.csv")
"""


def register(user: User, service: Server, image: str, package: str) -> None:
    """Let a virtual environment with a package of this name stand for ``image``, as a user does who has one."""
    folder = user.folder / package
    python = layered_environment(folder)
    wheel = user.wheel("packages", package, "")
    options = ["--quiet", "--no-index", "--disable-pip-version-check"]
    for command in (
        ["-m", "pip", "--python", python, "install", *options, wheel],
        ["-m", "clary.cli", "--home", service.home, "images", "add", image, "--python", python],
    ):
        subprocess.run([sys.executable, *command], check=True, timeout=60)


def test_what_an_image_needs_and_this_machine_lacks_is_said_with_what_helps(v2: User) -> None:
    v2.write("code/train.py", TRAIN)
    ran = v2.run(
        START
        + FRAMEWORKS
        + """
from botocore.exceptions import ClientError
refusals = []
for estimator in estimators[2:]:
    try:
        estimator.fit(data, wait=False)
    except ClientError as error:
        refusals.append(error.response["Error"]["Message"])
print(json.dumps(refusals))
"""
    )
    for refusal, package in zip(ran.result, ("xgboost", "transformers"), strict=True):
        assert package in refusal
        assert "clary images" in refusal


def test_every_framework_fits_and_is_attached_with_its_image_and_hyperparameters(
    v2: User, service: Server
) -> None:
    register(v2, service, "sagemaker-xgboost", "xgboost")
    register(v2, service, "huggingface-pytorch-training", "transformers")
    v2.write("code/train.py", TRAIN)
    ran = v2.run(
        START
        + FRAMEWORKS
        + """
for estimator in estimators:
    estimator.fit({"train": data, "validation": data}, wait=False)
    time.sleep(0.01)  # the SDK's names have a resolution of a millisecond
seen = []
for estimator in estimators:
    wait(estimator)
    attached = type(estimator).attach(estimator.latest_training_job.name)
    model = json.loads(members(attached.model_data)["seen.json"])
    image = estimator.latest_training_job.describe()["AlgorithmSpecification"]["TrainingImage"]
    seen.append([image.split("/")[1].split(":")[0], attached.hyperparameters()["rounds"], attached.entry_point, model])
print(json.dumps([estimators[0].latest_training_job.describe()["WarmPoolStatus"]["Status"], *seen]))
"""
    )
    pool, *seen = ran.result
    assert pool in ("Available", "InUse", "Reused")
    expected = {"rounds": 3, "channels": ["train", "validation"]}
    names = [
        "pytorch-training",
        "sagemaker-scikit-learn",
        "sagemaker-xgboost",
        "huggingface-pytorch-training",
    ]
    for name, (image, rounds, entry_point, model) in zip(names, seen, strict=True):
        assert image == name
        assert rounds == "3"
        assert entry_point == "train.py"
        assert {key: model[key] for key in expected} == expected


def test_a_scikit_learn_model_goes_from_fit_to_predict(v2: User) -> None:
    v2.write(
        "code/train.py",
        """
        import os, joblib, numpy
        from sklearn.linear_model import LinearRegression

        def model_fn(folder):
            return joblib.load(os.path.join(folder, "model.joblib"))

        if __name__ == "__main__":
            rows = numpy.loadtxt(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "rows.csv"), delimiter=",")
            model = LinearRegression().fit(rows[:, 1:], rows[:, 0])
            joblib.dump(model, os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))
        """,
    )
    ran = v2.run(
        START
        + """
import numpy
from sagemaker.sklearn import SKLearn
session.upload_string_as_file_body("1,0\\n3,1\\n5,2\\n", session.default_bucket(), "line/rows.csv")
estimator = SKLearn(entry_point="train.py", source_dir="code", framework_version="1.2-1", **common)
estimator.fit({"train": f"s3://{session.default_bucket()}/line"}, wait=False)
wait(estimator)
predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large", wait=False)
session.sagemaker_client.get_waiter("endpoint_in_service").wait(EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1})
answer = predictor.predict(numpy.array([[3.0], [10.0]]))
predictor.delete_model()
predictor.delete_endpoint(delete_endpoint_config=True)
print(json.dumps([round(float(value), 6) for value in answer]))
"""
    )
    assert ran.result == [7.0, 21.0]
