"""One request to S3, taken apart: bucket, key, query, headers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote

from clary.api.errors import ApiError
from clary.api.http_types import Request

if TYPE_CHECKING:
    from clary.api.engine import Engine
    from clary.objects import Objects


@dataclass(frozen=True)
class Call:
    """`bucket` and `key` are decoded; '' where the path names none."""

    engine: Engine
    request: Request
    bucket: str
    key: str

    @classmethod
    def of(cls, engine: Engine, request: Request) -> Call:
        """Raises ApiError (InvalidURI) for a path that is not UTF-8."""
        bucket, _, key = request.path.removeprefix("/").partition("/")
        return cls(engine, request, decoded(bucket), decoded(key))

    @property
    def objects(self) -> Objects:
        return self.engine.objects

    @cached_property
    def query(self) -> dict[str, str]:
        return self.request.parameters

    def header(self, name: str) -> str:
        """A header's value, '' when it is absent."""
        return self.request.headers.get(name, "").strip()

    def number(self, name: str, default: int, smallest: int = 0, largest: int = 2**31 - 1) -> int:
        """An integer of the query. Raises ApiError (InvalidArgument)."""
        text = self.query.get(name, "")
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 12 and smallest <= int(text) <= largest):
            raise invalid_argument(f"Provided {name} not an integer or within integer range", name, text)
        return int(text)


def decoded(text: str) -> str:
    """`text` without percent-encoding. Raises ApiError (InvalidURI) when that is not UTF-8."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ApiError("InvalidURI", "Couldn't parse the specified URI.") from None


def invalid_argument(message: str, name: str, value: str) -> ApiError:
    return ApiError("InvalidArgument", message, ArgumentName=name, ArgumentValue=value)
