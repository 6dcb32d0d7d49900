"""Unmodified boto3 clients for S3 through both doors, and a raw HTTP connection for what boto3 would never
send."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from clary.api.engine import Engine
from clary.home import Home

Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def url(front: Any) -> str:
    """The address of an HTTP front of this test's engine."""
    return str(front.url)


@pytest.fixture
def over_http(front: Any) -> Callable[..., Any]:
    """Makes boto3 clients that send signed requests to the server."""

    return lambda **options: front.client("s3", **options)


@pytest.fixture
def in_process(home: Home) -> Iterator[Callable[..., Any]]:
    """Makes boto3 clients that reach the engine without a server."""
    import clary

    clary.attach()
    yield lambda **options: boto3.session.Session().client("s3", **options)
    clary.detach()


@pytest.fixture(params=["in_process", "over_http"])
def s3(request: pytest.FixtureRequest) -> Any:
    """A client with the bucket `box`; every test that takes it runs through both doors."""
    client = request.getfixturevalue(request.param)()
    client.create_bucket(Bucket="box")
    return client


@pytest.fixture
def raw(url: str, engine: Engine) -> Callable[..., Answer]:
    """Sends exactly the path, headers and body given, signed unless told otherwise."""
    address = urlsplit(url)

    def send(
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        signed: bool = True,
    ) -> Answer:
        said = {"Host": address.netloc, **(headers or {})}
        if signed:
            lowered = {name.lower(): value for name, value in said.items()}
            stated = lowered.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
            asked = AWSRequest(method, f"http://{said['Host']}{target}", headers=said, data=body)
            key = Credentials(engine.credentials.access_key, engine.credentials.secret_key)
            signer = S3SigV4Auth(key, "s3", "us-east-1")
            signer.payload = lambda request: stated  # type: ignore[method-assign]
            signer.add_auth(asked)
            said = dict(asked.headers.items())
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in {**said, "Content-Length": str(len(body))}.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
        finally:
            connection.close()

    return send
