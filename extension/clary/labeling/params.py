"""The members of a canvas' request, checked as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.labeling.work.errors import SessionError


class Params:
    """Each method raises SessionError, BadRequest, that names the member."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def get(self, name: str) -> Any:
        return self._values.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise SessionError("BadRequest", f"{name} must be a text.")
        return value

    def number(self, name: str, default: int | None, low: int, high: int = 2**53) -> int:
        value = self._values.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise SessionError("BadRequest", f"{name} must be a whole number from {low} on, {high} at most.")
        return value

    def numbers(self, name: str) -> list[int]:
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > 1000 or any(type(one) is not int for one in value):
            raise SessionError("BadRequest", f"{name} must be a list of at most 1,000 whole numbers.")
        return value
