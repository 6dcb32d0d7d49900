"""CloudWatch's page tokens: two values that say where the next page begins."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from clary.api.errors import ApiError


def sealed(value: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def opened(token: str) -> list[Any]:
    try:
        value = json.loads(base64.b64decode(token, b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise bad_token() from None
    if not isinstance(value, list) or len(value) != 2:
        raise bad_token()
    return value


def bad_token() -> ApiError:
    return ApiError("InvalidNextToken", "The parameter NextToken is invalid.")
