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
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
session = Session()
image = "{IMAGE}"
one = Compute(instance_type="ml.m5.large", instance_count=1)

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

def log(name):
    logs = session.boto_session.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    [stream] = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=name)["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)["events"]
    return [event["message"] for event in events]
"""


def test_a_script_trains_with_local_and_s3_inputs_and_its_log_is_shown_once_in_order(v3: User) -> None:
    v3.write(
        "source/train.py",
        """
        import argparse, json, os, sys
        parser = argparse.ArgumentParser()
        for name in ("epochs", "name", "sizes", "flag"):
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
s3 = session.boto_session.client("s3")
s3.put_object(Bucket=session.default_bucket(), Key="remote/c.csv", Body=b"3")
remote = f"s3://{session.default_bucket()}/remote"
trainer = ModelTrainer(
    training_image=image, source_code=SourceCode(source_dir="source", entry_script="train.py"), compute=one,
    hyperparameters={"epochs": 3, "name": "a b", "sizes": [1, 2], "flag": True, "batch-size": 8} and
        {"epochs": 3, "name": "a b", "sizes": [1, 2], "flag": True},
    environment={"GREETING": "hello", "SM_HP_BATCH_SIZE": "none"}, base_job_name="whole",
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600), tags=[Tag(key="team", value="blue")],
)
trainer.train(input_data_config=[
    InputData(channel_name="local", data_source="data", content_type="text/csv"),
    InputData(channel_name="remote", data_source=remote),
    Channel(channel_name="single", input_mode="File", data_source=DataSource(s3_data_source=S3DataSource(
        s3_data_type="S3Prefix", s3_uri="file://" + os.path.abspath("more"), s3_data_distribution_type="FullyReplicated"))),
], wait=True, logs=True)
print("trained")
job = trainer._latest_training_job
print(json.dumps({
    "status": job.training_job_status, "model": members(job.model_artifacts.s3_model_artifacts), "output": members(trainer.output_data),
    "limit": job.stopping_condition.max_runtime_in_seconds, "role": job.role_arn,
    "got": TrainingJob.get(job.training_job_name).training_job_arn == job.training_job_arn,
}))
"""
    )
    print(ran.stdout)
    print(ran.stderr)
    trained = ran.stdout[: ran.stdout.index("\ntrained")]
    assert 0
