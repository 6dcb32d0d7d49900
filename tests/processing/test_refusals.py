"""What CreateProcessingJob refuses before anything runs, in words that say what was wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Change = Callable[[dict[str, Any]], Any]


def source(**members: Any) -> Change:
    return lambda request: request["ProcessingInputs"][0]["S3Input"].update(members)


def target(**members: Any) -> Change:
    return lambda request: request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"].update(members)


def cluster(**members: Any) -> Change:
    return lambda request: request["ProcessingResources"]["ClusterConfig"].update(members)


def application(**members: Any) -> Change:
    return lambda request: request["AppSpecification"].update(members)


def again(member: str) -> Change:
    def change(request: dict[str, Any]) -> None:
        listed = (
            request["ProcessingInputs"]
            if member == "InputName"
            else request["ProcessingOutputConfig"]["Outputs"]
        )
        listed.append(listed[0])

    return change


def without_entrypoint(request: dict[str, Any]) -> None:
    del request["AppSpecification"]["ContainerEntrypoint"]


def without_local_path(request: dict[str, Any]) -> None:
    del request["ProcessingInputs"][0]["S3Input"]["LocalPath"]


def dataset(request: dict[str, Any]) -> None:
    request["ProcessingInputs"][0] = {
        "InputName": "data",
        "DatasetDefinition": {
            "LocalPath": "/opt/ml/processing/input/x",
            "AthenaDatasetDefinition": {
                "Catalog": "c", "Database": "d", "QueryString": "q", "OutputS3Uri": "s3://bucket/q", "OutputFormat": "JSON",
            },
        },
    }  # fmt: skip


def feature_store(request: dict[str, Any]) -> None:
    request["ProcessingOutputConfig"]["Outputs"][0] = {
        "OutputName": "o",
        "AppManaged": True,
        "FeatureStoreOutput": {"FeatureGroupName": "group"},
    }


REFUSED: list[tuple[Change, str]] = [
    (source(S3Uri="s3://bucket/none/"), r'No S3 objects found under S3 URL "s3://bucket/none/" given in input data\.'),
    (source(S3Uri="s3://gone-bucket/x"), "of input data cannot be used: The specified bucket does not exist"),
    (source(S3DataType="ManifestFile"), "of input data cannot be used: the manifest s3://bucket/data/x is not JSON"),
    (source(LocalPath="/data"), 'The LocalPath "/data" of input data must be a folder below /opt/ml/processing'),
    (source(LocalPath="/opt/ml/processing/../x"), "must be a folder below /opt/ml/processing"),
    (source(LocalPath="/opt/ml/processing/output/o/"), "LocalPath must be unique: .* input data and for output o"),
    (source(S3CompressionType="Gzip"), r"S3CompressionType Gzip \(input data\) can only be used with S3InputMode Pipe"),
    (without_local_path, r"LocalPath is required \(input data\) when AppManaged is False"),
    (lambda request: request["ProcessingInputs"].append({"InputName": "b"}), "b needs exactly one of S3Input and"),
    (again("InputName"), "InputName must be unique in ProcessingInputs: data is there twice"),
    (again("OutputName"), "OutputName must be unique in ProcessingOutputConfig.Outputs: o is there twice"),
    (dataset, r"DatasetDefinition \(input data: AthenaDatasetDefinition\) is not offered by Clary"),
    (feature_store, r"FeatureStoreOutput \(output o\) is not offered by Clary"),
    (target(S3Uri="s3://gone-bucket/x"), "of output o cannot be used: The specified bucket does not exist.*Create the bucket"),
    (target(LocalPath="/tmp/x"), 'The LocalPath "/tmp/x" of output o must be a folder below'),
    (without_entrypoint, "There is nothing to run: .*AppSpecification.ContainerEntrypoint"),
    (application(ImageUri="somebodys/own:1"), "AppSpecification.ImageUri cannot be used.*clary images add"),
    (cluster(InstanceCount=65), "for processing job usage' is 64 Instances"),
    (cluster(InstanceCount=0), "greater than or equal to 1|valid min value: 1"),
    (cluster(InstancePreferences=[{"InstanceType": "ml.m5.large"}]), "exactly one of InstanceType and InstancePreferences"),
    (lambda request: request.update(Environment={"A": "x\0y"}), "the environment variable A holds a NUL"),
    (lambda request: request.update(ExperimentConfig={"ExperimentName": "none"}), "none"),
]  # fmt: skip


def test_every_slip_is_refused_by_name_and_leaves_no_job(processor: Any) -> None:
    uri = processor.put("data/x", "no json")
    for change, said in REFUSED:
        request = processor.request(
            inputs=[processor.given("data", uri)], outputs=[processor.wanted("o", "s3://bucket/out/")]
        )
        change(request)
        with pytest.raises((ClientError, Exception), match=said):
            processor.sagemaker.create_processing_job(**request)
    assert processor.sagemaker.list_processing_jobs()["ProcessingJobSummaries"] == []


def test_instance_preferences_take_the_first(processor: Any) -> None:
    request = processor.request(command=["true"])
    preferences = [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.c5.xlarge"}]
    request["ProcessingResources"]["ClusterConfig"] = {
        "InstanceCount": 1, "InstancePreferences": preferences, "VolumeSizeInGB": 1,
    }  # fmt: skip
    processor.sagemaker.create_processing_job(**request)
    config = processor.completed()["ProcessingResources"]["ClusterConfig"]
    assert (config["SelectedInstanceType"], config["SelectedInstanceCount"]) == ("ml.m5.large", 1)
    assert config["InstancePreferences"] == preferences
