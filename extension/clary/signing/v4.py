"""AWS Signature Version 4, the checking side.

Pure algorithm, shared by the API's HTTP front and by endpoint processes.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import gmtime, strftime
from urllib.parse import unquote_plus

from clary.signing.canonical import canonical_paths, canonical_query, folded
from clary.signing.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
# How far a clock may be off, in seconds, and how long a presigned address may live: AWS's figures.
SKEW_S = 300
SKEW_S3_S = 900
LONGEST_PRESIGNED_S = 7 * 86_400
_HEX64 = re.compile(r"[0-9a-f]{64}")
_SCOPE = re.compile(r"([^/]+)/([0-9]{8})/([^/]+)/([^/]+)/aws4_request")
_TIMESTAMP = re.compile("([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")


class SignatureError(Exception):
    """A request that is not signed as it must be. `code` is AWS's (the query protocol's spelling)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Authorization:
    """What a signed request says about its signature. `expires` is None for header signatures (seconds
    otherwise).
    """

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    expires: int | None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def authorization(query: str, headers: Mapping[str, str]) -> Authorization | None:
    """What the request says of its signature, or None when it carries none at all.

    `query` is raw; `headers` finds names without regard to case, or has them in lower case.
    Raises SignatureError (IncompleteSignature) when a part is missing or malformed.
    """
    header = headers.get("authorization", "")
    if header:
        return _from_header(header, headers)
    if "X-Amz-Signature=" in query or "X-Amz-Algorithm=" in query or "X-Amz-Credential=" in query:
        return _from_query(query)
    return None


def verify(
    method: str,
    raw_path: str,
    raw_query: str,
    headers: Mapping[str, str],
    body: bytes | str | None,
    credentials: Credentials,
    now: float,
) -> Authorization:
    """Check the signature of a request, in its Authorization header or (presigned) in its query.

    `raw_path` and `raw_query` are as they came over the wire; `headers` finds names without regard to case,
    or has them in lower case; `body` is the body, or its SHA-256 in hex, or None while it has not arrived
    (then the request must state the digest itself, and `verify_payload` follows); `now` in epoch seconds.
    Returns what the request said about itself; raises SignatureError.
    """
    said = authorization(raw_query, headers)
    if said is None:
        raise SignatureError("MissingAuthenticationToken", "Request is missing Authentication Token")
    if not hmac.compare_digest(said.access_key.encode(), credentials.access_key.encode()):
        raise SignatureError("InvalidClientTokenId", "The security token included in the request is invalid.")
    _check_time(said, now)
    _check_signed_headers(said, headers)
    digest = _stated_digest(said, headers)
    if digest is None:
        if body is None:
            raise SignatureError("IncompleteSignature", "The request must state x-amz-content-sha256.")
        digest = body if isinstance(body, str) else hashlib.sha256(body).hexdigest()
    elif body is not None:
        verify_payload(digest, body)
    lines = "".join(f"{name}:{folded(headers.get(name, ''))}\n" for name in said.signed_headers)
    rest = f"{canonical_query(raw_query)}\n{lines}\n{';'.join(said.signed_headers)}\n{digest}"
    for path in canonical_paths(raw_path, said.service):
        if hmac.compare_digest(_signature(f"{method}\n{path}\n{rest}", said, credentials), said.signature):
            return said
    raise SignatureError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
    )


def verify_payload(stated: str, body: bytes | str) -> None:
    """Check that a body (or its SHA-256 in hex) is the one that was signed. Raises SignatureError."""
    if not _HEX64.fullmatch(stated):  # UNSIGNED-PAYLOAD, or chunks that carry signatures of their own
        return
    actual = body if isinstance(body, str) else hashlib.sha256(body).hexdigest()
    if actual != stated:
        raise SignatureError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )


@lru_cache(maxsize=64)
def signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    """The key that signs everything of one day, region and service."""
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _signature(canonical: str, said: Authorization, credentials: Credentials) -> str:
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"{ALGORITHM}\n{said.timestamp}\n{said.scope}\n{digest}"
    key = signing_key(credentials.secret_key, said.date, said.region, said.service)
    return hmac.digest(key, text.encode(), "sha256").hex()


def _from_header(header: str, headers: Mapping[str, str]) -> Authorization:
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise SignatureError(
            "IncompleteSignature", f"Unsupported authorization {algorithm[:40]!r}: sign with {ALGORITHM}."
        )
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    timestamp = headers.get("x-amz-date", "")
    if not timestamp and "date" in headers:
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            moment = parsedate_to_datetime(headers["date"])
            timestamp = strftime("%Y%m%dT%H%M%SZ", gmtime(moment.timestamp()))
    return _assembled(
        parts.get("Credential"),
        parts.get("SignedHeaders"),
        parts.get("Signature"),
        timestamp,
        None,
        "Authorization header",
    )


