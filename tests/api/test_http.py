"""The HTTP front: signatures, bodies of every size and kind of brokenness, clients that go away."""

from __future__ import annotations

import http.client
import io
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
import urllib3
from botocore.exceptions import ClientError

from clary.api import addressing
from clary.api.engine import Engine
from clary.api.http_types import Headers, Request, Response, SpooledFile
from clary.api.limits import Limits

from .conftest import Front

# The head of a request for the list of models, unsigned.
POST = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SageMaker.ListModels\r\n\r\n"


def scope(service: str) -> str:
    """An Authorization header that claims to be for `service`."""
    return f"AWS4-HMAC-SHA256 Credential=k/20260101/r/{service}/aws4_request, SignedHeaders=host, Signature=x"


@pytest.fixture(autouse=True)
def models(offer: Any) -> None:
    """ListModels answers with what it was asked."""
    arn = "arn:aws:sagemaker:us-east-1:000000000000:model/m"

    def listed(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
        name = params.get("NameContains", "m")
        return {"Models": [{"ModelName": name, "ModelArn": arn, "CreationTime": 1.5}]}

    offer("sagemaker", "ListModels", listed)


@pytest.fixture
def echo(serve_with: Any) -> list[Any]:
    """An s3 that keeps nothing: tells how large a body was, in memory or not, and gives 10 MB in chunks."""
    seen: list[Any] = []

    def handle(engine: Engine, request: Request) -> Response:
        body = request.body
        spooled = isinstance(body, SpooledFile)
        content = request.content()
        seen.append((request.method, request.path, len(content), spooled))
        if request.method in ("GET", "HEAD"):
            chunks = (bytes([n]) * 100_000 for n in range(100))
            return Response(200, {"Content-Length": "10000000", "ETag": '"x"', "x-amz-meta-a": "ü"}, chunks)
        return Response(200, {"ETag": '"x"', "Content-Length": "0"})

    serve_with("s3", handle)
    return seen


def code_of(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_signed_request_is_answered(front: Front) -> None:
    answer = front.client("sagemaker").list_models(NameContains="x")
    assert [model["ModelName"] for model in answer["Models"]] == ["x"]
    assert answer["Models"][0]["CreationTime"] == datetime.fromtimestamp(1.5, UTC)
    assert (
        answer["ResponseMetadata"]["RequestId"]
        == answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    )


def test_a_wrong_secret_is_refused(front: Front) -> None:
    client = front.client("sagemaker", secret="wrong")
    assert code_of(client.list_models) == ("InvalidSignatureException", 403)
    assert code_of(front.client("s3", secret="wrong").list_buckets) == ("SignatureDoesNotMatch", 403)
    assert code_of(front.client("sts", secret="wrong").get_caller_identity) == ("SignatureDoesNotMatch", 403)


def test_a_wrong_key_id_is_refused(front: Front) -> None:
    assert code_of(front.client("sagemaker", key="AKIAWRONG").list_models) == (
        "UnrecognizedClientException",
        403,
    )
    assert code_of(front.client("s3", key="AKIAWRONG").list_buckets) == ("InvalidAccessKeyId", 403)


@pytest.mark.parametrize(("minutes", "word"), [(-6, "expired"), (6, "not yet current")])
def test_a_clock_that_is_off_by_more_than_five_minutes_is_refused(
    front: Front, minutes: int, word: str
) -> None:
    moved = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=minutes)
    with (
        mock.patch("botocore.auth.get_current_datetime", return_value=moved),
        pytest.raises(ClientError) as caught,
    ):
        front.client("sagemaker").list_models()
    assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"
    assert word in caught.value.response["Error"]["Message"]


def test_no_signature_gets_through_to_nothing(front: Front, echo: list[Any]) -> None:
    http = urllib3.PoolManager()
    target = {"X-Amz-Target": "SageMaker.ListModels"}
    for method, path, headers in (
        ("POST", "/", target),
        ("POST", "/", {**target, "Authorization": "Basic eDp5"}),
        ("GET", "/", {}),
        ("PUT", "/bucket/key", {}),
        ("GET", "/clary/environment", {}),
        ("GET", "/clary/doctor", {"Authorization": "Bearer wrong"}),
        ("POST", "/endpoints/e/invocations", {}),
        ("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}),
    ):
        answer = http.request(
            method, front.url + path, headers=headers, body=b"{}" if method != "GET" else None
        )
        assert answer.status == 403, (method, path)
    assert echo == []


def test_the_bearer_token_opens_what_clary_adds_but_not_aws(front: Front) -> None:
    http = urllib3.PoolManager()
    bearer = {"Authorization": f"Bearer {front.engine.credentials.token}"}
    assert http.request("GET", f"{front.url}/clary/nothing", headers=bearer).status == 404
    assert http.request("POST", f"{front.url}/clary/doctor", headers=bearer, body=b"").status == 405
    answer = http.request(
        "POST", front.url, headers={**bearer, "X-Amz-Target": "SageMaker.ListModels"}, body=b"{}"
    )
    assert answer.status == 403


def test_a_presigned_address_of_either_version_works_without_a_key(front: Front, echo: list[Any]) -> None:
    from botocore.config import Config

    http = urllib3.PoolManager()
    for version in ("s3v4", "s3"):
        client = front.client("s3", config=Config(signature_version=version, s3={"addressing_style": "path"}))
        get = client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "a b/ü"})
        put = client.generate_presigned_url("put_object", Params={"Bucket": "bucket", "Key": "k"})
        assert len(http.request("GET", get).data) == 10_000_000
        assert http.request("PUT", put, body=b"x" * 3_000_000).status == 200
        assert http.request("GET", get.replace("bucket", "bocket")).status == 403
        assert http.request("DELETE", get).status == 403
    assert echo[1] == ("PUT", "/bucket/k", 3_000_000, True)


