"""``aws-chunked`` bodies: chunks with their sizes, maybe signed one by one, and headers behind the last.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Protocol

from clary.api.errors import ApiError
from clary.signing import Authorization, Credentials, signing_key

_LONGEST_LINE = 16_384
_LONGEST_TRAILER = 65_536
_BLOCK = 65_536
_EMPTY = hashlib.sha256(b"").hexdigest()
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


class _Source(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class Signatures:
    """The chain of signatures: each chunk's covers the one before, the first one's the request's own."""

    def __init__(self, said: Authorization, credentials: Credentials) -> None:
        self._key = signing_key(credentials.secret_key, said.date, said.region, said.service)
        self._said = said
        self._previous = said.signature

    def check_chunk(self, signature: str, digest: str) -> None:
        """Raises ApiError unless `signature` is that of a chunk with this SHA-256 (hex) in this place."""
        self._check("AWS4-HMAC-SHA256-PAYLOAD", signature, f"{_EMPTY}\n{digest}")

    def check_trailer(self, signature: str, trailer: bytes) -> None:
        """The same for the headers behind the last chunk, as ``name:value`` lines."""
        self._check("AWS4-HMAC-SHA256-TRAILER", signature, hashlib.sha256(trailer).hexdigest())

    def _check(self, kind: str, signature: str, rest: str) -> None:
        text = f"{kind}\n{self._said.timestamp}\n{self._said.scope}\n{self._previous}\n{rest}"
        expected = hmac.digest(self._key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise ApiError(
                "SignatureDoesNotMatch",
                "The signature of a chunk does not match the one we calculated. Check your key and signing"
                " method.",
                403,
            )
        self._previous = expected


class Chunked:
    """Takes the framing off a body while it is read.

    `length` is what the object must have in bytes, None when that was not said; `signatures` checks chunks
    that are signed. What `read` returned counts only when it has returned b'': a wrong signature shows at the
    end of its chunk.
    """

    def __init__(self, source: _Source, length: int | None, signatures: Signatures | None = None) -> None:
        self._source = source
        self._signatures = signatures
        self._buffer = b""
        self._left = 0
        self._ended = False
        self._missing = length
        self._signature = ""
        self._digest = hashlib.sha256()
        self.trailers: dict[str, str] = {}

    def read(self, size: int = 1 << 20, /) -> bytes:
        """Up to `size` bytes of the object, b'' behind its last. Raises ApiError."""
        if not self._left and not self._ended:
            self._next_chunk()
        if self._ended:
            return b""
        data = self._take(min(size, self._left))
        self._left -= len(data)
        if self._missing is not None:
            self._missing -= len(data)
        if self._signatures is not None:
            self._digest.update(data)
        if not self._left:
            if self._take_exactly(2) != b"\r\n":
                raise _malformed()
            self._check_chunk()
        return data

    def _next_chunk(self) -> None:
        text, _, extension = self._line().partition(b";")
        text = text.strip()
        if not text or len(text) > 15 or not all(char in b"0123456789abcdefABCDEF" for char in text):
            raise _malformed()
        self._left = int(text, 16)
        name, _, value = extension.partition(b"=")
        self._signature = (
            value.strip().decode("ascii", "replace") if name.strip() == b"chunk-signature" else ""
        )
        if self._left:
            return
        self._check_chunk()
        self._ended = True
        self._read_trailers()
        if self._missing:
            raise _incomplete()

    def _check_chunk(self) -> None:
        if self._signatures is not None:
            self._signatures.check_chunk(self._signature, self._digest.hexdigest())
            self._digest = hashlib.sha256()

    def _read_trailers(self) -> None:
        signed = b""
        while line := self._line(may_end=True):
            name, _, value = line.decode("ascii", "replace").partition(":")
            self.trailers[name.strip().lower()] = value.strip()
            if name.strip().lower() != _TRAILER_SIGNATURE:
                signed += f"{name.strip().lower()}:{value.strip()}\n".encode()
            if len(signed) > _LONGEST_TRAILER:
                raise _malformed()
        if self._signatures is not None and self.trailers:
            self._signatures.check_trailer(self.trailers.get(_TRAILER_SIGNATURE, ""), signed)

    def _line(self, may_end: bool = False) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST_LINE:
                raise _malformed()
            more = self._source.read(_BLOCK)
            if not more:
                if may_end and not self._buffer.strip():
                    return b""
                raise _incomplete()
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        if len(line) > _LONGEST_LINE:
            raise _malformed()
        return line.rstrip(b"\r")

    def _take(self, size: int) -> bytes:
        if not self._buffer:
            self._buffer = self._source.read(max(size, _BLOCK))
            if not self._buffer:
                raise _incomplete()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _take_exactly(self, size: int) -> bytes:
        taken = b""
        while len(taken) < size:
            taken += self._take(size - len(taken))
        return taken


def _incomplete() -> ApiError:
    return ApiError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )


def _malformed() -> ApiError:
    return ApiError(
        "InvalidRequest", "The aws-chunked body is not well-formed: a chunk's size or end is wrong."
    )
