"""From an operation's result to the JSON value of its output shape.

As for reading, one function per shape of a botocore service model, built on first use. A result that does not
fit the shape is a mistake in Clary: it raises `Misfit`, which is answered as InternalFailure, rather than
reach a client.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import ListShape, MapShape, Shape, StructureShape

Writer = Callable[[Any], Any]


class Misfit(TypeError):
    """A result that its output shape has no place for."""


class Writers:
    """The writers of one service model."""

    def __init__(self) -> None:
        self._known: dict[str, Writer] = {}

    def writer(self, shape: Shape) -> Writer:
        known = self._known.get(shape.name)
        if known is None:
            known = self._known[shape.name] = self._build(shape)
        return known

    def _build(self, shape: Any) -> Writer:
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape)
        if kind == "list":
            return self._list(shape)
        if kind == "map":
            return self._map(shape)
        return _SCALARS[kind]

    def _structure(self, shape: StructureShape) -> Writer:
        members = shape.members
        required = tuple(shape.metadata.get("required", ()))
        writers: dict[str, Writer] = {}

        def write(value: Any) -> dict[str, Any]:
            if not isinstance(value, Mapping):
                raise Misfit(f"{shape.name} must be a dict, not {value!r}")
            result: dict[str, Any] = {}
            for name, item in value.items():
                # Absent is absent: an empty structure or a null makes strict clients fail.
                if item is None:
                    continue
                member = writers.get(name)
                if member is None:
                    if name not in members:
                        raise Misfit(f"{shape.name} has no member {name!r}")
                    member = writers[name] = self.writer(members[name])
                result[name] = member(item)
            for name in required:
                if name not in result:
                    raise Misfit(f"{shape.name} needs {name}")
            return result

        return write

    def _list(self, shape: ListShape) -> Writer:
        def write(value: Any) -> list[Any]:
            if not isinstance(value, (list, tuple)):
                raise Misfit(f"{shape.name} must be a list, not {value!r}")
            item_of = self.writer(shape.member)
            return [item_of(item) for item in value]

        return write

    def _map(self, shape: MapShape) -> Writer:
        def write(value: Any) -> dict[str, Any]:
            if not isinstance(value, Mapping):
                raise Misfit(f"{shape.name} must be a dict, not {value!r}")
            value_of = self.writer(shape.value)
            return {_string(key): value_of(item) for key, item in value.items()}

        return write


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Misfit(f"not a string: {value!r}")
    # What came out of a user's script may hold lone surrogates, which JSON cannot carry.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Misfit(f"not an integer: {value!r}")
    return value


def _number(value: Any) -> float | str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Misfit(f"not a number: {value!r}")
    if math.isfinite(value):
        return value
    # JSON has no such numbers; AWS's JSON protocol writes them as strings.
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Misfit(f"not a boolean: {value!r}")
    return value


def _moment(value: Any) -> float:
    """Epoch seconds to the millisecond, as AWS sends them, from a datetime (naive means UTC) or from epoch
    seconds.
    """
    if isinstance(value, datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Misfit(f"not a moment: {value!r}")
    return round(float(value), 3)


def _blob(value: Any) -> str:
    if not isinstance(value, (bytes, bytearray)):
        raise Misfit(f"not bytes: {value!r}")
    return base64.b64encode(value).decode()


_SCALARS: dict[str, Writer] = {
    "string": _string,
    "character": _string,
    "integer": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "timestamp": _moment,
    "blob": _blob,
}
