"""SageMaker's SDK 3, unchanged: ModelTrainer with every kind of source, input and hyperparameters."""

from __future__ import annotations

import json

from tests.sdks.user import User

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6"
START = f"""
import json, logging, os, sys, tarfile, time
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import TrainingJob
from sagemaker.core.shapes import Channel, CheckpointConfig, DataSource, OutputDataConfig, S3DataSource, StoppingCondition, Tag
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, Networking, SourceCode
session = Session()
common = dict(
    training_image="{IMAGE}", compute=Compute(instance_type="ml.m5.large", instance_count=1), sagemaker_session=session,
)

def finished(trainer):
    job = trainer._latest_training_job
    while job.refresh().training_job_status in ("InProgress", "Stopping"):
        time.sleep(0.2)
    return job

def members(uri):
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    session.boto_session.client("s3").download_file(bucket, key, "archive.tar.gz")
    with tarfile.open("archive.tar.gz") as tar:
        return {{member.name: tar.extractfile(member).read().decode() for member in tar if member.isfile()}}

def model(trainer):
    return members(finished(trainer).model_artifacts.s3_model_artifacts)
"""


def test_a_script_trains_with_local_and_s3_inputs_and_its_log_is_shown_once_in_order(v3: User) -> None:
    v3.write(
        "source/train.py",
        """
        import argparse, json, os
        parser = argparse.ArgumentParser()
        for name in ("epochs", "name", "sizes", "flag", "batch-size"):
            parser.add_argument("--" + name)
        print("arguments", json.dumps(vars(parser.parse_args())))
        for number in range(100):
            print("line", number, flush=True)
        for channel in ("local", "remote", "single"):
            print("folder", channel, os.listdir(os.environ["SM_CHANNEL_" + channel.upper()]))
        print("here", os.getcwd(), os.environ["SM_SOURCE_DIR"], os.environ["GREETING"], os.environ["SM_HP_BATCH_SIZE"])
        open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w").write("a model")
        open(os.path.join(os.environ["SM_OUTPUT_DATA_DIR"], "report.txt"), "w").write("a report")
        """,
    )
    v3.write("data/a.csv", "1\n")
    v3.write("more/b.csv", "2\n")
    ran = v3.run(
        START
        + """
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
session.boto_session.client("s3").put_object(Bucket=session.default_bucket(), Key="remote/c.csv", Body=b"3")
trainer = ModelTrainer(
    **common, source_code=SourceCode(source_dir="source", entry_script="train.py"), base_job_name="whole",
    hyperparameters={"epochs": 3, "name": "a b", "sizes": [1, 2], "flag": True, "batch-size": 8},
    environment={"GREETING": "hello"}, tags=[Tag(key="team", value="blue")],
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
)
trainer.train(input_data_config=[
    InputData(channel_name="local", data_source="data", content_type="text/csv"),
    InputData(channel_name="remote", data_source=f"s3://{session.default_bucket()}/remote"),
    Channel(channel_name="single", input_mode="File", data_source=DataSource(s3_data_source=S3DataSource(
        s3_data_type="S3Prefix", s3_uri="file://" + os.path.abspath("more"), s3_data_distribution_type="FullyReplicated"))),
], wait=True, logs=True)
print("trained")
job = trainer._latest_training_job
tags = session.sagemaker_client.list_tags(ResourceArn=job.training_job_arn)["Tags"]
print(json.dumps({
    "status": job.training_job_status, "model": model(trainer), "output": members(trainer.output_data),
    "limit": job.stopping_condition.max_runtime_in_seconds, "role": job.role_arn, "tags": tags,
    "got": TrainingJob.get(job.training_job_name).training_job_arn == job.training_job_arn,
}))
"""
    )
    trained = ran.stdout[: ran.stdout.index("\ntrained")]
    assert [line for line in trained.splitlines() if line.startswith("line ")] == [
        f"line {n}" for n in range(100)
    ]
    assert json.loads(ran.lines("arguments {")[0].removeprefix("arguments ")) == {
        "epochs": "3",
        "name": "a b",
        "sizes": "[1, 2]",
        "flag": "true",
        "batch_size": "8",
    }
    assert ran.lines("folder ") == [
        "folder local ['a.csv']",
        "folder remote ['c.csv']",
        "folder single ['b.csv']",
    ]
    assert ran.lines("here ") == ["here /opt/ml/input/data/code /opt/ml/input/data/code hello 8"]
    assert ran.result == {
        "status": "Completed",
        "model": {"model.txt": "a model"},
        "output": {"report.txt": "a report"},
        "limit": 600,
        "role": "arn:aws:iam::000000000000:role/ClaryExecutionRole",
        "tags": [{"Key": "team", "Value": "blue"}],
        "got": True,
    }


