"""SageMaker's SDK 2, unchanged: estimators train, log, attach, stop and fail as on SageMaker."""

from __future__ import annotations

import json

from tests.sdks.user import User

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6"
START = f"""
import json, os, sagemaker, tarfile, time
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
session = sagemaker.Session()
common = dict(role=os.environ["ROLE"], instance_count=1, instance_type="ml.m5.large", sagemaker_session=session)
custom = dict(image_uri="{IMAGE}", entry_point="train.py", source_dir="code", **common)

def wait(estimator):
    waiter = session.sagemaker_client.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=estimator.latest_training_job.name, WaiterConfig={{"Delay": 1}})

def members(uri):
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    session.boto_session.client("s3").download_file(bucket, key, "archive.tar.gz")
    with tarfile.open("archive.tar.gz") as tar:
        return {{member.name: tar.extractfile(member).read().decode() for member in tar if member.isfile()}}
"""


def test_an_estimator_fits_with_several_channels_and_prints_its_log_once_in_order(v2: User) -> None:
    v2.write(
        "code/train.py",
        """
        import argparse, json, os, sys
        import helper
        parser = argparse.ArgumentParser()
        for name, kind in {"epochs": int, "lr": float, "name": str, "sizes": str, "flag": str, "options": str}.items():
            parser.add_argument("--" + name, type=kind)
        print("arguments", json.dumps(vars(parser.parse_args())))
        for number in range(200):
            print("line", number, file=sys.stderr if number % 2 else sys.stdout, flush=True)
        for loss in (0.5, 0.25):
            print(f"loss={loss};", flush=True)
        for channel in json.loads(os.environ["SM_CHANNELS"]):
            print("folder", channel, os.listdir(os.environ["SM_CHANNEL_" + channel.upper()]))
        print("type", json.loads(os.environ["SM_INPUT_DATA_CONFIG"])["train"]["ContentType"])
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
train = session.upload_data("data/train", key_prefix="data/train")
estimator = Estimator(
    **custom, dependencies=["dependency/helper.py"], environment={"GREETING": "hello"},
    hyperparameters={"epochs": 3, "lr": 0.5, "name": "a b", "sizes": [1, 2], "flag": True, "options": {"b": 1, "a": "x"}},
    tags=[{"Key": "team", "Value": "blue"}], max_run=600, metric_definitions=[{"Name": "loss", "Regex": "loss=([0-9.]+);"}],
)
estimator.fit({
    "train": TrainingInput(train, content_type="text/csv"), "test": TrainingInput("file://" + os.path.abspath("data/test")),
})
print("fitted")
name = estimator.latest_training_job.name
attached = Estimator.attach(name)
session.download_data("got", session.default_bucket(), key_prefix="data/train")
described = estimator.latest_training_job.describe()
from sagemaker.analytics import TrainingJobAnalytics
frame = TrainingJobAnalytics(name).dataframe()
print(json.dumps({
    "metrics": frame[["metric_name", "value"]].values.tolist(),
    "final": [one["Value"] for one in described["FinalMetricDataList"]],
    "model": members(estimator.model_data), "output": members(estimator.model_data.replace("model.tar", "output.tar")),
    "data": [estimator.model_data, attached.model_data], "epochs": attached.hyperparameters()["epochs"],
    "tags": session.list_tags(described["TrainingJobArn"]), "got": open("got/a.csv").read(),
    "bucket": session.default_bucket(), "role": sagemaker.get_execution_role(),
}))
"""
    )
    fitted = ran.stdout[: ran.stdout.index("\nfitted")]
    assert [line for line in fitted.splitlines() if line.startswith("line ")] == [
        f"line {n}" for n in range(200)
    ]
    assert json.loads(ran.lines("arguments")[0].removeprefix("arguments ")) == {
        "epochs": 3,
        "lr": 0.5,
        "name": "a b",
        "sizes": "[1, 2]",
        "flag": "True",
        "options": "a=x,b=1",
    }
    assert ran.lines("folder ") == ["folder test ['b.csv']", "folder train ['a.csv']"]
    assert ran.lines("type ") == ["type text/csv"]
    assert ran.lines("helper ") == ["helper 42 hello"]
    assert "Completed - Training job completed" in fitted
    assert "Training seconds: " in fitted
    result = ran.result
    assert result["model"] == {"model.txt": "a model"}
    assert result["output"] == {"report.txt": "a report"}
    assert result["data"][0] == result["data"][1]
    assert result["epochs"] == "3"
    # CloudWatch's figures are of minutes: both values, or their mean where they fall into one.
    assert {name for name, _ in result["metrics"]} == {"loss"}
    assert all(0.25 <= value <= 0.5 for _, value in result["metrics"])
    assert result["final"] == [0.25]
    assert result["tags"] == [{"Key": "team", "Value": "blue"}]
    assert result["got"] == "1,2\n"
    assert result["bucket"] == "sagemaker-us-east-1-000000000000"
    assert result["role"] == "arn:aws:iam::000000000000:role/ClaryExecutionRole"


