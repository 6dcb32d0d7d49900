"""Requests are checked against botocore's model at every depth, and refused in AWS's words."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from clary.api.engine import Engine
from clary.api.errors import ApiError
from clary.api.http_types import Headers, Request

ONE = "1 validation error detected: "
JOB: dict[str, Any] = {
    "TrainingJobName": "job",
    "RoleArn": "arn:aws:iam::000000000000:role/xyz",
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "clary/python"},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/prefix"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


@pytest.fixture
def seen(offer: Any) -> list[dict[str, Any]]:
    """The parameters that reached CreateTrainingJob."""
    received: list[dict[str, Any]] = []

    def create(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
        received.append(params)
        return {"TrainingJobArn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/job"}

    offer("sagemaker", "CreateTrainingJob", create)
    return received


def post(
    engine: Engine, body: bytes | dict[str, Any], operation: str = "CreateTrainingJob"
) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request("POST", "/", "", Headers({"X-Amz-Target": f"SageMaker.{operation}"}), content)
    response = engine.handle(request, authenticated=True)
    assert response.headers["x-amzn-RequestId"] == request.request_id
    assert response.headers["Content-Type"] == "application/x-amz-json-1.1"
    answer: dict[str, Any] = json.loads(response.content())
    answer["status"] = response.status
    return answer


def refusal(engine: Engine, changes: dict[str, Any]) -> str:
    answer = post(engine, {**JOB, **changes})
    assert (answer["status"], answer["__type"]) == (400, "ValidationException")
    return str(answer["Message"])


def test_a_good_request_reaches_its_operation_with_types_converted(engine: Engine, seen: list[Any]) -> None:
    answer = post(
        engine, {**JOB, "Unknown": 1, "KmsKeyId": None, "ResourceConfig": {**JOB["ResourceConfig"]}}
    )
    assert answer["status"] == 200
    assert answer["TrainingJobArn"].endswith("training-job/job")
    assert seen == [JOB]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"TrainingJobName": "a_b"},
            ONE + "Value 'a_b' at 'trainingJobName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        (
            {"TrainingJobName": "a" * 64},
            ONE + f"Value '{'a' * 64}' at 'trainingJobName' failed to satisfy constraint: "
            "Member must have length less than or equal to 63",
        ),
        (
            {"RoleArn": None},
            ONE + "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 0}},
            ONE + "Value '0' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy "
            "constraint: Member must have value greater than or equal to 1",
        ),
        (
            {"AlgorithmSpecification": {"TrainingInputMode": "Post"}},
            ONE + "Value 'Post' at 'algorithmSpecification.trainingInputMode' failed to satisfy "
            "constraint: Member must satisfy enum value set: [Pipe, File, FastFile]",
        ),
        (
            {"VpcConfig": {"SecurityGroupIds": ["x y"], "Subnets": ["s"]}},
            ONE + "Value '[x y]' at 'vpcConfig.securityGroupIds' failed to satisfy constraint: "
            "Member must satisfy constraint: [Member must have length less than or equal to 32, "
            "Member must have length greater than or equal to 0, "
            "Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]",
        ),
        (
            {"VpcConfig": {"SecurityGroupIds": ["s"], "Subnets": []}},
            ONE + "Value '[]' at 'vpcConfig.subnets' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            {"Environment": {"a-b": "c"}},
            ONE + "Value '{a-b=c}' at 'environment' failed to satisfy constraint: Map keys must "
            "satisfy constraint: [Member must have length less than or equal to 512, "
            "Member must have length greater than or equal to 0,"
            " Member must satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*]",
        ),
    ],
)
def test_a_broken_constraint_is_told_as_aws_tells_it(
    engine: Engine, seen: list[Any], changes: dict[str, Any], said: str
) -> None:
    assert refusal(engine, changes) == said
    assert seen == []


def test_constraints_are_checked_inside_lists_and_structures(engine: Engine, seen: list[Any]) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/x"}}
    channels = [{"ChannelName": "good", "DataSource": source}, {"ChannelName": "not good"}]
    message = refusal(engine, {"InputDataConfig": channels})
    assert message.startswith("2 validation errors detected: ")
    assert "Value 'not good' at 'inputDataConfig.2.member.channelName'" in message
    assert "Value null at 'inputDataConfig.2.member.dataSource'" in message


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"TrainingJobName": 5}, "trainingJobName"),
        ({"TrainingJobName": ["a"]}, "trainingJobName"),
        ({"HyperParameters": []}, "hyperParameters"),
        ({"HyperParameters": {"a": 1}}, ""),
        ({"ResourceConfig": "large"}, "resourceConfig"),
        ({"ResourceConfig": {"InstanceCount": "1"}}, "resourceConfig.instanceCount"),
        ({"ResourceConfig": {"InstanceCount": 1.5}}, "resourceConfig.instanceCount"),
        ({"ResourceConfig": {"InstanceCount": True}}, "resourceConfig.instanceCount"),
        ({"ResourceConfig": {"InstanceCount": 2**40}}, "resourceConfig.instanceCount"),
        ({"EnableNetworkIsolation": "true"}, "enableNetworkIsolation"),
        ({"InputDataConfig": [None]}, "inputDataConfig.1.member"),
        (
            {"InputDataConfig": [{"DataSource": {"S3DataSource": {"S3Uri": 1}}}]},
            "dataSource.s3DataSource.s3Uri",
        ),
    ],
)
def test_a_wrong_type_is_a_serialization_error_that_says_where(
    engine: Engine, seen: list[Any], changes: dict[str, Any], where: str
) -> None:
    answer = post(engine, {**JOB, **changes})
    assert (answer["status"], answer["__type"]) == (400, "SerializationException")
    assert f"{where}'" in answer["Message"]
    assert seen == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"a":NaN}',
        b"[" * 100_000,
        b'{"TrainingJobName":"\\ud800"}',
        b"{} {}",
    ],
)
def test_malformed_json_is_a_serialization_error(engine: Engine, seen: list[Any], body: bytes) -> None:
    answer = post(engine, body)
    assert (answer["status"], answer["__type"]) == (400, "SerializationException")


def test_an_unknown_operation_and_one_that_is_not_offered_are_named(engine: Engine) -> None:
    for name in ("MakeCoffee", "CreateHyperParameterTuningJob"):
        answer = post(engine, {}, name)
        assert (answer["status"], answer["__type"]) == (400, "UnknownOperationException")
        assert name in answer["Message"]
        assert "does not offer" in answer["Message"]


def test_a_secret_or_huge_value_is_not_repeated_in_full(engine: Engine, seen: list[Any]) -> None:
    message = refusal(engine, {"HyperParameters": {"a": "x" * 100_000}})
    assert "Map value must satisfy constraint" in message
    assert len(message) < 3_000


def test_a_million_broken_members_do_not_make_a_huge_answer(engine: Engine, offer: Any) -> None:
    offer("sagemaker", "DeleteTags", lambda engine, params: {})
    answer = post(engine, {"ResourceArn": "arn:aws:x", "TagKeys": ["\0"] * 200_000}, "DeleteTags")
    assert answer["__type"] == "ValidationException"
    assert len(answer["Message"]) < 10_000


def test_a_call_takes_and_gives_python_values(engine: Engine, offer: Any) -> None:
    from datetime import UTC, datetime

    moment = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    got: list[Any] = []

    def describe(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
        got.append(params)
        return {
            "Models": [{"ModelName": "m", "ModelArn": "a", "CreationTime": moment.timestamp()}],
            "NextToken": None,
        }

    offer("sagemaker", "ListModels", describe)
    answer = engine.call("sagemaker", "ListModels", {"CreationTimeAfter": moment, "MaxResults": 5})
    assert got == [{"CreationTimeAfter": moment, "MaxResults": 5}]
    assert answer == {"Models": [{"ModelName": "m", "ModelArn": "a", "CreationTime": moment}]}
    with pytest.raises(ApiError, match="Member must have value less than or equal to 100"):
        engine.call("sagemaker", "ListModels", {"MaxResults": 500})
    with pytest.raises(ApiError, match="does not offer the operation Nothing"):
        engine.call("sagemaker", "Nothing", {})


@pytest.mark.parametrize(
    "answer", [{"Nonsense": 1}, {"ModelName": 5, "ModelArn": "x", "CreationTime": 0.0}, {"ModelName": "x"}]
)
def test_a_result_that_does_not_fit_is_an_internal_failure_and_never_reaches_the_client(
    engine: Engine, offer: Any, answer: dict[str, Any]
) -> None:
    offer("sagemaker", "DescribeModel", lambda engine, params: answer)
    told = post(engine, {"ModelName": "x"}, "DescribeModel")
    assert (told["status"], told["__type"]) == (500, "InternalFailure")


def test_checking_costs_far_less_than_a_millisecond(engine: Engine, seen: list[Any]) -> None:
    body = json.dumps({**JOB, "HyperParameters": {f"p{n}": "1" for n in range(50)}}).encode()
    post(engine, body)
    best = float("inf")
    for _ in range(20):
        begin = time.perf_counter()
        for _ in range(20):
            request = Request("POST", "/", "", Headers({"X-Amz-Target": "SageMaker.CreateTrainingJob"}), body)
            engine.handle(request, authenticated=True)
        best = min(best, (time.perf_counter() - begin) / 20)
    assert best < 0.0005
