"""SageMaker's SDK 2, unchanged: estimators train, attach, log and fail as on SageMaker."""

from __future__ import annotations

from tests.sdks.user import User

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6"
START = """
import json, os, sagemaker
from sagemaker.inputs import TrainingInput
role = os.environ["ROLE"]
session = sagemaker.Session()
image = "%s"
""" % IMAGE


def test_an_estimator_fits_with_several_channels_and_prints_the_log_once_in_order(v2: User) -> None:
    v2.write(
        "code/train.py",
        """
        import argparse, json, os, sys
        import helper
        parser = argparse.ArgumentParser()
        for name, kind in {"epochs": int, "lr": float, "name": str, "sizes": str, "flag": str, "options": str}.items():
            parser.add_argument("--" + name, type=kind)
        values = vars(parser.parse_args())
        print("arguments", json.dumps(values))
        for number in range(200):
            print("line", number, file=sys.stderr if number % 2 else sys.stdout, flush=True)
        print("loss=0.25;")
        for channel in json.loads(os.environ["SM_CHANNELS"]):
            folder = os.environ["SM_CHANNEL_" + channel.upper()]
            print("channel", channel, sorted(os.listdir(folder)))
        print("content", json.loads(os.environ["SM_INPUT_DATA_CONFIG"])["train"]["ContentType"])
        print("helper", helper.VALUE, os.environ["GREETING"])
        with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w") as file:
            file.write("a model")
        with open(os.path.join(os.environ["SM_OUTPUT_DATA_DIR"], "report.txt"), "w") as file:
            file.write("a report")
        """,
    )
    v2.write("dependency/helper.py", "VALUE = 42\n")
    v2.write("data/train/a.csv", "1,2\n")
    v2.write("data/test/b.csv", "3,4\n")
    ran = v2.run(
        START
        + """
from sagemaker.estimator import Estimator
train = session.upload_data("data/train", key_prefix="data/train")
estimator = Estimator(
    image_uri=image, role=role, instance_count=1, instance_type="ml.m5.large", entry_point="train.py", source_dir="code",
    dependencies=["dependency/helper.py"], environment={"GREETING": "hello"}, tags=[{"Key": "team", "Value": "blue"}],
    hyperparameters={"epochs": 3, "lr": 0.5, "name": "a b", "sizes": [1, 2], "flag": True, "options": {"b": 1, "a": "x"}},
    metric_definitions=[{"Name": "loss", "Regex": "loss=([0-9.]+);"}], max_run=600,
)
estimator.fit({"train": TrainingInput(train, content_type="text/csv"), "test": TrainingInput("file://" + os.path.abspath("data/test"))})
described = estimator.latest_training_job.describe()
from sagemaker.analytics import TrainingJobAnalytics
attached = Estimator.attach(estimator.latest_training_job.name)
frame = TrainingJobAnalytics(estimator.latest_training_job.name).dataframe()
session.download_data("got", session.default_bucket(), key_prefix="data/train")
print(json.dumps({
    "job": estimator.latest_training_job.name, "data": estimator.model_data, "status": described["TrainingJobStatus"],
    "attached": attached.model_data, "hyperparameters": attached.hyperparameters(), "metrics": frame.to_dict("records"),
    "tags": session.list_tags(described["TrainingJobArn"]), "got": open("got/a.csv").read(), "bucket": session.default_bucket(),
}))
"""
    )
    print(ran.stdout)
    assert 0
