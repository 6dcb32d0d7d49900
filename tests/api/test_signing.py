"""Signatures: botocore signs, Clary checks, and nothing that was changed on the way gets through."""

from __future__ import annotations

import hashlib
import multiprocessing
import stat
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.api.http_types import Headers
from clary.home import Home
from clary.signing import Credentials, SignatureError, load_or_mint, v2, verify, verify_bearer

KEYS = Credentials("CLARYAAAAAAAAAAAAAAA", "secret", "token")
HOST = "http://127.0.0.1:8080"


def signed(
    method: str = "POST",
    path: str = "/",
    body: bytes = b"{}",
    *,
    service: str = "sagemaker",
    secret: str = "secret",
    key: str = KEYS.access_key,
    headers: dict[str, str] | None = None,
    signer: Any = None,
    **options: Any,
) -> dict[str, Any]:
    """The arguments of `verify` for a request that botocore signed now."""
    request = AWSRequest(
        method, HOST + path, headers={"Host": urlsplit(HOST).netloc, **(headers or {})}, data=body
    )
    kind = signer or (S3SigV4Auth if service == "s3" else SigV4Auth)
    kind(BotoCredentials(key, secret), service, "us-east-1", **options).add_auth(request)
    url = urlsplit(request.url)
    return {
        "method": method,
        "raw_path": url.path,
        "raw_query": url.query,
        "headers": Headers(dict(request.headers.items())),
        "body": body,
        "credentials": KEYS,
        "now": time.time(),
    }


def refused(arguments: dict[str, Any]) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(**arguments)
    return caught.value.code


@pytest.mark.parametrize("service", ["sagemaker", "s3", "logs", "sts"])
def test_a_signed_request_passes_and_tells_its_scope(service: str) -> None:
    said = verify(**signed(service=service))
    assert (said.access_key, said.service, said.region) == (KEYS.access_key, service, "us-east-1")


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/a%20b/c%2Bd", "sagemaker"),
        ("/endpoints/x/invocations", "sagemaker"),
        ("/a//b/./c/../d/", "sagemaker"),
        ("/user/x/clary/aws/", "sagemaker"),
        ("/bucket/a%20b/../c//d%2Be", "s3"),
        ("/bucket/%C3%BC", "s3"),
        ("/b?list-type=2&prefix=a%2Fb&delimiter=%2F&x", "s3"),
        ("/b?uploads", "s3"),
    ],
)
def test_paths_and_queries_are_canonical_as_botocore_makes_them(path: str, service: str) -> None:
    verify(**signed("GET", path, b"", service=service))


def test_headers_are_folded_as_botocore_folds_them() -> None:
    verify(
        **signed(headers={"X-Amz-Meta-A": "  two   words ", "X-Amz-Target": "SageMaker.ListModels", "A": "ü"})
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"body": b"{ }"}, "SignatureDoesNotMatch"),
        ({"method": "PUT"}, "SignatureDoesNotMatch"),
        ({"raw_path": "/x"}, "SignatureDoesNotMatch"),
        ({"raw_query": "a=b"}, "SignatureDoesNotMatch"),
        ({"headers": Headers()}, "MissingAuthenticationToken"),
        ({"headers": Headers({"Authorization": "Basic abc"})}, "IncompleteSignature"),
        ({"headers": Headers({"Authorization": "AWS4-HMAC-SHA256 nonsense"})}, "IncompleteSignature"),
        (
            {
                "headers": Headers(
                    {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=, Signature="}
                )
            },
            "IncompleteSignature",
        ),
        ({"credentials": Credentials("OTHER", "secret", "")}, "InvalidClientTokenId"),
        ({"credentials": Credentials(KEYS.access_key, "other", "")}, "SignatureDoesNotMatch"),
    ],
)
def test_anything_changed_is_refused(change: dict[str, Any], code: str) -> None:
    assert refused({**signed(), **change}) == code


@pytest.mark.parametrize("name", ["X-Amz-Target", "X-Amz-Security-Token"])
def test_a_header_of_amazon_that_was_not_signed_is_refused(name: str) -> None:
    arguments = signed()
    arguments["headers"][name] = "SageMaker.DeleteModel"
    assert refused(arguments) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("service", "skew_s", "code"),
    [
        ("sagemaker", 299, None),
        ("sagemaker", 302, "RequestExpired"),
        ("sagemaker", -298, None),
        ("sagemaker", -302, "SignatureDoesNotMatch"),
        ("s3", 898, None),
        ("s3", 902, "RequestTimeTooSkewed"),
        ("s3", -902, "RequestTimeTooSkewed"),
    ],
)
def test_a_signature_holds_five_minutes_and_fifteen_for_s3(
    service: str, skew_s: int, code: str | None
) -> None:
    arguments = signed(service=service)
    arguments["now"] += skew_s
    if code is None:
        verify(**arguments)
    else:
        assert refused(arguments) == code


def test_the_body_of_an_s3_request_must_be_the_one_that_was_signed() -> None:
    arguments = signed("PUT", "/b/k", b"one", service="s3")
    assert refused({**arguments, "body": b"two"}) == "XAmzContentSHA256Mismatch"
    verify(**{**arguments, "body": hashlib.sha256(b"one").hexdigest()})
    # The head alone, before the body has come.
    verify(**{**arguments, "body": None})
    assert refused({**signed(), "body": None}) == "IncompleteSignature"


def test_only_s3_takes_bodies_that_are_not_signed() -> None:
    unsigned = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    assert refused(signed(headers=unsigned)) == "SignatureDoesNotMatch"


