"""The runtime address: who gets in, and what strange clients get."""

from __future__ import annotations

import datetime
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import serving_models as models
from botocore.exceptions import ClientError

Wait = Callable[..., Any]
BODY = b"[[1, 2]]"


@pytest.fixture
def address(host: Any) -> Any:
    host.model("scaled", {"model.onnx": models.scaled(3.0)})
    assert host.create("ep", {"ModelName": "scaled"}).status == "InService", host.log("ep")
    return urlsplit(host.endpoints.runtime_url())


def post(
    address: Any, headers: dict[str, str], path: str = "/endpoints/ep/invocations", body: bytes = BODY
) -> tuple[int, str, Any]:
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return (
            response.status,
            response.headers.get("x-amzn-ErrorType", ""),
            json.loads(response.read() or b"null"),
        )
    finally:
        connection.close()


def signed(
    host: Any,
    body: bytes = BODY,
    *,
    key: str = "",
    secret: str = "",
    service: str = "sagemaker",
    at: float = 0,
) -> dict[str, str]:
    """Headers of a request signed by botocore."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url = f"{host.endpoints.runtime_url()}/endpoints/ep/invocations"
    request = AWSRequest(
        "POST", url, data=body, headers={"Content-Type": "application/json", "Host": urlsplit(url).netloc}
    )
    credentials = Credentials(key or host.credentials.access_key, secret or host.credentials.secret_key)
    signer = SigV4Auth(credentials, service, "us-east-1")
    signer.add_auth(request)
    return dict(request.headers)


def test_only_a_right_signature_or_the_token_gets_in(
    host: Any, address: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = host.credentials.token
    assert post(address, {"Authorization": f"Bearer {token}"})[2] == [[3, 6]]
    assert post(address, signed(host))[2] == [[3, 6]]
    assert post(address, {})[:2] == (403, "MissingAuthenticationToken")
    assert post(address, {"Authorization": "Bearer wrong"})[:2] == (403, "InvalidClientTokenId")
    assert post(address, {"Authorization": f"Basic {token}"})[0] == 403
    assert post(address, signed(host, key="CLARYAAAAAAAAAAAAAAA"))[:2] == (403, "InvalidClientTokenId")
    assert post(address, signed(host, secret="wrong"))[:2] == (403, "SignatureDoesNotMatch")
    assert post(address, signed(host, service="s3"))[:2] == (403, "SignatureDoesNotMatch")
    assert post(address, signed(host, body=b"[[9, 9]]"))[:2] == (403, "SignatureDoesNotMatch")
    assert post(address, signed(host), path="/endpoints/other/invocations")[0] == 403
    # Nobody learns without a key which endpoints there are.
    assert post(address, {}, path="/endpoints/other/invocations")[:2] == (403, "MissingAuthenticationToken")


def test_an_expired_signature_is_refused(host: Any, address: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth

    an_hour_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda **options: an_hour_ago)
    assert post(address, signed(host))[:2] == (403, "RequestExpired")


def test_boto3_with_wrong_keys_gets_a_modelled_error(host: Any, address: Any) -> None:
    import boto3

    session = boto3.session.Session("CLARYAAAAAAAAAAAAAAA", "nothing", region_name="us-east-1")
    client = session.client("sagemaker-runtime", endpoint_url=address.geturl())
    with pytest.raises(ClientError, match="security token included in the request is invalid"):
        client.invoke_endpoint(EndpointName="ep", Body=BODY)


def test_ping_and_unknown_paths(host: Any, address: Any) -> None:
    bearer = {"Authorization": f"Bearer {host.credentials.token}"}
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    connection.request("GET", "/ping")
    assert connection.getresponse().status == 200
    connection.close()
    assert post(address, bearer, "/somewhere")[:2] == (404, "UnknownOperationException")
    assert post(address, bearer, "/control/drain")[0] == 404, "orders come by the Unix socket only"
    assert post(address, bearer, "/endpoints/ep/control/drain")[0] == 404
    assert post(address, bearer)[2] == [[3, 6]]


def test_a_request_in_many_small_pieces_finds_its_endpoint(host: Any, address: Any) -> None:
    data = (
        f"POST /endpoints/ep/invocations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {host.credentials.token}\r\n"
        f"Content-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
    ).encode() + BODY
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(0, len(data), 7):
            connection.sendall(data[index : index + 7])
            time.sleep(0.002)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.endswith(b"[[3.0,6.0]]")


def test_connections_that_say_nothing_keep_nobody_waiting(host: Any, address: Any) -> None:
    silent = [socket.create_connection((address.hostname, address.port)) for _ in range(300)]
    half = [socket.create_connection((address.hostname, address.port)) for _ in range(50)]
    for connection in half:
        connection.sendall(b"POST /endpo")
    begun = time.monotonic()
    assert post(address, {"Authorization": f"Bearer {host.credentials.token}"})[2] == [[3, 6]]
    assert time.monotonic() - begun < 5
    for connection in (*silent, *half):
        connection.close()


@pytest.mark.slow
def test_half_a_request_line_is_answered_with_a_timeout(host: Any, address: Any) -> None:
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(b"POST /endpo")
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_many_clients_at_once_are_all_answered(host: Any, address: Any) -> None:
    wrong: list[Any] = []

    def ask(number: int) -> None:
        body = json.dumps([[number, 1]]).encode()
        for _ in range(5):
            status, _, value = post(address, {"Authorization": f"Bearer {host.credentials.token}"}, body=body)
            if (status, value) != (200, [[number * 3, 3]]):
                wrong.append((status, value))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_router_that_is_killed_comes_back_at_its_address(host: Any, address: Any, wait_until: Wait) -> None:
    import os

    known = json.loads((host.home.root / "runtime.json").read_text())
    os.kill(known["pid"], 9)
    bearer = {"Authorization": f"Bearer {host.credentials.token}"}

    def works() -> bool:
        try:
            return bool(post(address, bearer)[2] == [[3, 6]])
        except OSError:
            return False

    wait_until(works, 30, "the router to be back")
    assert host.endpoints.runtime_url() == address.geturl()
