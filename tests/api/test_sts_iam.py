from __future__ import annotations

import datetime
import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.exceptions import ClientError

from clary.api.engine import Engine
from clary.api.http_types import Headers, Request


@pytest.fixture(params=["in process", "http"])
def client(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Any]:
    """Makes boto3 clients, through both doors."""
    if request.param == "http":
        yield request.getfixturevalue("front").client
        return
    import boto3

    import clary

    clary.attach()
    yield boto3.session.Session().client
    clary.detach()


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_the_caller_is_a_role_so_that_the_sdks_run(client: Any) -> None:
    identity = client("sts").get_caller_identity()
    assert identity["Account"] == "000000000000"
    assert identity["Arn"] == "arn:aws:sts::000000000000:assumed-role/ClaryExecutionRole/clary"
    assert identity["UserId"].startswith("AROA")


def test_any_role_can_be_assumed_and_its_credentials_work(client: Any, engine: Engine) -> None:
    answer = client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/path/to/Role", RoleSessionName="me", DurationSeconds=900
    )
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/Role/me"
    assert answer["Credentials"]["AccessKeyId"] == engine.credentials.access_key
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.UTC)
    assert 800 < left.total_seconds() <= 900


def test_session_credentials_are_accepted_over_http(front: Any) -> None:
    import boto3

    keys = front.client("sts").get_session_token()["Credentials"]
    session = boto3.session.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="us-east-1"
    )
    for service in ("s3", "sts"):
        made = session.client(service, endpoint_url=front.url)
        answer = made.list_buckets() if service == "s3" else made.get_caller_identity()
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"RoleArn": "arn:aws:iam::12:role/too-short"},
        {"RoleArn": "this is no ARN but long enough"},
        {"RoleSessionName": "two words"},
        {"DurationSeconds": 1000_000},
    ],
)
def test_a_role_that_makes_no_sense_is_refused(client: Any, wrong: dict[str, Any]) -> None:
    good = {"RoleArn": "arn:aws:iam::123456789012:role/Role", "RoleSessionName": "me"}
    with pytest.raises(ClientError) as error:
        client("sts").assume_role(**{**good, **wrong})
    assert code_of(error) == "ValidationError"


def test_every_role_exists(client: Any) -> None:
    role = client("iam").get_role(RoleName="AmazonSageMaker-ExecutionRole")["Role"]
    assert role["Arn"] == "arn:aws:iam::000000000000:role/AmazonSageMaker-ExecutionRole"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Service": "sagemaker.amazonaws.com"
    }
    assert client("iam").get_role(RoleName="AmazonSageMaker-ExecutionRole")["Role"] == role
    for name in ("<b>&", "a/b", "x" * 65):
        with pytest.raises(ClientError) as error:
            client("iam").get_role(RoleName=name)
        assert code_of(error) == "ValidationError"


def test_everything_is_allowed(client: Any) -> None:
    answer = client("iam").simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::000000000000:role/Role",
        ActionNames=["sagemaker:CreateTrainingJob", "s3:<x>"],
    )
    decisions = {one["EvalActionName"]: one["EvalDecision"] for one in answer["EvaluationResults"]}
    assert decisions == {"sagemaker:CreateTrainingJob": "allowed", "s3:<x>": "allowed"}


def test_what_is_not_offered_is_named(client: Any) -> None:
    with pytest.raises(ClientError, match="CreateUser"):
        client("iam").create_user(UserName="x")
    with pytest.raises(ClientError, match="GetFederationToken"):
        client("sts").get_federation_token(Name="xx")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"Action=", b"Action=GetRole", b"Version=2011-06-15"])
def test_forms_that_say_nothing_are_refused(engine: Engine, body: bytes) -> None:
    headers = Headers({"Content-Type": "application/x-www-form-urlencoded"})
    for service in ("sts", "iam"):
        answer = engine.handle(Request("POST", "/", "", headers, body, service=service), authenticated=True)
        assert answer.status == 400
        assert b"<Error>" in answer.content()


def test_strangers_are_not_told_who_we_are(front: Any) -> None:
    address = urlsplit(front.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    body = f"Action=GetCallerIdentity&Version={quote('2011-06-15')}"
    connection.request("POST", "/", body, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    assert answer.status == 403
    assert b"assumed-role" not in answer.read()
    connection.close()
