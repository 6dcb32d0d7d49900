"""The in-process door: unmodified clients, no network, and the same bytes as over HTTP."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import clary
from clary.api import transport
from clary.api.engine import Engine
from clary.api.http_types import Request, Response

from .conftest import Front


@pytest.fixture
def door(home: Any) -> Iterator[Engine]:
    """The door open, on this test's home; as it was before afterwards."""
    was_open = transport._attached
    clary.attach()
    boto3.DEFAULT_SESSION = None
    yield Engine.shared()
    boto3.DEFAULT_SESSION = None
    if not was_open:
        clary.detach()


@pytest.fixture
def stored(serve_with: Any) -> dict[str, bytes]:
    """An s3 in a dictionary, which gives objects back in uneven chunks."""
    objects: dict[str, bytes] = {}

    def handle(engine: Engine, request: Request) -> Response:
        if request.method == "PUT":
            objects[request.path] = request.content()
            return Response(200, {"ETag": '"x"'})
        data = objects[request.path]
        chunks = [data[start : start + 777] for start in range(0, len(data), 777)]
        return Response(200, {"Content-Length": str(len(data))}, chunks)

    serve_with("s3", handle)
    return objects


def test_a_client_of_a_new_session_is_answered_without_configuration(door: Engine) -> None:
    assert boto3.client("sagemaker").list_models()["Models"] == []
    assert boto3.Session().client("sagemaker").list_models()["Models"] == []


def test_a_session_has_the_region_and_the_keys_of_the_home(door: Engine) -> None:
    session = boto3.Session()
    assert session.region_name == door.config.region
    assert session.get_credentials().access_key == door.credentials.access_key
    assert boto3.Session(region_name="eu-west-1").client("sagemaker").meta.region_name == "eu-west-1"


def test_both_doors_give_the_same_bytes(door: Engine, front: Front, offer: Any, monkeypatch: Any) -> None:
    offer("sagemaker", "DescribeModel", _described)
    monkeypatch.setattr("uuid.uuid4", lambda: "the-same-id")
    answers = []
    for client in (boto3.client("sagemaker"), front.client("sagemaker")):
        seen: list[tuple[int, bytes, dict[str, str]]] = []

        def keep(response_dict: Any, seen: list[Any] = seen, **_: Any) -> None:
            headers = {name.lower(): value for name, value in response_dict["headers"].items()}
            for name in ("date", "server"):
                headers.pop(name, None)
            seen.append((response_dict["status_code"], response_dict["body"], headers))

        client.meta.events.register("before-parse.sagemaker", keep)
        client.describe_model(ModelName="m")
        for name in ("a_b", "none"):
            with pytest.raises(ClientError):
                client.describe_model(ModelName=name)
        answers.append(seen)
    assert answers[0] == answers[1]
    assert [status for status, *_ in answers[0]] == [200, 400, 400]


