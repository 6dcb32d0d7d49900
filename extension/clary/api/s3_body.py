"""The body of an upload: unpacked from ``aws-chunked`` where it is, and checked against every checksum that
came with it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import zlib
from collections.abc import Mapping
from typing import Any, Protocol

from clary import signing
from clary.api.errors import ApiError
from clary.api.http_types import SpooledFile
from clary.api.s3_call import Call
from clary.api.s3_chunked import Chunked, Signatures
from clary.objects.errors import BadDigest

_LENGTHS = {
    "crc32": 4,
    "crc32c": 4,
    "crc64nvme": 8,
    "sha1": 20,
    "sha256": 32,
    "sha512": 64,
    "md5": 16,
    "xxhash64": 8,
    "xxhash3": 8,
    "xxhash128": 16,
}
"""Bytes of each checksum that S3 takes. Those that Python's library cannot compute are kept as the sender
gave them."""


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


def hasher(algorithm: str) -> _Hash | None:
    """A running checksum, None for an algorithm that is taken on trust."""
    if algorithm == "crc32":
        return _Crc32()
    if algorithm in ("sha1", "sha256", "sha512", "md5"):
        return hashlib.new(algorithm, usedforsecurity=False)
    return None


class Body:
    """The bytes of an upload as a stream. At its end it raises when they are not what their sender said they
    were."""

    def __init__(self, call: Call) -> None:
        body = call.request.body
        stated = call.header("x-amz-content-sha256")
        self._source: Any = body if isinstance(body, SpooledFile) else io.BytesIO(body)
        self._chunked: Chunked | None = None
        if stated.startswith("STREAMING-") or "aws-chunked" in call.header("content-encoding"):
            length = call.header("x-amz-decoded-content-length")
            decoded = int(length) if length.isdecimal() and len(length) < 19 else None
            self._source = self._chunked = Chunked(self._source, decoded, _signatures(call, stated))
        self._expected = _expected(call)
        algorithms = {*self._expected, *_trailing(call)}
        self._known: dict[str, bytes] = {}
        if len(stated) == 64 and self._chunked is None:
            self._expected["content-sha256"] = _hex(stated)
            if isinstance(body, SpooledFile) and body.sha256:
                self._known["content-sha256"] = _hex(body.sha256)
            else:
                algorithms.add("content-sha256")
        self._hashes = {name: made for name in algorithms if (made := hasher(name.removeprefix("content-")))}
        self._ended = False
        self.size = 0

    def read(self, size: int = 1 << 20, /) -> bytes:
        """Up to `size` bytes; b'' at the end, when all checksums hold. Raises ApiError and BadDigest."""
        data: bytes = self._source.read(size)
        if data:
            self.size += len(data)
            for one in self._hashes.values():
                one.update(data)
        elif not self._ended:
            self._ended = True
            self._check()
        return data

    def _check(self) -> None:
        if self._chunked is not None:
            for name, value in self._chunked.trailers.items():
                if name.startswith("x-amz-checksum-"):
                    algorithm = name.removeprefix("x-amz-checksum-")
                    self._expected[algorithm] = _decoded(algorithm, value)
        self._known.update({name: one.digest() for name, one in self._hashes.items()})
        for name, digest in self._expected.items():
            if self._known.get(name, digest) != digest:
                raise _mismatch(name)

    def checksums(self) -> Mapping[str, str]:
        """The checksums to keep with the object, in base64; to be asked for when all was read."""
        return {
            name: base64.b64encode(value).decode()
            for name, value in self._expected.items()
            if not name.startswith("content-")
        }


def _signatures(call: Call, stated: str) -> Signatures | None:
    """What checks the signatures of chunks; None where they have none, or another login vouches for the
    caller."""
    if not stated.startswith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        return None
    said = signing.authorization(call.request.query, call.request.headers)
    return Signatures(said, call.engine.credentials) if said else None


def _expected(call: Call) -> dict[str, bytes]:
    expected = {}
    for name, value in call.request.headers.items():
        algorithm = name.lower().removeprefix("x-amz-checksum-")
        if name.lower() == f"x-amz-checksum-{algorithm}" and algorithm in _LENGTHS:
            expected[algorithm] = _decoded(algorithm, value)
    if len(expected) > 1:
        raise ApiError(
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )
    if "content-md5" in call.request.headers:
        digest = _base64(call.header("content-md5"))
        if len(digest) != 16:
            raise ApiError("InvalidDigest", "The Content-MD5 you specified was invalid.")
        expected["content-md5"] = digest
    return expected


def _trailing(call: Call) -> list[str]:
    names = [
        name.strip().lower().removeprefix("x-amz-checksum-")
        for name in call.header("x-amz-trailer").split(",")
    ]
    return [name for name in names if name in _LENGTHS]


def _decoded(algorithm: str, value: str) -> bytes:
    digest = _base64(value)
    if len(digest) != _LENGTHS.get(algorithm, -1):
        raise ApiError("InvalidRequest", f"Value for x-amz-checksum-{algorithm} header is invalid.")
    return digest


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ApiError(
            "InvalidArgument", "x-amz-content-sha256 must be a valid sha256 in hexadecimal."
        ) from None


def _mismatch(name: str) -> Exception:
    if name == "content-sha256":
        return ApiError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    shown = "Content-MD5" if name == "content-md5" else name.upper()
    return BadDigest(f"The {shown} you specified did not match the calculated checksum.")