def test_small_bodies_stay_in_memory_and_large_ones_go_to_a_file(front: Front, echo: list[Any]) -> None:
    client = front.client("s3")
    client.put_object(Bucket="bucket", Key="small", Body=b"x" * 1000)
    client.put_object(Bucket="bucket", Key="large", Body=io.BytesIO(b"x" * 20_000_000))
    # aws-chunked framing (checksums in trailers) is part of what the handler reads.
    (_, _, small, in_file), (_, _, large, large_in_file) = echo
    assert (in_file, large_in_file) == (False, True)
    assert 1000 <= small < 1500
    assert 20_000_000 <= large < 20_100_000


def test_answers_in_chunks_arrive_whole_and_heads_have_no_body(front: Front, echo: list[Any]) -> None:
    client = front.client("s3")
    answer = client.get_object(Bucket="bucket", Key="k")
    assert answer["Body"].read() == b"".join(bytes([n]) * 100_000 for n in range(100))
    head = client.head_object(Bucket="bucket", Key="k")
    assert head["ContentLength"] == 10_000_000
    assert head["ResponseMetadata"]["HTTPHeaders"]["etag"] == '"x"'


def test_a_large_body_without_a_key_is_not_taken(front: Front, echo: list[Any]) -> None:
    head = b"PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\nExpect: 100-continue\r\n\r\n"
    answer = front.raw(head)
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"100 (Continue)" not in answer
    assert b"AccessDenied" in answer
    assert echo == []


def test_a_body_over_the_limit_is_refused_in_the_services_own_words(front: Front) -> None:
    huge = b"{" + b" " * (9 * 2**20) + b"}"
    head = POST.replace(b"\r\n\r\n", f"\r\nContent-Length: {len(huge)}\r\nConnection: close\r\n\r\n".encode())
    answer = front.raw(head, huge)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"HTTP content length exceeded 8388608 bytes." in answer
    assert code_of(
        front.client("sagemaker-runtime").invoke_endpoint, EndpointName="e", Body=b"x" * (6 * 2**20 + 1)
    ) == ("ValidationError", 413)


def test_a_chunked_body_over_the_limit_is_refused(fronts: Any) -> None:
    front = fronts(Limits(request_bytes=1000))
    more = b"\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nAuthorization: AWS4-HMAC-SHA256 x\r\n\r\n"
    head = POST.replace(b"\r\n\r\n", more)
    chunk = b"3e8\r\n" + b" " * 1000 + b"\r\n"
    assert front.raw(head, chunk * 5, b"0\r\n\r\n").startswith(b"HTTP/1.1 4")