def _described(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    from clary.api.errors import not_found

    if params["ModelName"] == "none":
        raise not_found("model", "none")
    return {
        "ModelName": "m",
        "ModelArn": "arn:aws:sagemaker:us-east-1:000000000000:model/m",
        "CreationTime": 1.25,
    }


def test_objects_go_up_from_files_and_come_down_as_streams(door: Engine, stored: dict[str, bytes]) -> None:
    s3 = boto3.client("s3")
    data = os.urandom(100_000)
    s3.put_object(Bucket="bucket", Key="a b/ü", Body=b"bytes")
    s3.upload_fileobj(io.BytesIO(data), "bucket", "file")
    assert set(stored) == {"/bucket/a%20b/%C3%BC", "/bucket/file"}
    # What is stored here is still framed (aws-chunked), since this s3 takes no notice of framing.
    stored["/bucket/plain"] = data
    body = s3.get_object(Bucket="bucket", Key="plain")["Body"]
    assert body.read(10) == data[:10]
    assert body.read(5000) == data[10:5010]
    assert body.read() == data[5010:]
    assert body.read() == b""
    chunks = list(s3.get_object(Bucket="bucket", Key="plain")["Body"].iter_chunks(1000))
    assert b"".join(chunks) == data
    assert {len(chunk) for chunk in chunks} == {1000}
    target = io.BytesIO()
    s3.download_fileobj("bucket", "plain", target)
    assert target.getvalue() == data
    lines = s3.get_object(Bucket="bucket", Key="plain")["Body"].iter_lines()
    assert b"\n".join(lines).splitlines() == data.splitlines()


def test_both_styles_of_addresses_reach_the_same_object(door: Engine, stored: dict[str, bytes]) -> None:
    from botocore.config import Config

    for style in ("path", "virtual"):
        client = boto3.client("s3", config=Config(s3={"addressing_style": style}))
        client.put_object(Bucket="my.bucket", Key=style, Body=b"x")
    boto3.client("s3", region_name="eu-central-1").put_object(Bucket="bucket", Key="other", Body=b"x")
    assert set(stored) == {"/my.bucket/path", "/my.bucket/virtual", "/bucket/other"}


def test_an_endpoint_answers_as_a_stream(door: Engine, offer: Any) -> None:
    asked: list[dict[str, Any]] = []

    def invoke(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
        asked.append(params)
        return {"Body": b'{"y": 1}', "ContentType": "application/json", "InvokedProductionVariant": "v"}

    offer("sagemaker-runtime", "InvokeEndpoint", invoke)
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="e", Body='{"x": 1}', ContentType="application/json", TargetVariant="v"
    )
    assert answer["Body"].read() == b'{"y": 1}'
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("application/json", "v")
    assert asked == [
        {"EndpointName": "e", "Body": b'{"x": 1}', "ContentType": "application/json", "TargetVariant": "v"}
    ]


def test_an_error_of_a_model_has_its_members_and_status(door: Engine, offer: Any) -> None:
    from clary.api.errors import ApiError

    def invoke(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
        raise ApiError(
            "ModelError", "it broke", OriginalStatusCode=500, OriginalMessage="boom", LogStreamArn="arn"
        )

    offer("sagemaker-runtime", "InvokeEndpoint", invoke)
    runtime = boto3.client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError) as caught:
        runtime.invoke_endpoint(EndpointName="e", Body=b"x")
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert (answer["OriginalStatusCode"], answer["OriginalMessage"], answer["LogStreamArn"]) == (
        500,
        "boom",
        "arn",
    )
    with pytest.raises(runtime.exceptions.ValidationError, match="endpointName"):
        runtime.invoke_endpoint(EndpointName="a_b", Body=b"x")


@pytest.mark.parametrize(
    ("service", "call"),
    [("ec2", "describe_instances"), ("dynamodb", "list_tables"), ("lambda", "list_functions")],
)
def test_a_service_that_clary_does_not_have_is_refused_at_once(door: Engine, service: str, call: str) -> None:
    with pytest.raises(ClientError, match=f"Clary does not offer the service {service}"):
        getattr(boto3.client(service), call)()


def test_a_client_with_an_address_of_its_own_is_left_alone(door: Engine, front: Front) -> None:
    sent: list[str] = []
    client = front.client("sagemaker")
    client.meta.events.register_first("before-send.sagemaker", lambda request, **_: sent.append(request.url))
    assert client.list_models()["ResponseMetadata"]["HTTPHeaders"]["server"] == "Clary"
    assert sent == [f"{front.url}/"]


def test_the_default_session_of_boto3_is_let_in_and_out(home: Any) -> None:
    clary.detach()
    boto3.setup_default_session(region_name="us-east-1")
    clary.attach()
    try:
        assert boto3.client("sagemaker").list_models()["Models"] == []
    finally:
        clary.detach()
    assert boto3.DEFAULT_SESSION is None


def test_waiters_look_often_in_process_and_wait_as_long_as_ever(door: Engine) -> None:
    waiter = boto3.client("sagemaker").get_waiter("training_job_completed_or_stopped")
    assert waiter.config.delay <= 0.5
    assert waiter.config.delay * waiter.config.max_attempts == 120 * 180


def test_another_home_in_the_same_process_is_another_engine(
    door: Engine, tmp_path: Path, monkeypatch: Any
) -> None:
    client = boto3.client("sagemaker")
    assert Engine.shared() is door
    monkeypatch.setenv("CLARY_HOME", str(tmp_path / "other"))
    assert Engine.shared() is not door
    assert client.list_models()["Models"] == []
    assert (tmp_path / "other" / "clary.db").exists()


def test_importing_clary_is_cheap_and_makes_no_home(tmp_path: Path) -> None:
    code = (
        "import sys, clary\n"
        "heavy = {'boto3', 'numpy', 'torch', 'tornado', 'sqlite3', 'orjson', 'botocore.session', 'urllib3'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    environment = {**os.environ, "CLARY_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_used_is_the_error_that_a_client_gets(
    door: Engine, tmp_path: Path, monkeypatch: Any
) -> None:
    from clary.home import HomeError

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLARY_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(HomeError, match="CLARY_HOME"):
        boto3.Session().client("sagemaker")
