"""SageMaker's operations as a boto3 user meets them: what they accept, what they refuse and in which words."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import clary

ROLE = "arn:aws:iam::000000000000:role/service-role/Anyone"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6"


@pytest.fixture
def sagemaker(home: Any) -> Any:
    """boto3 through the in-process door, with a bucket named "bucket" that holds a script, data and a model."""
    clary.attach()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("train.py"))
    s3.put_object(Bucket="bucket", Key="code.tar.gz", Body=buffer.getvalue())
    s3.put_object(Bucket="bucket", Key="model.tar.gz", Body=buffer.getvalue())
    s3.put_object(Bucket="bucket", Key="data/x.csv", Body=b"1,2")
    return boto3.client("sagemaker")


def job_request(**changes: Any) -> dict[str, Any]:
    request: dict[str, Any] = {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "s3://bucket/code.tar.gz",
        },
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "RoleArn": ROLE,
    }
    return {key: value for key, value in {**request, **changes}.items() if value is not None}


def channel(**source: Any) -> list[dict[str, Any]]:
    s3 = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/", **source}
    return [{"ChannelName": "train", "DataSource": {"S3DataSource": s3}}]


def refused(call: Any, code: str = "ValidationException", **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(caught.value.response["Error"]["Message"])


@pytest.mark.parametrize("name", ["-a", "a_b", "a" * 64, "ä"])
def test_a_malformed_name_is_refused_before_anything_happens(sagemaker: Any, name: str) -> None:
    message = refused(sagemaker.create_training_job, **job_request(TrainingJobName=name))
    assert "trainingJobName" in message
    assert "failed to satisfy constraint" in message
    assert sagemaker.list_training_jobs()["TrainingJobSummaries"] == []


GROUP = {"InstanceGroupName": "a", "InstanceType": "ml.m5.large", "InstanceCount": 1}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"OutputDataConfig": {"S3OutputPath": "s3://none/out"}}, "none"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://bucket/../out"}}, "S3OutputPath"),
        ({"InputDataConfig": channel(S3Uri="s3://bucket/nothing/")}, "No S3 objects found under S3 URL"),
        ({"InputDataConfig": channel(S3Uri="s3://none/x")}, "s3://none/x"),
        ({"InputDataConfig": channel(S3Uri="s3://bucket/../../etc/passwd")}, "channel train"),
        ({"InputDataConfig": channel(S3DataType="ManifestFile")}, "There is no manifest at"),
        ({"InputDataConfig": channel() * 2}, "unique"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "TrainingImage"),
        ({"AlgorithmSpecification": None}, "AlgorithmSpecification"),
        ({"HyperParameters": None}, "nothing to run"),
        ({"HyperParameters": {"sagemaker_program": "x.py"}}, "sagemaker_submit_directory"),
        (
            {"HyperParameters": {"sagemaker_program": "x.py", "sagemaker_submit_directory": '"s3://bucket/no.tar.gz"'}},
            "Upload the sourcedir.tar.gz first",
        ),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 0, "VolumeSizeInGB": 1}}, "at least 1"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceGroups": [GROUP], "VolumeSizeInGB": 1}}, "both"),
        ({"ResourceConfig": {"InstanceGroups": [GROUP, GROUP], "VolumeSizeInGB": 1}}, "must be unique"),
        ({"ResourceConfig": {"InstanceType": "ml.none", "InstanceCount": 1, "VolumeSizeInGB": 1}}, "instanceType"),
        ({"CheckpointConfig": {"S3Uri": "s3://bucket/c", "LocalPath": "/etc"}}, "below /opt/ml"),
        ({"EnableManagedSpotTraining": True}, "MaxWaitTimeInSeconds"),
        ({"RoleArn": "arn:aws:iam::12:role/x"}, "roleArn"),
        ({"Tags": [{"Key": "aws:x", "Value": "1"}]}, "aws:"),
        ({"Tags": [{"Key": "x", "Value": "1"}, {"Key": "x", "Value": "2"}]}, "Duplicate"),
    ],
)  # fmt: skip
def test_a_job_that_cannot_work_is_refused_with_the_reason(
    sagemaker: Any, changes: dict[str, Any], said: str
) -> None:
    assert said in refused(sagemaker.create_training_job, **job_request(**changes))
    assert sagemaker.list_training_jobs()["TrainingJobSummaries"] == []


@pytest.mark.parametrize(("regex", "said"), [("loss=(", "not valid"), ("loss", "group")])
def test_a_metric_expression_that_cannot_work_is_refused(sagemaker: Any, regex: str, said: str) -> None:
    algorithm = {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "loss", "Regex": regex}],
    }
    assert said in refused(sagemaker.create_training_job, **job_request(AlgorithmSpecification=algorithm))


def test_a_job_is_described_as_it_was_asked_for(sagemaker: Any) -> None:
    request = job_request(
        Environment={"A": "b"}, InputDataConfig=channel(), Tags=[{"Key": "k", "Value": "v"}]
    )
    arn = sagemaker.create_training_job(**request)["TrainingJobArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:000000000000:training-job/job"
    job = sagemaker.describe_training_job(TrainingJobName="job")
    for member in ("HyperParameters", "Environment", "ResourceConfig", "StoppingCondition", "RoleArn"):
        assert job[member] == request[member]
    assert job["OutputDataConfig"]["KmsKeyId"] == ""
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://bucket/out/job/output/model.tar.gz"
    assert "VpcConfig" not in job
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="job")


def test_a_taken_name_is_refused_whatever_its_case(sagemaker: Any) -> None:
    sagemaker.create_training_job(**job_request())
    assert "already exists" in refused(sagemaker.create_training_job, "ResourceInUse", **job_request())
    assert "already exists" in refused(
        sagemaker.create_training_job, "ResourceInUse", **job_request(TrainingJobName="JOB")
    )
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="job")


def test_a_job_that_is_over_cannot_be_stopped(sagemaker: Any) -> None:
    sagemaker.create_training_job(**job_request())
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="job")
    assert "is in status Completed" in refused(sagemaker.stop_training_job, TrainingJobName="job")


def test_what_is_not_there_could_not_be_found(sagemaker: Any) -> None:
    for call, member in (
        (sagemaker.describe_training_job, "TrainingJobName"),
        (sagemaker.stop_training_job, "TrainingJobName"),
        (sagemaker.describe_model, "ModelName"),
        (sagemaker.delete_model, "ModelName"),
        (sagemaker.describe_endpoint_config, "EndpointConfigName"),
        (sagemaker.delete_endpoint_config, "EndpointConfigName"),
        (sagemaker.describe_endpoint, "EndpointName"),
        (sagemaker.delete_endpoint, "EndpointName"),
    ):
        assert "could not find" in refused(call, **{member: "nothing"}).lower()
    arn = "arn:aws:sagemaker:us-east-1:000000000000:model/nothing"
    assert "Could not find model" in refused(sagemaker.list_tags, ResourceArn=arn)
    assert "can be tagged" in refused(sagemaker.list_tags, ResourceArn=arn.replace("model/", "app/"))


def model_request(**container: Any) -> dict[str, Any]:
    return {
        "ModelName": "m",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz", **container},
    }


def test_a_model_comes_back_as_it_was_made(sagemaker: Any) -> None:
    request = model_request(Environment={"SAGEMAKER_PROGRAM": "inference.py"})
    sagemaker.create_model(**request)
    model = sagemaker.describe_model(ModelName="m")
    assert model["PrimaryContainer"] == request["PrimaryContainer"]
    assert not model["EnableNetworkIsolation"]
    assert "Cannot create already existing model" in refused(sagemaker.create_model, **request)
    sagemaker.delete_model(ModelName="m")
    assert sagemaker.list_models()["Models"] == []


@pytest.mark.parametrize(
    ("container", "said"),
    [
        (
            {"ModelDataUrl": "s3://bucket/none.tar.gz"},
            "Could not access model data at s3://bucket/none.tar.gz",
        ),
        ({"ModelDataUrl": "s3://none/model.tar.gz"}, "bucket"),
        ({"ModelDataUrl": "s3://bucket/../../secret"}, "Could not access model data"),
        ({"Mode": "MultiModel"}, "MultiModel is not offered"),
    ],
)
def test_a_model_that_cannot_work_is_refused(sagemaker: Any, container: dict[str, Any], said: str) -> None:
    assert said in refused(sagemaker.create_model, **model_request(**container))


def variant(name: str = "v", **changes: Any) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": "m",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        **changes,
    }


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        ([variant(), variant()], "unique"),
        (
            [variant(ModelName="none")],
            'Could not find model "arn:aws:sagemaker:us-east-1:000000000000:model/none"',
        ),
        ([variant(InitialVariantWeight=0)], "above 0"),
        ([{"VariantName": "v", "ModelName": "m"}], "InitialInstanceCount"),
        ([variant(AcceleratorType="ml.eia2.medium")], "not offered"),
        ([variant(InstanceType="ml.none")], "instanceType"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(sagemaker: Any, variants: list[Any], said: str) -> None:
    sagemaker.create_model(**model_request())
    message = refused(sagemaker.create_endpoint_config, EndpointConfigName="c", ProductionVariants=variants)
    assert said in message


def test_an_endpoint_needs_its_configuration_and_its_models(sagemaker: Any) -> None:
    assert "Could not find endpoint configuration" in refused(
        sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="none"
    )
    sagemaker.create_model(**model_request())
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant()])
    sagemaker.delete_model(ModelName="m")
    assert "Could not find model" in refused(
        sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="c"
    )
    assert sagemaker.list_endpoints()["Endpoints"] == []


def test_tags_go_with_the_resource(sagemaker: Any) -> None:
    arn = sagemaker.create_model(**model_request(), Tags=[{"Key": "a", "Value": "1"}])["ModelArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    assert "at most 50" in refused(sagemaker.add_tags, ResourceArn=arn, Tags=many)
    sagemaker.delete_model(ModelName="m")
    sagemaker.create_model(**model_request())
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_lists_are_paged_filtered_and_sorted(sagemaker: Any) -> None:
    for number in range(25):
        sagemaker.create_model(**{**model_request(), "ModelName": f"model-{number:02}"})
    assert len(sagemaker.list_models()["Models"]) == 10
    pages = list(
        sagemaker.get_paginator("list_models").paginate(SortBy="Name", SortOrder="Ascending", MaxResults=7)
    )
    names = [model["ModelName"] for page in pages for model in page["Models"]]
    assert names == [f"model-{number:02}" for number in range(25)]
    assert [len(page["Models"]) for page in pages] == [7, 7, 7, 4]
    found = sagemaker.list_models(NameContains="L-1", MaxResults=100)["Models"]
    assert len(found) == 10
    assert (
        sagemaker.list_models(CreationTimeBefore=found[0]["CreationTime"].replace(year=2000))["Models"] == []
    )
    assert "NextToken" in refused(sagemaker.list_models, NextToken="never given out")
    assert "maxResults" in refused(sagemaker.list_models, MaxResults=101)


def test_an_operation_that_clary_lacks_is_refused_by_name(sagemaker: Any) -> None:
    message = refused(sagemaker.list_domains, "UnknownOperationException")
    assert "ListDomains" in message


def test_a_quoted_program_is_the_same_as_a_plain_one(sagemaker: Any) -> None:
    quoted = {
        "sagemaker_program": json.dumps("train.py"),
        "sagemaker_submit_directory": json.dumps("s3://bucket/code.tar.gz"),
    }
    sagemaker.create_training_job(**job_request(HyperParameters=quoted))
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="job")
    assert sagemaker.describe_training_job(TrainingJobName="job")["TrainingJobStatus"] == "Completed"
