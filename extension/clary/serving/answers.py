"""The runtime API's responses as bytes: heads made once, errors as botocore's rest-json parser expects them."""

from __future__ import annotations

import itertools
import os
from typing import Any

import orjson

from clary.serving.request import status_line

_PREFIX = os.urandom(10).hex()
_START = f"{_PREFIX[:8]}-{_PREFIX[8:12]}-4{_PREFIX[12:15]}-a{_PREFIX[15:18]}-".encode()
_count = itertools.count(1)


def request_id() -> bytes:
    """A UUID in form: random per process, counted within it, because a fresh random one costs more than all of this."""
    return b"%b%012x" % (_START, next(_count))


def clean(value: str | bytes) -> bytes:
    """A header value that cannot start another header."""
    data = value.encode("utf-8", "replace") if isinstance(value, str) else value
    return bytes(byte for byte in data if byte >= 32 and byte != 127)


def success_prefix(variant: str, content_type: str) -> bytes:
    """All of a 200's head up to the request id's value; constant for a variant and content type."""
    return b"%bContent-Type: %b\r\nx-Amzn-Invoked-Production-Variant: %b\r\nx-amzn-RequestId: " % (
        status_line(200),
        clean(content_type),
        clean(variant),
    )


def error_response(status: int, code: str, message: str, **members: Any) -> tuple[bytes, bytes]:
    """Head and body of an error; `members` are the modelled ones beside Message."""
    head = b"%bContent-Type: application/json\r\nx-amzn-ErrorType: %b\r\nx-amzn-RequestId: %b\r\n" % (
        status_line(status),
        code.encode(),
        request_id(),
    )
    return head, orjson.dumps({"Message": message, **members})


def model_error(
    status: int, message: str, *, log_arn: str, where: str, text: str | None = None
) -> tuple[bytes, bytes]:
    """ModelError (424) around what the model's container answered. `text` replaces the usual sentence."""
    shown = message if len(message) <= 4096 else message[:4096] + "..."
    if text is None:
        side = "client" if 400 <= status < 500 else "server"
        text = f'Received {side} error ({status}) from primary with message "{shown}". See {where} for more information.'
    return error_response(
        424, "ModelError", text, OriginalStatusCode=status, OriginalMessage=shown, LogStreamArn=log_arn
    )