def test_a_body_that_stops_coming_is_given_up_with_an_answer(fronts: Any, echo: list[Any]) -> None:
    front = fronts(Limits(stall_s=0.3))
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SageMaker.ListModels\r\nContent-Length: 100\r\n\r\n{"
    begin = time.monotonic()
    answer = front.raw(head)
    assert time.monotonic() - begin < 5
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"RequestTimeout" in answer
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    "data",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /%zz%/../..//\xff\xfe?%%%&=&a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: \xff\xfe.\xf0\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_a_malformed_request_is_answered_or_cut_off_but_never_left_hanging(front: Front, data: bytes) -> None:
    answer = front.raw(data)
    assert b"<timeout>" not in answer
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert front.client("sagemaker").list_models()["Models"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"MaxResults":"x"}', b'{"MaxResults":0}'])
def test_bad_json_over_http_is_a_client_error_of_the_model(front: Front, body: bytes) -> None:
    request: dict[str, Any] = {}

    def swap(params: dict[str, Any], **_: Any) -> None:
        params["body"] = body
        request.update(params)

    client = front.client("sagemaker")
    client.meta.events.register("before-call.sagemaker.ListModels", swap)
    if not body:
        assert client.list_models()["Models"]
        return
    code, status = code_of(client.list_models)
    assert status == 400
    assert code in ("SerializationException", "ValidationException")


def test_clients_that_go_away_leave_the_server_in_good_health(front: Front, serve_with: Any) -> None:
    closed = threading.Event()
    address = front.url.removeprefix("http://").split(":")

    class Endless:
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x" * 65_536

        def close(self) -> None:
            closed.set()

    serve_with("s3", lambda engine, request: Response(200, {}, Endless()))
    url = front.client("s3").generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "k"})
    for data in (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHo",
        f"GET {url.removeprefix(front.url)} HTTP/1.1\r\nHost: {':'.join(address)}\r\n\r\n".encode(),
    ):
        with socket.create_connection((address[0], int(address[1]))) as connection:
            # Closing with this option sends a reset, as a killed client's kernel does.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(data)
            if data.startswith(b"GET"):
                assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    assert closed.wait(10)
    assert front.client("sagemaker").list_models()["Models"]


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(front: Front, serve_with: Any) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("the disk is gone")

    serve_with("s3", lambda engine, request: Response(200, {"Content-Length": "8"}, broken()))
    with pytest.raises(Exception, match=r"Connection broken|IncompleteRead|closed"):
        front.client("s3").get_object(Bucket="bucket", Key="k")["Body"].read()


def test_keep_alive_serves_request_after_request(front: Front) -> None:
    connection = http.client.HTTPConnection(front.url.removeprefix("http://"), timeout=10)
    connection.connect()
    first = connection.sock
    for body in (b"{}", b"", b"x" * 9_000_000, b"{}"):
        connection.request("POST", "/", body, {"X-Amz-Target": "SageMaker.ListModels"})
        answer = connection.getresponse()
        assert answer.status == (413 if len(body) > 100 else 403)
        assert answer.read()
        assert connection.sock is first
    connection.close()


def test_a_full_disk_while_a_body_comes_is_told(front: Front, echo: list[Any]) -> None:
    error = OSError(28, "No space left on device")
    with mock.patch("clary.api.receiving.BodyReceiver.spill", side_effect=error):
        code, status = code_of(front.client("s3").put_object, Bucket="bucket", Key="k", Body=b"x" * 3_000_000)
    assert (code, status) == ("InternalError", 507)
    assert echo == []