def test_a_failing_script_raises_with_the_reason(v2: User) -> None:
    v2.write("code/train.py", "raise ValueError('the data is upside down')\n")
    ran = v2.run(
        START
        + """
from sagemaker.exceptions import UnexpectedStatusException
estimator = Estimator(**custom)
try:
    estimator.fit(logs=False)
except UnexpectedStatusException as error:
    print(json.dumps({"message": str(error), "status": error.actual_status, "allowed": error.allowed_statuses}))
"""
    )
    assert ran.result["status"] == "Failed"
    assert ran.result["allowed"] == ["Completed", "Stopped"]
    assert "AlgorithmError: ExecuteUserScriptError" in ran.result["message"]
    assert "ValueError: the data is upside down" in ran.result["message"]
    assert "exit code: 1" in ran.result["message"]


def test_a_stopped_job_keeps_its_model_and_one_that_runs_too_long_is_stopped(v2: User) -> None:
    v2.write(
        "code/train.py",
        """
        import os, signal, sys, time
        def save(*_):
            open(os.path.join(os.environ["SM_MODEL_DIR"], "half.txt"), "w").write("saved")
            sys.exit(0)
        signal.signal(signal.SIGTERM, save)
        print("ready", flush=True)
        time.sleep(60)
        """,
    )
    ran = v2.run(
        START
        + """
stopped, late = Estimator(**custom), Estimator(**custom, max_run=2)
stopped.fit(wait=False)
late.fit(wait=False)
while stopped.latest_training_job.describe()["SecondaryStatus"] != "Training":
    time.sleep(0.1)
time.sleep(1)
stopped.latest_training_job.stop()
wait(stopped)
wait(late)
def seen(estimator):
    described = estimator.latest_training_job.describe()
    return [described["TrainingJobStatus"], described["SecondaryStatus"], members(estimator.model_data)]
print(json.dumps([seen(stopped), seen(late)]))
"""
    )
    assert ran.result == [
        ["Stopped", "Stopped", {"half.txt": "saved"}],
        ["Stopped", "MaxRuntimeExceeded", {"half.txt": "saved"}],
    ]


def test_spot_training_restores_its_checkpoints_in_the_next_job(v2: User) -> None:
    v2.write(
        "code/train.py",
        """
        import os
        os.makedirs("/opt/ml/checkpoints", exist_ok=True)
        path = "/opt/ml/checkpoints/epoch"
        epoch = int(open(path).read()) if os.path.exists(path) else 0
        open(path, "w").write(str(epoch + 1))
        open(os.path.join(os.environ["SM_MODEL_DIR"], "epoch"), "w").write(str(epoch))
        """,
    )
    ran = v2.run(
        START
        + """
seen = []
for _ in range(2):
    estimator = Estimator(
        **custom, use_spot_instances=True, max_run=60, max_wait=120, keep_alive_period_in_seconds=None,
        checkpoint_s3_uri=f"s3://{session.default_bucket()}/kept-by-2", base_job_name="spot",
    )
    estimator.fit(wait=False)
    wait(estimator)
    described = estimator.latest_training_job.describe()
    seen.append([members(estimator.model_data)["epoch"], described["EnableManagedSpotTraining"], described["StoppingCondition"]])
print(json.dumps(seen))
"""
    )
    limits = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120}
    assert ran.result == [["0", True, limits], ["1", True, limits]]


def test_under_network_isolation_the_code_comes_through_its_channel_and_there_is_no_network(v2: User) -> None:
    v2.write(
        "code/train.py",
        """
        import os, socket
        print("code", os.listdir("/opt/ml/input/data/code"), os.environ["SM_MODULE_DIR"])
        print("interfaces", [name for _, name in socket.if_nameindex()])
        try:
            socket.create_connection(("192.0.2.1", 80), timeout=3)
        except OSError as error:
            print("refused", error.strerror)
        """,
    )
    ran = v2.run(
        START
        + """
from sagemaker.pytorch import PyTorch
estimator = PyTorch(
    entry_point="train.py", source_dir="code", framework_version="2.6", py_version="py312", enable_network_isolation=True,
    **common,
)
estimator.fit(wait=False)
session.logs_for_job(estimator.latest_training_job.name, wait=True, poll=1)
print(estimator.latest_training_job.describe()["EnableNetworkIsolation"])
"""
    )
    assert ran.stdout.rstrip().endswith("True")
    assert ran.lines("code [") == ["code ['sourcedir.tar.gz'] /opt/ml/input/data/code/sourcedir.tar.gz"]
    assert ran.lines("interfaces") == ["interfaces ['lo']"]
    assert ran.lines("refused") == ["refused Network is unreachable"]


def test_bad_estimators_are_refused_with_awss_words(v2: User) -> None:
    v2.write("code/train.py", "")
    ran = v2.run(
        START
        + """
from botocore.exceptions import ClientError
def refused(fit=None, **values):
    try:
        Estimator(**{**custom, **values}).fit(fit, wait=False)
    except ClientError as error:
        return error.response["Error"]["Message"]
print(json.dumps([
    refused(instance_type="ml.imaginary"),
    refused(role="not a role"),
    refused(metric_definitions=[{"Name": "loss", "Regex": "loss=([0-9"}]),
    refused(hyperparameters={"text": "x" * 300_000}),
]))
""",
    )
    kind, role, regex, large = ran.result
    assert "ml.imaginary" in kind
    assert "enum value set" in kind
    assert "The specified value for roleName is invalid" in role
    assert "The regular expression of metric loss is not valid" in regex
    assert "less than or equal to" in large
