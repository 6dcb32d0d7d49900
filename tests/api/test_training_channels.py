"""InputDataConfig at CreateTrainingJob: what is wrong with it is said before a job exists, in AWS's words where it has words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import clary
from clary.api.engine import Engine

Refusal = Callable[..., str]
GROUPS = [
    {"InstanceGroupName": name, "InstanceType": "ml.m5.large", "InstanceCount": count}
    for name, count in (("few", 1), ("many", 3))
]


def channel(
    name: str = "train", uri: str = "s3://bucket/d/", kind: str = "S3Prefix", **more: Any
) -> dict[str, Any]:
    inner = ("S3DataDistributionType", "AttributeNames", "InstanceGroupNames", "HubAccessConfig")
    source = {"S3DataType": kind, "S3Uri": uri, **{key: more.pop(key) for key in inner if key in more}}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}


@pytest.fixture
def refusal(engine: Engine) -> Refusal:
    """The message with which a request with these channels is refused; fails the test when it is accepted."""
    clary.attach()
    client, s3 = boto3.client("sagemaker"), boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    for key in ("d/a", "d/b", "marker/"):
        s3.put_object(Bucket="bucket", Key=key, Body=b"" if key.endswith("/") else b"1")

    def refused(*channels: dict[str, Any], mode: str = "File", **resources: Any) -> str:
        for one in channels:
            text = one.pop("text", None)
            if text is not None:
                s3.put_object(Bucket="bucket", Key="m", Body=text)
        with pytest.raises(ClientError) as error:
            client.create_training_job(
                TrainingJobName="job",
                AlgorithmSpecification={
                    "TrainingImage": "clary/python",
                    "TrainingInputMode": mode,
                    "ContainerEntrypoint": ["true"],
                },
                RoleArn="arn:aws:iam::000000000000:role/service-role/Anyone",
                OutputDataConfig={"S3OutputPath": "s3://bucket/out/"},
                ResourceConfig={
                    "VolumeSizeInGB": 1,
                    **(resources or {"InstanceType": "ml.m5.large", "InstanceCount": 1}),
                },
                StoppingCondition={"MaxRuntimeInSeconds": 60},
                InputDataConfig=list(channels),
            )
        assert error.value.response["Error"]["Code"] == "ValidationException"
        assert client.list_training_jobs()["TrainingJobSummaries"] == []
        return str(error.value.response["Error"]["Message"])

    return refused


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_what_only_pipe_mode_does_is_refused_in_the_other_modes(refusal: Refusal, mode: str) -> None:
    assert refusal(channel(CompressionType="Gzip"), mode=mode) == (
        f"Invalid compression type for channel train: {mode} mode only supports NONE, got Gzip instead"
    )
    assert refusal(channel(RecordWrapperType="RecordIO", InputMode=mode), mode="Pipe") == (
        f"Invalid record wrapper type for channel train: {mode} mode only supports NONE, got RecordIO instead"
    )
    assert "AugmentedManifestFile can only be used if the channel's input mode is Pipe" in refusal(
        channel(kind="AugmentedManifestFile", uri="s3://bucket/m", AttributeNames=["a"]), mode=mode
    )


def test_attribute_names_belong_to_augmented_manifests(refusal: Refusal) -> None:
    wish = channel(kind="AugmentedManifestFile", uri="s3://bucket/m", text=b'{"a": 1}')
    assert "AttributeNames is required" in refusal(wish, mode="Pipe")
    for kind in ("S3Prefix", "ManifestFile"):
        assert "AttributeNames is only allowed for S3DataType AugmentedManifestFile" in refusal(
            channel(kind=kind, AttributeNames=["a"]), mode="Pipe"
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'[{"prefix": "s3://bucket/d/"}, "a",]', 'The manifest "s3://bucket/m" is not valid JSON: Expecting value: line 1'),
        (b'["a", "b"]', "must be a JSON list whose first element is"),
        (b'[{"prefix": "s3://bucket/d/"}]', "names no objects"),
        (b'[{"prefix": "s3://bucket/d/"}, "a", "c"]', 'Entry 3 of the manifest "s3://bucket/m" names "s3://bucket/d/c", and'),
        (None, 'There is no manifest at "s3://bucket/m"'),
    ],
)  # fmt: skip
def test_a_manifest_is_read_before_the_job_exists(refusal: Refusal, text: bytes | None, words: str) -> None:
    for mode in ("File", "Pipe"):
        message = refusal(channel(kind="ManifestFile", uri="s3://bucket/m", text=text), mode=mode)
        assert words in message
        assert message.endswith("(channel train)")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": 1, "b-ref": "s3://bucket/d/a"}\n{"a": 2\n', "line 2 is not valid JSON"),
        (b'{"a": 1, "b-ref": "s3://bucket/d/x"}\n', 'Line 1 of the augmented manifest "s3://bucket/m" names "s3://bucket/d/x"'),
        (b'{"a": 1}\n', "line 1 has no attribute 'b-ref', which is in AttributeNames"),
        (b"\n", "holds no line"),
        (None, 'There is no manifest at "s3://bucket/m"'),
    ],
)  # fmt: skip
def test_an_augmented_manifest_is_read_before_the_job_exists(
    refusal: Refusal, text: bytes | None, words: str
) -> None:
    wish = channel(
        kind="AugmentedManifestFile", uri="s3://bucket/m", AttributeNames=["a", "b-ref"], text=text
    )
    assert words in refusal(wish, mode="Pipe")


@pytest.mark.parametrize("kind", ["S3Prefix", "ManifestFile"])
def test_more_instances_than_objects_are_refused(refusal: Refusal, kind: str, tmp_path: Path) -> None:
    text = b'[{"prefix": "s3://bucket/d/"}, "a", "b"]'
    uri = {"S3Prefix": "s3://bucket/d/", "ManifestFile": "s3://bucket/m"}[kind]
    wish = channel(uri=uri, kind=kind, text=text, S3DataDistributionType="ShardedByS3Key")
    message = refusal(wish, InstanceType="ml.m5.large", InstanceCount=3)
    assert (
        f'The data at "{uri}" is to be sharded by S3 key over 3 instances, and there are only 2 object(s)'
        in message
    )
    # Only the hosts of the channel's groups count.
    channels = [
        channel("one", S3DataDistributionType="ShardedByS3Key", InstanceGroupNames=["few"]),
        channel("two", S3DataDistributionType="ShardedByS3Key", InstanceGroupNames=["many"]),
    ]
    assert "(channel two)" in refusal(*channels, InstanceGroups=GROUPS)
    (tmp_path / "only").touch()
    wish = channel(uri=f"file://{tmp_path}/only", S3DataDistributionType="ShardedByS3Key")
    assert "there are only 1 object(s)" in refusal(wish, InstanceType="ml.m5.large", InstanceCount=2)


def test_channels_are_named_once_counted_and_sent_to_groups_that_there_are(refusal: Refusal) -> None:
    assert "Channel names must be unique" in refusal(channel("one"), channel("two"), channel("one"))
    assert "length less than or equal to 20" in refusal(*[channel(f"c{number}") for number in range(21)])
    assert "names the instance group some in InstanceGroupNames" in refusal(
        channel(InstanceGroupNames=["few", "some"]), InstanceGroups=GROUPS
    )
    for name in (".", ".."):
        assert f'A channel cannot be named "{name}"' in refusal(channel(name))


def test_sources_that_this_machine_has_not_are_refused_by_name_with_a_way_round(refusal: Refusal) -> None:
    disk = {
        "FileSystemId": "fs-01234567890", "FileSystemAccessMode": "ro", "FileSystemType": "EFS", "DirectoryPath": "/data/x",
    }  # fmt: skip
    message = refusal({"ChannelName": "train", "DataSource": {"FileSystemDataSource": disk}})
    assert "FileSystemDataSource (channel train) is not offered by Clary" in message
    assert "file:///data/x" in message
    arn = "arn:aws:sagemaker:us-east-1:000000000000:hub-content/hub/DataSet/x/1.0.0"
    assert "DatasetSource (channel train) is not offered" in refusal(
        {"ChannelName": "train", "DataSource": {"DatasetSource": {"DatasetArn": arn}}}
    )
    assert "must have exactly one data source" in refusal({"ChannelName": "train", "DataSource": {}})
    assert "S3DataType Converse (channel train) is not offered" in refusal(channel(kind="Converse"))
    hub = {"HubContentArn": "arn:aws:sagemaker:us-east-1:000000000000:hub-content/hub/ModelReference/x/1.0.0"}
    assert "HubAccessConfig (channel train) is not offered" in refusal(channel(HubAccessConfig=hub))


@pytest.mark.parametrize(
    "uri", ["s3://bucket/none/", "s3://bucket/d/c", "s3://bucket/marker/", "file:///no/such/place"]
)
@pytest.mark.parametrize("sharded", [False, True])
def test_a_prefix_with_nothing_under_it_is_refused_in_awss_words(
    refusal: Refusal, uri: str, sharded: bool
) -> None:
    distribution = "ShardedByS3Key" if sharded else "FullyReplicated"
    message = refusal(channel(uri=uri, S3DataDistributionType=distribution), mode="Pipe")
    assert f'No S3 objects found under S3 URL "{uri}" given in input data source.' in message
    assert "Please ensure that the bucket exists in the selected region (us-east-1)" in message


def test_a_large_manifest_is_not_waited_for(refusal: Refusal, engine: Engine) -> None:
    keys = ["a", "b"] * 50_000
    text = json.dumps([{"prefix": "s3://bucket/d/"}, *keys]).encode()
    broken = channel(
        "last", uri="s3://bucket/none"
    )  # so that the request is refused, and all before it has been checked
    begun = time.process_time()
    message = refusal(channel(kind="ManifestFile", uri="s3://bucket/m", text=text), broken)
    assert time.process_time() - begun < 2
    assert "(channel last)" in message
    lines = b"".join(b'{"n": %d, "x-ref": "s3://bucket/d/a"}\n' % number for number in range(100_000))
    wish = channel(
        kind="AugmentedManifestFile",
        uri="s3://bucket/m",
        AttributeNames=["x-ref", "n"],
        text=lines,
        InputMode="Pipe",
    )
    begun = time.process_time()
    assert "(channel last)" in refusal(wish, broken)
    assert time.process_time() - begun < 2