def test_a_bug_is_an_internal_failure_with_the_request_id(front: Front, offer: Any) -> None:
    def broken(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
        raise ZeroDivisionError("oops")

    offer("sagemaker", "ListModels", broken)
    with pytest.raises(ClientError) as caught:
        front.client("sagemaker").list_models()
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("InternalFailure", 500)
    assert answer["ResponseMetadata"]["RequestId"] in answer["Error"]["Message"]


def test_a_service_that_clary_does_not_have_is_named(front: Front) -> None:
    with pytest.raises(ClientError, match="Clary does not offer the service dynamodb"):
        front.client("dynamodb").list_tables()
    with pytest.raises(ClientError, match="Clary does not offer the service sqs"):
        front.client("sqs").list_queues()
    with pytest.raises(ClientError, match="Clary does not offer the service lambda"):
        front.client("lambda").list_functions()


def test_a_waiter_is_answered_when_the_status_changes_and_not_two_minutes_later(
    front: Front, offer: Any
) -> None:
    begin = time.monotonic()

    def describe(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
        name = params["EndpointName"]
        status = "Creating" if time.monotonic() - begin < 1 else "InService"
        arn = "arn:aws:sagemaker:us-east-1:000000000000:endpoint/e"
        times = {"CreationTime": 1.0, "LastModifiedTime": 1.0}
        return {"EndpointName": name, "EndpointArn": arn, "EndpointStatus": status, **times}

    offer("sagemaker", "DescribeEndpoint", describe)
    client = front.client("sagemaker")
    assert client.describe_endpoint(EndpointName="e")["EndpointStatus"] == "Creating"
    assert time.monotonic() - begin < 0.9
    client.get_waiter("endpoint_in_service").wait(EndpointName="e")
    assert 0.9 < time.monotonic() - begin < 5


def test_metrics_of_a_job_that_is_not_there_are_an_error(front: Front) -> None:
    bearer = {"Authorization": f"Bearer {front.engine.credentials.token}"}
    answer = urllib3.request("GET", f"{front.url}/clary/training-jobs/none/metrics", headers=bearer)
    assert answer.status == 400
    assert "Could not find training job" in json.loads(answer.data)["Message"]


def test_large_bodies_side_by_side_leave_nothing_on_disk(front: Front, echo: list[Any]) -> None:
    assert front.engine.credentials
    before = set(front.engine.home.root.iterdir())
    client = front.client("s3")
    workers = [
        threading.Thread(
            target=client.put_object, kwargs={"Bucket": "bucket", "Key": str(n), "Body": b"x" * 5_000_000}
        )
        for n in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(echo) == 4
    assert all(spooled for *_, spooled in echo)
    assert set(front.engine.home.root.iterdir()) == before


@pytest.mark.parametrize("prefix", ["", "/user/someone/clary/aws"])
def test_what_stands_before_the_path_is_part_of_what_was_signed(engine: Engine, prefix: str) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    head = {"Host": "127.0.0.1:8888", "X-Amz-Target": "SageMaker.ListModels"}
    signed = AWSRequest("POST", f"http://127.0.0.1:8888{prefix}/", headers=head, data=b"{}")
    keys = Credentials(engine.credentials.access_key, engine.credentials.secret_key)
    SigV4Auth(keys, "sagemaker", "us-east-1").add_auth(signed)
    headers = Headers(dict(signed.headers.items()))
    assert engine.handle(Request("POST", "/", "", headers, b"{}", prefix=prefix)).status == 200
    assert engine.handle(Request("POST", "/", "", headers, b"{}", prefix="/elsewhere")).status == 403


@pytest.mark.parametrize(
    ("headers", "path", "service"),
    [
        ({"X-Amz-Target": "SageMaker.X"}, "/", "sagemaker"),
        ({"X-Amz-Target": "Logs_20140328.X"}, "/", "logs"),
        ({}, "/endpoints/e/invocations", "sagemaker-runtime"),
        ({}, "/endpoints/e/invocations-response-stream", "sagemaker-runtime"),
        ({}, "/clary/doctor", "clary"),
        ({"Authorization": scope("s3")}, "/clary/doctor", "s3"),
        ({"Authorization": scope("s3")}, "/endpoints/e/invocations", "s3"),
        ({"Authorization": scope("sagemaker")}, "/", "sagemaker"),
        ({"Authorization": scope("iam")}, "/", "iam"),
        ({"Host": "sts.amazonaws.com"}, "/", "sts"),
        ({"Host": "bucket.s3.eu-west-1.amazonaws.com"}, "/k", "s3"),
        ({}, "/bucket/key", "s3"),
    ],
)
def test_the_service_is_found_by_target_scope_path_and_host(
    headers: dict[str, str], path: str, service: str
) -> None:
    assert addressing.service_of(Request("POST", path, "", Headers(headers))) == service


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("bucket.s3.us-east-1.amazonaws.com", "/bucket/k"),
        ("bucket.s3.amazonaws.com", "/bucket/k"),
        ("my.bucket.s3-eu-west-1.amazonaws.com", "/my.bucket/k"),
        ("bucket.s3.dualstack.eu-west-1.amazonaws.com", "/bucket/k"),
        ("bucket.localhost:8181", "/bucket/k"),
        ("s3.us-east-1.amazonaws.com", "/k"),
        ("127.0.0.1:8181", "/k"),
        ("localhost:8181", "/k"),
    ],
)
def test_a_bucket_in_the_host_name_moves_into_the_path(host: str, path: str) -> None:
    request = Request("GET", "/k", "", Headers({"Host": host}))
    addressing.path_style(request)
    assert (request.path, request.signed_path) == (path, "/k")