def _from_query(query: str) -> Authorization:
    parts: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name.startswith("X-Amz-"):
            parts[name] = unquote_plus(value)
    if parts.get("X-Amz-Algorithm") != ALGORITHM:
        raise SignatureError("IncompleteSignature", f"X-Amz-Algorithm must be {ALGORITHM}.")
    try:
        expires = int(parts.get("X-Amz-Expires", ""))
    except ValueError:
        raise SignatureError("IncompleteSignature", "X-Amz-Expires must be a number of seconds.") from None
    if not 0 < expires <= LONGEST_PRESIGNED_S:
        raise SignatureError(
            "IncompleteSignature", f"X-Amz-Expires must be between 1 and {LONGEST_PRESIGNED_S} seconds."
        )
    return _assembled(
        parts.get("X-Amz-Credential"),
        parts.get("X-Amz-SignedHeaders"),
        parts.get("X-Amz-Signature"),
        parts.get("X-Amz-Date", ""),
        expires,
        "query",
    )


def _assembled(
    credential: str | None,
    signed: str | None,
    signature: str | None,
    timestamp: str,
    expires: int | None,
    where: str,
) -> Authorization:
    if not credential or not signed or not signature:
        raise SignatureError(
            "IncompleteSignature", f"The {where} must hold Credential, SignedHeaders and Signature."
        )
    scope = _SCOPE.fullmatch(credential)
    if scope is None:
        raise SignatureError(
            "IncompleteSignature", "Credential must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request."
        )
    names = tuple(signed.lower().split(";"))
    if names != tuple(sorted(set(names))):
        raise SignatureError("IncompleteSignature", "SignedHeaders must be sorted and free of repetitions.")
    return Authorization(scope[1], scope[2], scope[3], scope[4], names, signature, timestamp, expires)


def _check_time(said: Authorization, now: float) -> None:
    try:
        # strptime would take a quarter of the time that the whole check may take.
        moment = _TIMESTAMP.fullmatch(said.timestamp)
        signed_at = timegm(tuple(map(int, moment.groups()))) if moment else None
    except ValueError:
        signed_at = None
    if signed_at is None:
        raise SignatureError("IncompleteSignature", "The request must carry its time in X-Amz-Date.")
    if not said.timestamp.startswith(said.date):
        raise SignatureError(
            "SignatureDoesNotMatch", "Date in Credential scope does not match the date of the request."
        )
    skew = SKEW_S3_S if said.service == "s3" else SKEW_S
    stamp = strftime("%Y%m%dT%H%M%SZ", gmtime(now))
    if signed_at > now + skew:
        raise SignatureError(
            "RequestTimeTooSkewed" if said.service == "s3" else "SignatureDoesNotMatch",
            f"Signature not yet current: {said.timestamp} is still later than {stamp} ({skew // 60} min.)",
        )
    if said.expires is None:
        if signed_at < now - skew:
            raise SignatureError(
                "RequestTimeTooSkewed" if said.service == "s3" else "RequestExpired",
                f"Signature expired: {said.timestamp} is now earlier than {stamp} ({skew // 60} min.)",
            )
    elif signed_at + said.expires < now:
        raise SignatureError(
            "AccessDenied", f"Request has expired: it was valid for {said.expires} s from {said.timestamp}."
        )


def _check_signed_headers(said: Authorization, headers: Mapping[str, str]) -> None:
    if "host" not in said.signed_headers:
        raise SignatureError(
            "SignatureDoesNotMatch", "'Host' must be a 'SignedHeader' in the AWS Authorization."
        )
    for name in headers:
        lower = name.lower()
        if not lower.startswith("x-amz-") or lower in said.signed_headers:
            continue
        if said.expires is not None and lower == "x-amz-content-sha256":
            continue
        raise SignatureError(
            "SignatureDoesNotMatch",
            f"There were headers present in the request which were not signed: {lower}",
        )


def _stated_digest(said: Authorization, headers: Mapping[str, str]) -> str | None:
    """The digest line of the canonical request as far as the request states it."""
    stated = headers.get("x-amz-content-sha256")
    if said.expires is not None:
        # S3 never knows the body of a presigned request; other services are presigned without one.
        if said.service == "s3":
            return stated if stated and "x-amz-content-sha256" in said.signed_headers else UNSIGNED
        return EMPTY_SHA256
    if stated and said.service != "s3" and not _HEX64.fullmatch(stated):
        raise SignatureError(
            "SignatureDoesNotMatch", f"The body must be signed; x-amz-content-sha256 is {stated[:80]!r}."
        )
    return stated or None
