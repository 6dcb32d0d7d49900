"""The main job with boto3 alone: data and code into a bucket, train, deploy two variants, invoke, update under load, delete.

It knows nothing of Clary: run with the variables that `clary env` prints, or on the clary-python kernel as it is. It prints
one line a step, and "done" at the end.
"""

from __future__ import annotations

import collections
import io
import json
import tarfile
import threading
import time

import boto3
from botocore.config import Config

TRAIN = """
import argparse, csv, json, os
parser = argparse.ArgumentParser()
parser.add_argument("--degree", type=int)
options = parser.parse_args()
rows = [tuple(map(float, row)) for row in csv.reader(open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "line.csv")))]
n = len(rows)
mx, my = sum(x for x, _ in rows) / n, sum(y for _, y in rows) / n
slope = sum((x - mx) * (y - my) for x, y in rows) / sum((x - mx) ** 2 for x, _ in rows)
print(f"slope={slope:.6f}; degree={options.degree}", flush=True)
folder = os.environ["SM_MODEL_DIR"]
json.dump({"slope": slope, "intercept": my - slope * mx}, open(os.path.join(folder, "line.json"), "w"))
os.makedirs(os.path.join(folder, "code"))
open(os.path.join(folder, "code", "inference.py"), "w").write('''
import json, os
def model_fn(model_dir):
    return json.load(open(os.path.join(model_dir, "line.json")))
def predict_fn(data, model):
    return [model["slope"] * x + model["intercept"] for x in data]
''')
"""
ROLE = "arn:aws:iam::000000000000:role/service-role/Anyone"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6-cpu-py311"


def tar(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def train(bucket: str) -> str:
    sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="code/sourcedir.tar.gz", Body=tar(train__py=TRAIN))
    s3.put_object(
        Bucket=bucket, Key="data/line.csv", Body="\n".join(f"{x},{3 * x + 1}" for x in range(10)).encode()
    )
    sagemaker.create_training_job(
        TrainingJobName="line",
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "slope", "Regex": "slope=([0-9.]+)"}],
        },
        HyperParameters={
            "sagemaker_program": json.dumps("train.py"),
            "sagemaker_submit_directory": json.dumps(f"s3://{bucket}/code/sourcedir.tar.gz"),
            "degree": "1",
        },
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/"}},
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        RoleArn=ROLE,
        Tags=[{"Key": "team", "Value": "clary"}],
    )
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="line", WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    job = sagemaker.describe_training_job(TrainingJobName="line")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert abs(job["FinalMetricDataList"][0]["Value"] - 3) < 1e-5, job["FinalMetricDataList"]
    print("trained", [item["Status"] for item in job["SecondaryStatusTransitions"]])
    return str(job["ModelArtifacts"]["S3ModelArtifacts"])


def deploy(artifacts: str) -> None:
    sagemaker = boto3.client("sagemaker")
    for name in ("line-a", "line-b"):
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": artifacts},
        )
    for config, weights in (("one-to-three", (1, 3)), ("all-a", (1, 0))):
        sagemaker.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[
                {
                    "VariantName": name,
                    "ModelName": f"line-{name}",
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                    "InitialVariantWeight": weight,
                }
                for name, weight in zip(("a", "b"), weights, strict=True)
            ],
        )
    sagemaker.create_endpoint(EndpointName="line", EndpointConfigName="one-to-three")
    wait_in_service()
    print("deployed", sagemaker.describe_endpoint(EndpointName="line")["EndpointStatus"])


def wait_in_service() -> None:
    boto3.client("sagemaker").get_waiter("endpoint_in_service").wait(
        EndpointName="line", WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )


def invoke(runtime) -> str:  # type: ignore[no-untyped-def]
    answer = runtime.invoke_endpoint(
        EndpointName="line",
        ContentType="application/json",
        Accept="application/json",
        Body=json.dumps([1.0, 2.0]),
    )
    values = json.loads(answer["Body"].read())
    assert abs(values[0] - 4) < 1e-5, values
    assert abs(values[1] - 7) < 1e-5, values
    return str(answer["InvokedProductionVariant"])


def split() -> None:
    runtime = boto3.client("sagemaker-runtime")
    counts = collections.Counter(invoke(runtime) for _ in range(400))
    assert 80 <= counts["a"] <= 120, counts
    assert counts["a"] + counts["b"] == 400, counts
    print("split", dict(sorted(counts.items())))


def update_under_load() -> None:
    """Four threads invoke without a pause while the endpoint gets another configuration; not one call may fail."""
    sagemaker = boto3.client("sagemaker")
    over, failures, calls = threading.Event(), [], []

    def load() -> None:
        runtime = boto3.client("sagemaker-runtime", config=Config(retries={"max_attempts": 0}))
        while not over.is_set():
            try:
                calls.append(invoke(runtime))
            except Exception as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    sagemaker.update_endpoint(EndpointName="line", EndpointConfigName="all-a")
    wait_in_service()
    time.sleep(1)
    over.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    assert sagemaker.describe_endpoint(EndpointName="line")["EndpointConfigName"] == "all-a"
    assert {invoke(boto3.client("sagemaker-runtime")) for _ in range(20)} == {"a"}
    print("updated under load: no failed call of", "many" if len(calls) > 50 else len(calls))


def look() -> None:
    sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
    names = [
        summary["ModelName"]
        for page in sagemaker.get_paginator("list_models").paginate(PaginationConfig={"PageSize": 1})
        for summary in page["Models"]
    ]
    assert sorted(names) == ["line-a", "line-b"], names
    jobs = sagemaker.list_training_jobs(StatusEquals="Completed", NameContains="li")["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in jobs] == ["line"]
    assert sagemaker.list_tags(ResourceArn=jobs[0]["TrainingJobArn"])["Tags"] == [
        {"Key": "team", "Value": "clary"}
    ]
    logs = boto3.client("logs")
    (stream,) = logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="line/"
    )["logStreams"]
    events = logs.get_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream["logStreamName"], startFromHead=True
    )["events"]
    assert any("slope=3.000000; degree=1" in event["message"] for event in events), events
    assert boto3.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert boto3.client("iam").get_role(RoleName="Anyone")["Role"]["Arn"].startswith("arn:aws:iam::")
    print(
        "listed", len(names), "models;", len(s3.list_objects_v2(Bucket="walkthrough")["Contents"]), "objects"
    )


def delete(bucket: str) -> None:
    sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
    sagemaker.delete_endpoint(EndpointName="line")
    sagemaker.get_waiter("endpoint_deleted").wait(
        EndpointName="line", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    for config in ("one-to-three", "all-a"):
        sagemaker.delete_endpoint_config(EndpointConfigName=config)
    for model in ("line-a", "line-b"):
        sagemaker.delete_model(ModelName=model)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": item["Key"]} for item in page.get("Contents", [])]}
        )
    s3.delete_bucket(Bucket=bucket)
    assert sagemaker.list_models()["Models"] == sagemaker.list_endpoints()["Endpoints"] == []
    print("deleted everything")


def main() -> None:
    artifacts = train("walkthrough")
    deploy(artifacts)
    split()
    update_under_load()
    look()
    delete("walkthrough")
    print("done")


if __name__ == "__main__":
    main()