def test_hyperparameters_come_from_json_and_yaml_files_and_scripts_may_be_shell(v3: User) -> None:
    v3.write("source/train.py", "import os, sys\nopen('/opt/ml/model/args', 'w').write(repr(sys.argv[1:]))\n")
    v3.write("source/train.sh", "echo shell $SM_HP_EPOCHS > $SM_MODEL_DIR/args\n")
    v3.write("values.json", json.dumps({"epochs": 3, "options": {"a": [1, None]}, "text": "ünï"}))
    v3.write("values.yaml", "epochs: 4\nrate: 0.5\nname: a b\n")
    ran = v3.run(
        START
        + """
seen = []
for file, script in ("values.json", "train.py"), ("values.yaml", "train.py"), ("values.yaml", "train.sh"):
    trainer = ModelTrainer(
        **common, source_code=SourceCode(source_dir="source", entry_script=script), hyperparameters=file,
        base_job_name=f"from-{file[-4:]}-{script[-2:]}",
    )
    trainer.train(wait=False)
    seen.append(trainer)
print(json.dumps([model(trainer)["args"] for trainer in seen]))
"""
    )
    assert ran.result == [
        repr(["--epochs", "3", "--options", '{"a": [1, null]}', "--text", "ünï"]),
        repr(["--epochs", "4", "--rate", "0.5", "--name", "a b"]),
        "shell 4\n",
    ]


def test_a_command_runs_instead_of_a_script_with_its_arguments_quoted_once(v3: User) -> None:
    v3.write("source/any.sh", 'printf "%s|" "$@" > /opt/ml/model/args; pwd >> /opt/ml/model/args\n')
    ran = v3.run(
        START
        + """
trainer = ModelTrainer(**common, source_code=SourceCode(
    source_dir="source", command="bash any.sh first", args=["a b", "$HOME", "it's"], ignore_patterns=["*.tmp"],
))
trainer.train(wait=False)
print(json.dumps(model(trainer)["args"]))
"""
    )
    assert ran.result == "first|a b|$HOME|it's|/opt/ml/input/data/code\n"


def test_requirements_are_installed_for_the_job_alone(v3: User) -> None:
    v3.wheel("source", "sdk_own", "VALUE = 42\n")
    v3.write("source/requirements.txt", "./sdk_own-1.2-py3-none-any.whl\n")
    v3.write(
        "source/train.py",
        "import sdk_own\nopen('/opt/ml/model/value', 'w').write(f'{sdk_own.VALUE} {sdk_own.__file__}')\n",
    )
    v3.write("source/look.py", "import sdk_own\n")
    v3.write("source/self.sh", "pip install ./*.whl && python -c 'import sdk_own' && exit 7\n")
    ran = v3.run(
        START
        + """
with_them = ModelTrainer(
    **common, source_code=SourceCode(source_dir="source", entry_script="train.py", requirements="requirements.txt"),
)
with_them.train(wait=False)
value = model(with_them)["value"]
by_itself = ModelTrainer(**common, source_code=SourceCode(source_dir="source", command="bash self.sh"))
by_itself.train(wait=False)
itself = finished(by_itself)
without = ModelTrainer(**common, source_code=SourceCode(source_dir="source", entry_script="look.py"))
without.train(wait=False)
failed = finished(without)
print(json.dumps([value, itself.failure_reason, failed.training_job_status, failed.failure_reason]))
"""
    )
    value, itself, status, reason = ran.result
    assert value.startswith("42 ")
    assert "site-packages/sdk_own.py" in value
    assert itself.endswith("exit code: 7")
    assert status == "Failed"
    assert "No module named 'sdk_own'" in reason