def test_a_presigned_address_works_until_it_expires_and_only_as_it_is() -> None:
    arguments = signed(
        "GET", "/bucket/a%20b?versionId=1", b"", service="s3", signer=S3SigV4QueryAuth, expires=60
    )
    assert verify(**arguments).expires == 60
    assert refused({**arguments, "now": arguments["now"] + 62}) == "AccessDenied"
    assert refused({**arguments, "raw_path": "/bucket/other"}) == "SignatureDoesNotMatch"
    longer = arguments["raw_query"].replace("X-Amz-Expires=60", "X-Amz-Expires=6000")
    assert refused({**arguments, "raw_query": longer}) == "SignatureDoesNotMatch"
    for_ever = arguments["raw_query"].replace("X-Amz-Expires=60", "X-Amz-Expires=604801")
    assert refused({**arguments, "raw_query": for_ever}) == "IncompleteSignature"
    verify(**signed("GET", "/", b"", service="sts", signer=SigV4QueryAuth))


@pytest.mark.parametrize(
    "path", ["/bucket/a%20b", "/bucket/k?uploadId=x&partNumber=2", "/bucket/k?response-content-type=a%2Fb"]
)
def test_an_address_presigned_by_version_two_works_until_it_expires_and_only_as_it_is(path: str) -> None:
    request = AWSRequest("GET", HOST + path)
    HmacV1QueryAuth(BotoCredentials(KEYS.access_key, KEYS.secret_key), expires=60).add_auth(request)
    url = urlsplit(request.url)
    now = time.time()
    assert v2.is_presigned(url.query)
    v2.verify_presigned("GET", url.path, url.query, Headers(), KEYS, now)
    for method, resource, later in (("PUT", url.path, 0), ("GET", "/bucket/other", 0), ("GET", url.path, 62)):
        with pytest.raises(SignatureError):
            v2.verify_presigned(method, resource, url.query, Headers(), KEYS, now + later)
    other = Credentials("OTHER", KEYS.secret_key, "")
    with pytest.raises(SignatureError, match="InvalidClientTokenId"):
        v2.verify_presigned("GET", url.path, url.query, Headers(), other, now)


@given(
    path=st.text(max_size=40),
    query=st.text(max_size=80),
    header=st.text(max_size=80),
    date=st.text(max_size=20),
    body=st.binary(max_size=10),
)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_is_refused_with_a_signature_error(
    path: str, query: str, header: str, date: str, body: bytes
) -> None:
    for text in (
        header,
        f"AWS4-HMAC-SHA256 {header}",
        f"AWS4-HMAC-SHA256 Credential={KEYS.access_key}/20260101/r/s/aws4_request, "
        f"SignedHeaders=host, Signature={header}",
    ):
        headers = Headers({"Authorization": text, "X-Amz-Date": date, "Host": "h"})
        with pytest.raises(SignatureError):
            verify("POST", path, query, headers, body, KEYS, time.time())
    with pytest.raises(SignatureError):
        verify("GET", path, f"X-Amz-Algorithm=AWS4-HMAC-SHA256&{query}", Headers(), body, KEYS, time.time())
    with pytest.raises(SignatureError):
        v2.verify_presigned(
            "GET", path, f"AWSAccessKeyId=x&Signature=y&{query}", Headers(), KEYS, time.time()
        )


def test_the_bearer_token_is_compared_whole() -> None:
    assert verify_bearer("Bearer token", KEYS)
    assert verify_bearer("bearer token", KEYS)
    for wrong in ("", "Bearer", "Bearer ", "Bearer tokens", "Basic token", "Bearer tök"):
        assert not verify_bearer(wrong, KEYS)


def test_checking_a_signature_takes_less_than_sixty_microseconds() -> None:
    arguments = signed(
        headers={"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
    )
    best = float("inf")
    for _ in range(20):
        begin = time.perf_counter()
        for _ in range(50):
            verify(**arguments)
        best = min(best, (time.perf_counter() - begin) / 50)
    assert best < 60e-6


def test_keys_are_minted_once_and_only_their_owner_can_read_them(home: Home) -> None:
    first = load_or_mint(home)
    assert load_or_mint(home) == first
    assert stat.S_IMODE(home.credentials.stat().st_mode) == 0o600
    home.credentials.chmod(0o644)
    assert load_or_mint(home) == first
    assert stat.S_IMODE(home.credentials.stat().st_mode) == 0o600
    assert len(first.access_key) == 20
    assert first.secret_key not in repr(first)


def test_a_damaged_credentials_file_is_named(home: Home) -> None:
    home.credentials.write_text("{}")
    with pytest.raises(ValueError, match=str(home.credentials)):
        load_or_mint(home)


def _mint(root: str, gate: Any, results: Any) -> None:
    gate.wait()
    results.put(load_or_mint(Home(Path(root))).secret_key)


def test_processes_that_race_for_the_first_keys_all_get_the_same(home: Home) -> None:
    context = multiprocessing.get_context("fork")
    gate, results = context.Barrier(8), context.Queue()
    workers = [context.Process(target=_mint, args=(str(home.root), gate, results)) for _ in range(8)]
    for worker in workers:
        worker.start()
    found = {results.get(timeout=30) for _ in workers}
    for worker in workers:
        worker.join(10)
    assert found == {load_or_mint(home).secret_key}
    assert sorted(path.name for path in home.root.iterdir() if "credentials" in path.name) == [
        home.credentials.name
    ]
