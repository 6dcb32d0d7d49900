"""Who may ask the Jupyter server for Clary: those logged in to Jupyter, and those who can sign."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest

JSON = {"Content-Type": "application/x-amz-json-1.1"}
LIST = {**JSON, "X-Amz-Target": "SageMaker.ListTrainingJobs"}

EVERYTHING = [
    ("POST", "clary/aws/", LIST),
    ("POST", "clary/aws/", {**JSON, "X-Amz-Target": "Logs_20140328.GetLogEvents"}),
    ("POST", "clary/aws", LIST),
    ("GET", "clary/aws/bucket/key", {}),
    ("PUT", "clary/aws/bucket/key", {}),
    ("DELETE", "clary/aws/bucket/key", {}),
    ("HEAD", "clary/aws/bucket", {}),
    ("OPTIONS", "clary/aws/bucket", {}),
    ("POST", "clary/aws/endpoints/digits/invocations", {"Content-Type": "application/json"}),
    ("GET", "clary/training-jobs/digits/metrics", {}),
    ("GET", "clary/doctor", {}),
    ("GET", "clary/environment", {}),
    ("GET", "clary/aws/clary/environment", {}),
    ("GET", "clary/locate?uri=file:///etc", {}),
    ("GET", "clary/anything", {}),
    ("GET", "api/events/subscribe", {}),
]


@pytest.mark.parametrize(("method", "path", "headers"), EVERYTHING)
def test_nothing_is_answered_without_a_login(
    ask: Callable[..., Any], method: str, path: str, headers: dict[str, str]
) -> None:
    answer = ask(method, path, headers, b"{}" if method in ("POST", "PUT") else None)
    assert answer.code == 403
    assert b"Secret" not in answer.body
    assert b"TrainingJobSummaries" not in answer.body


@pytest.mark.parametrize(("method", "path", "headers"), EVERYTHING)
def test_a_wrong_token_is_no_login(
    ask: Callable[..., Any], method: str, path: str, headers: dict[str, str]
) -> None:
    wrong = {**headers, "Authorization": "token 0000"}
    assert ask(method, path, wrong, b"{}" if method in ("POST", "PUT") else None).code == 403


def test_jupyters_token_opens_the_api(ask: Callable[..., Any], token: dict[str, str]) -> None:
    answer = ask("POST", "clary/aws/", {**LIST, **token}, b"{}")
    assert answer.code == 200
    assert json.loads(answer.body) == {"TrainingJobSummaries": []}


def test_an_error_over_jupyter_is_the_one_of_the_api(ask: Callable[..., Any], token: dict[str, str]) -> None:
    target = {**JSON, "X-Amz-Target": "SageMaker.DescribeTrainingJob"}
    answer = ask("POST", "clary/aws/", {**target, **token}, b'{"TrainingJobName": "nobody"}')
    assert answer.code == 400
    assert "not found" in json.loads(answer.body)["Message"].lower()
    assert answer.headers["x-amzn-ErrorType"].startswith("Validation")


def test_a_cookie_needs_the_xsrf_token_to_change_anything(
    ask: Callable[..., Any], cookies: dict[str, str]
) -> None:
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    assert ask("POST", "clary/aws/", {**LIST, **cookie}, b"{}").code == 403
    assert ask("PUT", "clary/aws/bucket", cookie, b"").code == 403
    assert ask("POST", "clary/aws/", {**LIST, **cookie, "X-XSRFToken": "2|0|0|0"}, b"{}").code == 403
    right = {**LIST, **cookie, "X-XSRFToken": cookies["_xsrf"]}
    assert ask("POST", "clary/aws/", right, b"{}").code == 200


def test_another_site_cannot_use_the_users_cookie(ask: Callable[..., Any], cookies: dict[str, str]) -> None:
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    forged = {**LIST, **cookie, "X-XSRFToken": cookies["_xsrf"], "Origin": "https://evil.example"}
    assert ask("POST", "clary/aws/", forged, b"{}").code in (403, 404)


def test_a_foreign_host_name_is_refused(ask: Callable[..., Any], token: dict[str, str]) -> None:
    assert ask("POST", "clary/aws/", {**LIST, **token, "Host": "rebound.example"}, b"{}").code == 403


def test_a_signed_request_needs_no_jupyter_login(ask: Callable[..., Any], signed: Callable[..., Any]) -> None:
    headers = signed("POST", "clary/aws/", b"{}", LIST, "sagemaker")
    answer = ask("POST", "clary/aws/", headers, b"{}")
    assert answer.code == 200, answer.body
    headers["Authorization"] = headers["Authorization"][:-4] + "0000"
    assert ask("POST", "clary/aws/", headers, b"{}").code == 403


def test_buckets_are_listed_at_an_address_without_its_last_slash(
    ask: Callable[..., Any], signed: Callable[..., Any], extension: Any
) -> None:
    extension.engine.objects.create_bucket("digits")
    answer = ask("GET", "clary/aws", signed("GET", "clary/aws", b"", {}, "s3"))
    assert answer.code == 200, answer.body
    assert b"<Name>digits</Name>" in answer.body


def test_the_bearer_token_opens_what_stands_beside_the_api(ask: Callable[..., Any], extension: Any) -> None:
    bearer = {"Authorization": f"Bearer {extension.engine.credentials.token}"}
    assert ask("GET", "clary/training-jobs/nobody/metrics", bearer).code == 400
    assert ask("POST", "clary/aws/", {**LIST, **bearer}, b"{}").code == 403


def test_a_user_whom_the_authorizer_refuses_is_refused(
    ask: Callable[..., Any], token: dict[str, str], jp_serverapp: Any
) -> None:
    from jupyter_server.auth import Authorizer

    class ReadOnly(Authorizer):  # type: ignore[misc]
        def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
            return action == "read"

    jp_serverapp.web_app.settings["authorizer"] = ReadOnly(parent=jp_serverapp)
    assert ask("POST", "clary/aws/", {**LIST, **token}, b"{}").code == 403
    assert ask("GET", "clary/training-jobs/nobody/metrics", token).code == 400


def test_an_object_cannot_run_as_a_page_of_jupyter(ask: Callable[..., Any], token: dict[str, str]) -> None:
    assert ask("PUT", "clary/aws/pages", token, b"").code == 200
    assert (
        ask(
            "PUT", "clary/aws/pages/a.html", {**token, "Content-Type": "text/html"}, b"<script>1</script>"
        ).code
        == 200
    )
    answer = ask("GET", "clary/aws/pages/a.html", token)
    assert answer.body == b"<script>1</script>"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.fixture
def cookies(ask: Callable[..., Any], jp_serverapp: Any) -> dict[str, str]:
    """The cookies of a browser that has logged in with the token in its address."""
    answer = ask("GET", f"tree?token={jp_serverapp.identity_provider.token}")
    jar: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("Set-Cookie"):
        jar.load(line)
    assert "_xsrf" in jar, answer.headers.get_list("Set-Cookie")
    assert any(name.startswith("username") for name in jar)
    return {name: morsel.value for name, morsel in jar.items()}


@pytest.fixture
def signed(extension: Any, jp_serverapp: Any, http_server_port: Any) -> Callable[..., dict[str, str]]:
    """Signs a request with Clary's key, by botocore."""
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    def sign(method: str, path: str, body: bytes, headers: dict[str, str], service: str) -> dict[str, str]:
        key = extension.engine.credentials
        url = f"http://127.0.0.1:{http_server_port[1]}{jp_serverapp.base_url}{path}"
        request = AWSRequest(method, url, headers=dict(headers), data=body)
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(Credentials(key.access_key, key.secret_key), service, "us-east-1").add_auth(request)
        return dict(request.headers.items())

    return sign