def test_a_failing_job_raises_with_its_reason_and_a_stopped_one_keeps_its_model(v3: User) -> None:
    v3.write("source/fail.py", "raise ValueError('upside down')\n")
    v3.write(
        "source/slow.py",
        """
        import os, signal, sys, time
        def save(*_):
            open("/opt/ml/model/half", "w").write("saved")
            sys.exit(0)
        signal.signal(signal.SIGTERM, save)
        time.sleep(60)
        """,
    )
    ran = v3.run(
        START
        + """
import datetime
from sagemaker.core.utils.exceptions import FailedStatusError
begun = datetime.datetime.now(datetime.UTC)
failing = ModelTrainer(**common, source_code=SourceCode(source_dir="source", entry_script="fail.py"))
slow = ModelTrainer(**common, source_code=SourceCode(source_dir="source", command="exec python slow.py"), base_job_name="slow")
late = ModelTrainer(
    **common, source_code=SourceCode(source_dir="source", command="exec python slow.py"), base_job_name="late",
    stopping_condition=StoppingCondition(max_runtime_in_seconds=3),
)
slow.train(wait=False)
late.train(wait=False)
try:
    failing.train(wait=True, logs=False)
except FailedStatusError as error:
    message = str(error)
slow._latest_training_job.stop()
states = [[finished(one).training_job_status, one._latest_training_job.secondary_status] for one in (slow, late)]
stopped = TrainingJob.get_all(status_equals="Stopped", creation_time_after=begun)
print(json.dumps([message, states, model(slow), sorted(job.training_job_name.split("-")[0] for job in stopped)]))
"""
    )
    message, states, kept, stopped = ran.result
    assert "Failed" in message
    assert "ValueError: upside down" in message
    assert states == [["Stopped", "Stopped"], ["Stopped", "MaxRuntimeExceeded"]]
    assert kept == {"half": "saved"}
    assert stopped == ["late", "slow"]


def test_checkpoints_outputs_and_networking_are_the_users_choice(v3: User) -> None:
    v3.write(
        "source/train.py",
        """
        import os, socket
        os.makedirs("/opt/ml/checkpoints", exist_ok=True)
        path = "/opt/ml/checkpoints/epoch"
        epoch = int(open(path).read()) if os.path.exists(path) else 0
        open(path, "w").write(str(epoch + 1))
        open("/opt/ml/model/seen", "w").write(f"{epoch} {[name for _, name in socket.if_nameindex()]}")
        """,
    )
    ran = v3.run(
        START
        + """
seen = []
for _ in range(2):
    trainer = ModelTrainer(
        **{**common, "compute": Compute(instance_type="ml.m5.large", instance_count=1, enable_managed_spot_training=True)},
        source_code=SourceCode(source_dir="source", entry_script="train.py"),
        networking=Networking(enable_network_isolation=True),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=60, max_wait_time_in_seconds=90),
        checkpoint_config=CheckpointConfig(s3_uri=f"s3://{session.default_bucket()}/kept-by-3"), base_job_name="kept",
        output_data_config=OutputDataConfig(s3_output_path="file://" + os.path.abspath("out")),
    )
    trainer.train(wait=False)
    job = finished(trainer)
    with tarfile.open(job.model_artifacts.s3_model_artifacts.removeprefix("file://")) as tar:
        seen.append(tar.extractfile("seen").read().decode())
    time.sleep(1)  # the SDK's names have a resolution of a second
print(json.dumps([seen, job.enable_network_isolation, os.listdir("out/" + job.training_job_name + "/output")]))
"""
    )
    seen, isolated, output = ran.result
    assert seen == ["0 ['lo']", "1 ['lo']"]
    assert isolated is True
    assert output == ["model.tar.gz"]


def test_what_is_wrong_is_said_in_the_users_terms(v3: User) -> None:
    v3.write("source/train.py", "print('hello')\n")
    v3.write("source/needs.py", "import package_that_is_nowhere\n")
    v3.write("source/requirements.txt", "package-that-is-nowhere-at-all==9.9\n--no-index\n")
    ran = v3.run(
        START
        + """
from botocore.exceptions import ClientError
def reason(**source):
    trainer = ModelTrainer(**common, source_code=SourceCode(source_dir="source", **source))
    try:
        trainer.train(wait=False)
    except ClientError as error:
        return error.response["Error"]["Message"]
    return finished(trainer).failure_reason
def nothing():
    trainer = ModelTrainer(**common, source_code=SourceCode(source_dir="source", entry_script="train.py"))
    try:
        trainer.train([InputData(channel_name="none", data_source=f"s3://{session.default_bucket()}/no/such")], wait=False)
    except ClientError as error:
        return error.response["Error"]["Message"]
print(json.dumps([
    reason(entry_script="needs.py"), reason(entry_script="train.py", requirements="requirements.txt"),
    reason(command="no-such-program now"), nothing(),
]))
"""
    )
    package, requirements, command, nothing = ran.result
    assert "No module named 'package_that_is_nowhere'" in package
    assert "package-that-is-nowhere-at-all" in requirements
    assert "no-such-program: command not found" in command
    assert "No S3 objects found under S3 URL" in nothing
    assert "no/such" in nothing
    assert "(channel none)" in nothing
