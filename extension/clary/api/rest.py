"""JSON in and out for what is not AWS's: ``/clary/...``."""

from __future__ import annotations

from typing import Any

import orjson

from clary.api.errors import ApiError
from clary.api.http_types import Headers, Request, Response


def json_response(document: Any, request_id: str, status: int = 200) -> Response:
    """A document as an answer that nobody keeps."""
    body = orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS, default=str)
    headers = {
        "x-amzn-RequestId": request_id,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(status, Headers(headers), body)


def json_object(request: Request) -> dict[str, Any]:
    """The request's body, which must be a JSON object. Raises ApiError that says what is wrong with it."""
    try:
        document = orjson.loads(request.content())
    except orjson.JSONDecodeError as error:
        raise ApiError("BadRequest", f"The body is not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise ApiError("BadRequest", "The body must be a JSON object.")
    return document
