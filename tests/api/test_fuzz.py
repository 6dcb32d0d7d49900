"""Whatever is asked, the engine answers, and never with a fault of its own."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clary.api.engine import Engine
from clary.api.http_types import Headers, Request
from clary.home import Home

SETTINGS = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
NAMES = st.sampled_from(["job", "a-b", "", "a_b", "x" * 70, "é", "../x", "a\n", "\0"]) | st.text(max_size=10)
TARGETS = [
    "SageMaker.CreateModel",
    "SageMaker.CreateEndpointConfig",
    "SageMaker.DescribeModel",
    "SageMaker.DescribeTrainingJob",
    "SageMaker.DescribeEndpoint",
    "SageMaker.ListModels",
    "SageMaker.ListTrainingJobs",
    "SageMaker.ListEndpoints",
    "SageMaker.AddTags",
    "SageMaker.ListTags",
    "SageMaker.StopTrainingJob",
    "SageMaker.DeleteModel",
    "SageMaker.CreateTrainingJob",
    "SageMaker.CreateProcessingJob",
    "SageMaker.DescribeProcessingJob",
    "SageMaker.ListProcessingJobs",
    "SageMaker.CreateDomain",
    "Logs_20140328.DescribeLogStreams",
    "Logs_20140328.GetLogEvents",
    "DynamoDB_20120810.ListTables",
    "",
    ".",
]
ROLE = "arn:aws:iam::000000000000:role/x"
GOOD: dict[str, dict[str, Any]] = {
    "CreateModel": {
        "ModelName": "m",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://b/k"},
    },
    "CreateEndpointConfig": {
        "EndpointConfigName": "c",
        "ProductionVariants": [
            {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
        "Tags": [{"Key": "k", "Value": "v"}],
    },
    "CreateEndpoint": {"EndpointName": "e", "EndpointConfigName": "c"},
    "CreateTrainingJob": {
        "TrainingJobName": "job",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingInputMode": "File",
            "TrainingImage": "clary/python",
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}],
        },
        "OutputDataConfig": {"S3OutputPath": "s3://none/prefix"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "HyperParameters": {"a": "1"},
        "InputDataConfig": [
            {
                "ChannelName": "c",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://none/x"}},
            }
        ],
    },
    "CreateProcessingJob": {
        "ProcessingJobName": "job",
        "RoleArn": ROLE,
        "AppSpecification": {
            "ImageUri": "sagemaker-scikit-learn:1.2-1",
            "ContainerEntrypoint": ["python3", "x.py"],
            "ContainerArguments": ["a"],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        "ProcessingInputs": [
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": "s3://none/x",
                    "S3DataType": "S3Prefix",
                    "LocalPath": "/opt/ml/processing/in",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": "s3://none/x",
                        "LocalPath": "/opt/ml/processing/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "NetworkConfig": {"EnableNetworkIsolation": True},
        "Environment": {"A": "b"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    },
    "ListProcessingJobs": {"MaxResults": 5, "NextToken": "x", "SortBy": "Name", "StatusEquals": "Failed"},
    "ListTrainingJobs": {
        "MaxResults": 5,
        "NextToken": "x",
        "SortBy": "Name",
        "CreationTimeAfter": 1.0,
        "NameContains": "x",
    },
    "ListModels": {"MaxResults": 5, "NextToken": "x", "CreationTimeBefore": 1e9},
    "AddTags": {
        "ResourceArn": "arn:aws:sagemaker:us-east-1:000000000000:model/m",
        "Tags": [{"Key": "a", "Value": "b"}],
    },
    "DeleteTags": {"ResourceArn": "arn:aws:sagemaker:us-east-1:000000000000:model/m", "TagKeys": ["a"]},
    "DescribeEndpoint": {"EndpointName": "e"},
    "UpdateEndpointWeightsAndCapacities": {
        "EndpointName": "e",
        "DesiredWeightsAndCapacities": [{"VariantName": "v", "DesiredWeight": 1.0}],
    },
}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """One engine for all examples."""
    return Engine(Home.locate(Path(tmp_path_factory.mktemp("fuzz")) / "home"))


def check(engine: Engine, request: Request, authenticated: bool) -> int:
    response = engine.handle(request, authenticated)
    body = response.content()
    # 501 is how S3 says that something is not offered.
    assert 200 <= response.status < 500 or response.status == 501, (request, response.status, body)
    if request.method != "HEAD" and response.status >= 400 and body.startswith(b"{"):
        assert json.loads(body)
    assert all(
        "\r" not in value and "\n" not in value for value in response.headers.values() if "é" not in value
    )
    return response.status


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW", ""]),
    path=st.sampled_from(
        ["/", "/endpoints/e/invocations", "/clary/doctorate", "/clary/x", "/b", "/b/k", "//", "/b/../x"]
    )
    | st.text(max_size=20).map(lambda text: f"/{text}"),
    query=st.text(max_size=20)
    | st.sampled_from(
        ["uploads", "X-Amz-Signature=x", "AWSAccessKeyId=a&Signature=b&Expires=c", "list-type=2&max-keys=x"]
    ),
    target=st.sampled_from(TARGETS) | st.text(max_size=20),
    extra=st.dictionaries(
        st.sampled_from(
            [
                "Authorization",
                "Host",
                "Content-Type",
                "X-Amz-Date",
                "Range",
                "x-amz-copy-source",
                "Content-MD5",
            ]
        ),
        st.text(max_size=20)
        | st.sampled_from(
            [
                "application/x-www-form-urlencoded",
                "AWS4-HMAC-SHA256 Credential=a/20260101/r/s3/aws4_request, SignedHeaders=host, Signature=x",
                "bytes=5-1",
            ]
        ),
    ),
    body=st.binary(max_size=40) | ANYTHING.map(lambda value: json.dumps(value).encode()),
    authenticated=st.booleans(),
)
@SETTINGS
def test_any_request_at_all_is_answered(
    fuzzed: Engine,
    method: str,
    path: str,
    query: str,
    target: str,
    extra: dict[str, str],
    body: bytes,
    authenticated: bool,
) -> None:
    headers = Headers({**extra, **({"X-Amz-Target": target} if target else {})})
    status = check(fuzzed, Request(method, path, query, headers, body), authenticated)
    if not authenticated:
        assert status >= 400


@given(operation=st.sampled_from(sorted(GOOD)), data=st.data())
@SETTINGS
def test_a_request_with_anything_in_the_place_of_any_part_is_answered(
    fuzzed: Engine, operation: str, data: Any
) -> None:
    document = json.loads(json.dumps(GOOD[operation]))
    for _ in range(data.draw(st.integers(1, 2))):
        spoil(document, data)
    headers = Headers({"X-Amz-Target": f"SageMaker.{operation}"})
    check(fuzzed, Request("POST", "/", "", headers, json.dumps(document).encode()), authenticated=True)


def spoil(document: Any, data: Any) -> None:
    """Replace a part of `document`, chosen at random, by something else."""
    while True:
        keys = list(document) if isinstance(document, dict) else list(range(len(document)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        inner = document[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            document[key] = data.draw(NAMES | ANYTHING)
            return
        document = inner


@given(
    params=st.dictionaries(
        st.sampled_from(["ModelName", "NextToken", "MaxResults", "SortBy", "CreationTimeAfter"]), ANYTHING
    )
)
@SETTINGS
def test_a_call_gives_a_result_or_an_api_error(fuzzed: Engine, params: dict[str, Any]) -> None:
    from clary.api.errors import ApiError

    for operation in ("DescribeModel", "ListModels"):
        with contextlib.suppress(ApiError):
            assert isinstance(fuzzed.call("sagemaker", operation, params), dict)
