"""Bodies as other SDKs send them: in chunks of AWS's own framing, with trailing checksums."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from clary.api.engine import Engine

TRAILER = {
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "Content-Encoding": "aws-chunked",
    "x-amz-trailer": "x-amz-checksum-crc32",
}
SIGNED = {
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "Content-Encoding": "gzip,aws-chunked",
}


def chunked(*parts: bytes, trailers: bytes = b"", signature: bytes = b"") -> bytes:
    framed = b"".join(b"%x%b\r\n%b\r\n" % (len(part), signature, part) for part in parts)
    return framed + b"0%b\r\n%b\r\n" % (signature, trailers)


def crc32(data: bytes) -> bytes:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big"))


@pytest.fixture
def put(raw: Callable[..., Any], engine: Engine) -> Callable[..., Any]:
    engine.objects.create_bucket("box")

    def send(body: bytes, headers: dict[str, str], decoded: int | None = None) -> tuple[int, str]:
        length = {} if decoded is None else {"x-amz-decoded-content-length": str(decoded)}
        status, _, answer = raw("PUT", "/box/k", body, {**headers, **length})
        code = answer.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()
        return status, code

    return send


def test_chunks_with_a_trailing_checksum_are_put_together(put: Callable[..., Any], engine: Engine) -> None:
    parts = [b"a" * 70_000, b"b" * 3, bytes(range(256)) * 9000]
    whole = b"".join(parts)
    body = chunked(*parts, trailers=b"x-amz-checksum-crc32:" + crc32(whole) + b"\r\n")
    assert put(body, TRAILER, len(whole)) == (200, "")
    assert engine.objects.read("box", "k") == whole
    info = engine.objects.head("box", "k")
    assert info.properties.checksums == {"crc32": crc32(whole).decode()}
    assert info.properties.headers == {}
    assert info.etag == hashlib.md5(whole).hexdigest()


def test_signed_chunks_are_read_too(put: Callable[..., Any], engine: Engine) -> None:
    body = chunked(b"a" * 65_536, b"end", signature=b";chunk-signature=" + b"0" * 64)
    assert put(body, SIGNED, 65_539) == (200, "")
    assert engine.objects.read("box", "k") == b"a" * 65_536 + b"end"
    assert engine.objects.head("box", "k").properties.headers == {"content-encoding": "gzip"}


def test_signed_chunks_may_have_trailers(put: Callable[..., Any], engine: Engine) -> None:
    trailers = (
        b"x-amz-checksum-crc32:" + crc32(b"text") + b"\r\nx-amz-trailer-signature:" + b"0" * 64 + b"\r\n"
    )
    body = chunked(b"text", trailers=trailers, signature=b";chunk-signature=" + b"0" * 64)
    headers = {**TRAILER, "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}
    assert put(body, headers, 4) == (200, "")
    assert engine.objects.read("box", "k") == b"text"


def test_an_empty_object_can_come_in_chunks(put: Callable[..., Any], engine: Engine) -> None:
    assert put(chunked(), TRAILER, 0) == (200, "")
    assert engine.objects.head("box", "k").size == 0


@pytest.mark.parametrize(
    ("body", "decoded", "code"),
    [
        (b"", 4, "IncompleteBody"),
        (b"4\r\ntext\r\n", 4, "IncompleteBody"),
        (b"4\r\nte", 4, "IncompleteBody"),
        (b"4\r\ntext\r\n0\r\n\r\n", 5, "IncompleteBody"),
        (b"4\r\ntext\r\n0\r\n\r\n", 3, "IncompleteBody"),
        (b"zz\r\ntext\r\n0\r\n\r\n", 4, "InvalidRequest"),
        (b"-4\r\ntext\r\n0\r\n\r\n", 4, "InvalidRequest"),
        (b"ffffffffffffffffffff\r\ntext", 4, "InvalidRequest"),
        (b"4\r\ntextXX0\r\n\r\n", 4, "InvalidRequest"),
        (b"\r\n4\r\ntext\r\n0\r\n\r\n", 4, "InvalidRequest"),
        (b"x" * 20_000, 4, "InvalidRequest"),
        (chunked(b"text", trailers=b"x-amz-checksum-crc32:AAAAAA==\r\n"), 4, "BadDigest"),
        (chunked(b"text", trailers=b"x-amz-checksum-crc32:nonsense\r\n"), 4, "InvalidRequest"),
    ],
)
def test_framing_that_is_wrong_is_refused_and_nothing_is_kept(
    put: Callable[..., Any], engine: Engine, body: bytes, decoded: int, code: str
) -> None:
    assert put(body, TRAILER, decoded) == (400, code)
    assert engine.objects.list("box").objects == []
    temporary = engine.home.s3 / ".clary" / "tmp"
    assert not temporary.exists() or list(temporary.iterdir()) == []


def test_a_body_that_is_not_the_signed_one_is_refused(put: Callable[..., Any], engine: Engine) -> None:
    stated = hashlib.sha256(b"what was signed").hexdigest()
    status, code = put(b"what was sent", {"x-amz-content-sha256": stated})
    assert status in (400, 403)
    assert code in ("XAmzContentSHA256Mismatch", "SignatureDoesNotMatch")
    assert put(b"what was signed", {"x-amz-content-sha256": stated}) == (200, "")
    large = b"x" * 3_000_000
    assert put(large, {"x-amz-content-sha256": hashlib.sha256(large).hexdigest()}) == (200, "")
    assert put(large[:-1] + b"y", {"x-amz-content-sha256": hashlib.sha256(large).hexdigest()})[0] in (
        400,
        403,
    )
    assert engine.objects.read("box", "k") == large


def test_two_checksums_at_once_are_refused(put: Callable[..., Any]) -> None:
    headers = {
        "x-amz-checksum-crc32": "AAAAAA==",
        "x-amz-checksum-sha1": base64.b64encode(bytes(20)).decode(),
    }
    assert put(b"", headers) == (400, "InvalidRequest")


def test_encryption_with_the_callers_key_is_refused_not_ignored(put: Callable[..., Any]) -> None:
    assert put(b"x", {"x-amz-server-side-encryption-customer-algorithm": "AES256"}) == (501, "NotImplemented")
