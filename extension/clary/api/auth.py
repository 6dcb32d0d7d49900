"""Who may ask: SigV4 or the bearer token over HTTP. The in-process door and Jupyter's login do not come
through here.
"""

from __future__ import annotations

import copy
import time

from clary import signing
from clary.api.addressing import path_style
from clary.api.errors import ApiError
from clary.api.http_types import Request, SpooledFile
from clary.signing import v2

# The runtime address takes a token instead of a signature, for light clients; so does what Clary adds beside
# AWS.
_BEARER_SERVICES = ("sagemaker-runtime", "clary")


def check(
    request: Request, service: str, credentials: signing.Credentials, *, body_known: bool = True
) -> None:
    """Let the request to `service` pass or raise ApiError (403).

    With `body_known` False only the head is judged, which needs it to state the body's digest; the caller
    then checks the whole request again when the body is there.
    """
    header = request.headers.get("authorization", "")
    if service in _BEARER_SERVICES and header[:7].lower() == "bearer ":
        if not signing.verify_bearer(header, credentials):
            raise ApiError(
                "InvalidClientTokenId", "The bearer token included in the request is invalid.", 403
            )
        return
    if service == "s3" and "authorization" not in request.headers and v2.is_presigned(request.query):
        _check_v2(request, credentials)
        return
    body: bytes | str | None = None
    if body_known:
        body = request.body if isinstance(request.body, bytes) else _digest(request.body)
    try:
        signing.verify(
            request.method,
            request.signed_path,
            request.query,
            request.headers,
            body,
            credentials,
            time.time(),
        )
    except signing.SignatureError as error:
        raise ApiError(error.code, error.message, 403) from None


def _check_v2(request: Request, credentials: signing.Credentials) -> None:
    named = copy.copy(request)
    path_style(named)
    try:
        v2.verify_presigned(
            request.method, named.path, request.query, request.headers, credentials, time.time()
        )
    except signing.SignatureError as error:
        raise ApiError(error.code, error.message, 403) from None


def states_digest(request: Request) -> bool:
    """Whether the head alone can be judged: it is presigned, carries a bearer token, or states the body's
    digest.
    """
    return (
        "x-amz-content-sha256" in request.headers
        or "X-Amz-Signature=" in request.query
        or v2.is_presigned(request.query)
        or request.headers.get("authorization", "")[:7].lower() == "bearer "
    )


def _digest(body: SpooledFile) -> str | None:
    # A front that spools a signed body computes its digest on the way; without it only the stated one can
    # count.
    return body.sha256
