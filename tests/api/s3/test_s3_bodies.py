"""Bodies as other SDKs send them: in chunks of AWS's own framing, with trailing checksums."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import re
import zlib
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from clary.api.engine import Engine
from clary.api.s3_chunked import Chunked, Signatures
from clary.signing import Authorization, Credentials

TRAILER = {
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "Content-Encoding": "aws-chunked",
    "x-amz-trailer": "x-amz-checksum-crc32",
}
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"


def chunked(*parts: bytes, trailers: bytes = b"") -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return framed + b"0\r\n%b\r\n" % trailers


def text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


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


class Signer:
    """Signs chunks as the SDKs for Java and Go do; written from AWS's description, not from the code under
    test."""

    def __init__(self, secret: str, date: str, scope: str, seed: str) -> None:
        key = f"AWS4{secret}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        self.key, self.date, self.scope, self.previous = key, date, scope, seed

    def sign(self, kind: str, *rest: str) -> bytes:
        text = "\n".join([f"AWS4-HMAC-SHA256-{kind}", self.date, self.scope, self.previous, *rest])
        self.previous = hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()
        return self.previous.encode()

    def body(self, *parts: bytes, trailer: bytes = b"") -> bytes:
        framed = b""
        for part in (*parts, b""):
            signature = self.sign(
                "PAYLOAD", hashlib.sha256(b"").hexdigest(), hashlib.sha256(part).hexdigest()
            )
            framed += b"%x;chunk-signature=%b\r\n%b" % (len(part), signature, part + b"\r\n" if part else b"")
        if trailer:
            signature = self.sign("TRAILER", hashlib.sha256(trailer + b"\n").hexdigest())
            framed += trailer + b"\r\nx-amz-trailer-signature:" + signature + b"\r\n"
        return framed + b"\r\n"


def test_the_chain_of_signatures_is_that_of_awss_own_example() -> None:
    said = Authorization(
        "AKIAIOSFODNN7EXAMPLE", "20130524", "us-east-1", "s3", (), SEED, "20130524T000000Z", None
    )
    keys = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "")
    body = b"".join(
        b"%x;chunk-signature=%b\r\n%b\r\n" % (size, signature, b"a" * size)
        for size, signature in (
            (65_536, b"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1024, b"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, b"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        )
    )
    chunked = Chunked(io.BytesIO(body), 66_560, Signatures(said, keys))
    assert b"".join(iter(lambda: chunked.read(10_000), b"")) == b"a" * 66_560


@pytest.fixture
def put_signed(over_http: Callable[..., Any], engine: Engine) -> Callable[..., Any]:
    """Sends chunks that are signed along the request's own signature; `spoil` may change the body then."""
    engine.objects.create_bucket("box")
    client = over_http()

    def send(*parts: bytes, trailer: bytes = b"", spoil: Callable[[bytes], bytes] = bytes) -> str:
        kind = SIGNED + ("-TRAILER" if trailer else "")

        def change(request: Any, **_: Any) -> None:
            said = {name.lower(): text(value) for name, value in request.headers.items()}
            found = re.search(r"Credential=[^/]+/([^,]+),.*Signature=(\w+)", said["authorization"])
            assert found
            signer = Signer(engine.credentials.secret_key, said["x-amz-date"], *found.groups())
            request.body = spoil(signer.body(*parts, trailer=trailer))
            request.headers["Content-Length"] = str(len(request.body))

        def state(request: Any, **_: Any) -> None:
            for name in [name for name in request.headers if "checksum" in name.lower()]:
                del request.headers[name]
            request.headers["X-Amz-Decoded-Content-Length"] = str(sum(map(len, parts)))
            request.headers["Content-Encoding"] = "gzip,aws-chunked"
            request.context["payload_signing_enabled"] = True

        client.meta.events.register_first("before-sign.s3.PutObject", state, unique_id="state")
        client.meta.events.register("before-send.s3.PutObject", change, unique_id="change")
        with mock.patch("botocore.auth.S3SigV4Auth.payload", return_value=kind):
            try:
                client.put_object(Bucket="box", Key="k", Body=b"replaced")
            except ClientError as error:
                return str(error.response["Error"]["Code"])
        return ""

    return send


def test_signed_chunks_are_put_together(put_signed: Callable[..., Any], engine: Engine) -> None:
    assert put_signed(b"a" * 65_536, b"b" * 200_000, b"end") == ""
    assert engine.objects.read("box", "k") == b"a" * 65_536 + b"b" * 200_000 + b"end"
    assert engine.objects.head("box", "k").properties.headers == {"content-encoding": "gzip"}


def test_signed_chunks_may_have_trailers(put_signed: Callable[..., Any], engine: Engine) -> None:
    assert put_signed(b"text", trailer=b"x-amz-checksum-crc32:" + crc32(b"text")) == ""
    assert engine.objects.head("box", "k").properties.checksums == {"crc32": crc32(b"text").decode()}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body.replace(b"xt", b"XT"),
        lambda body: body.replace(b";chunk-signature", b";other"),
        lambda body: body.replace(b"chunk-signature=", b"chunk-signature=0"),
        lambda body: body.replace(b"x-amz-trailer-signature:", b"x-amz-trailer-signature:0"),
        lambda body: body.replace(b"crc32", b"crc32c"),
        lambda body: body.partition(b"x-amz-trailer-signature")[0] + b"\r\n",
    ],
)
def test_a_chunk_or_trailer_that_was_changed_is_refused(
    put_signed: Callable[..., Any], engine: Engine, spoil: Callable[[bytes], bytes]
) -> None:
    code = put_signed(b"text", trailer=b"x-amz-checksum-crc32:" + crc32(b"text"), spoil=spoil)
    assert code == "SignatureDoesNotMatch"
    assert engine.objects.list("box").objects == []


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
