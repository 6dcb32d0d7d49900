"""The SDK's only way down: the API's operations, called in this process."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from typing import TYPE_CHECKING, Any

from clary.sdk.errors import ClaryError

if TYPE_CHECKING:
    from clary.api.engine import Engine
    from clary.api.http_types import Request, Response


def engine() -> Engine:
    """This process's engine, made at the first request."""
    from clary.api.engine import Engine

    return Engine.shared()


def call(operation: str, *, service: str = "sagemaker", **params: Any) -> dict[str, Any]:
    """The answer of an operation ("CreateModel"), in and out as with boto3. Raises ClaryError."""
    from clary.api.errors import ApiError

    try:
        return engine().call(service, operation, params)
    except ApiError as error:
        raise ClaryError(error.code, error.message) from None


def get(path: str) -> dict[str, Any]:
    """A document of the REST set beside AWS's operations (``/clary/...``). Raises ClaryError."""
    from clary.api.http_types import Request

    answer: dict[str, Any] = json.loads(send(Request("GET", path, service="clary")).content())
    return answer


def post(path: str) -> dict[str, Any]:
    """Have something done that AWS has no operation for (``/clary/...``). Raises ClaryError."""
    from clary.api.http_types import Request

    answer: dict[str, Any] = json.loads(send(Request("POST", path, service="clary")).content())
    return answer


def request(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """An exchange with the REST set beside AWS's operations, JSON in and out; {} where the answer is empty. Raises ClaryError."""
    from clary.api.http_types import Headers, Request

    data = b"" if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(data))}
    where, _, query = path.partition("?")
    asked = Request(method, where, query=query, headers=Headers(headers), body=data, service="clary")
    answer = send(asked).content()
    document: dict[str, Any] = json.loads(answer or b"{}")
    return document


def raw(path: str) -> bytes:
    """The bytes at a path of that set, such as a module of the canvas. Raises ClaryError."""
    from clary.api.http_types import Request

    where, _, query = path.partition("?")
    return send(Request("GET", where, query=query, service="clary")).content()


def send(request: Request) -> Response:
    """The answer to an HTTP request, through the in-process door. Raises ClaryError for an error answer."""
    response = exchange(request)
    if response.status >= 400:
        raise error_of(response.status, response.headers.get("x-amzn-ErrorType", ""), response.content())
    return response


def exchange(request: Request) -> Response:
    """The answer to an HTTP request, through the in-process door, whatever its status."""
    return engine().handle(request, authenticated=True)


def error_of(status: int, code: str, body: bytes) -> ClaryError:
    """The error that an answer carries, JSON or S3's XML."""
    text = body.decode("utf-8", "replace")
    if text.lstrip().startswith("<"):
        found = {
            name: unescape(value)
            for name, value in re.findall(r"<(Code|Message)>(.*?)</\1>", text, re.DOTALL)
        }
        return ClaryError(found.get("Code", str(status)), found.get("Message", text))
    try:
        document = json.loads(text)
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    inner = document.get("error")
    if isinstance(inner, dict):  # a canvas's answer
        return ClaryError(str(inner.get("code", status)), str(inner.get("message", text)))
    code = code or str(document.get("__type") or document.get("Code") or status)
    message = document.get("Message") or document.get("message") or text or f"HTTP status {status}"
    return ClaryError(code.rpartition("#")[2], str(message))


def account() -> str:
    """The account id, twelve digits."""
    return engine().config.account_id


def region() -> str:
    """The region's name."""
    return engine().config.region


def role() -> str:
    """A role's ARN. The API requires one; here every job runs as its user, so it grants nothing."""
    return f"arn:aws:iam::{account()}:role/clary"


def training_image() -> str:
    """What stands in the place of AWS's container image: the interpreter that runs the job."""
    return f"clary/python:{sys.version_info.major}.{sys.version_info.minor}"
