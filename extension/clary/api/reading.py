"""From a decoded JSON value to an operation's parameters: types, then constraints, at every depth.

For each shape of a botocore service model one function is built on first use and kept. It returns the value
as operations want it (timestamps as aware datetimes, blobs as bytes, unknown members and nulls dropped),
appends what breaks a constraint to a list in AWS's words, and raises `errors.ApiError`
(SerializationException) on a value of a wrong type.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clary.api.constraints import (
    Broken,
    Constraint,
    all_constraints,
    constraint_of,
    spoken,
    violation,
    violations,
)
from clary.api.errors import ApiError, serialization

if TYPE_CHECKING:
    from botocore.model import ListShape, MapShape, Shape, StructureShape


# (value, where, broken) -> value as operations want it
Reader = Callable[[Any, str, Broken], Any]
_NAMES = {str: "STRING_VALUE", bool: "BOOLEAN_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}
_INT_RANGES = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}


class Readers:
    """The readers of one service model. With `checks` False only types are checked: for answers, not for
    requests.
    """

    def __init__(self, *, checks: bool = True) -> None:
        self._checks = checks
        self._known: dict[str, Reader] = {}

    def read(self, shape: Shape, value: Any) -> Any:
        """Read a whole input; raises ApiError (SerializationException, or ValidationException for all that is
        broken).
        """
        broken = Broken()
        result = self.reader(shape)(value, "", broken)
        if broken:
            raise violations(broken)
        return result

    def reader(self, shape: Shape) -> Reader:
        known = self._known.get(shape.name)
        if known is None:
            known = self._known[shape.name] = self._build(shape)
        return known

    def _build(self, shape: Any) -> Reader:
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape)
        if kind == "list":
            return self._list(shape)
        if kind == "map":
            return self._map(shape)
        return self._scalar(shape)

    def _structure(self, shape: StructureShape) -> Reader:
        members = shape.members
        required = tuple(shape.metadata.get("required", ())) if self._checks else ()
        union = self._checks and shape.is_tagged_union
        names = {member: (spoken(member), member) for member in members}
        # Members are compiled when they first come, because shapes may contain themselves.
        readers: dict[str, Reader] = {}

        def read(value: Any, where: str, broken: Broken) -> dict[str, Any]:
            if not isinstance(value, dict):
                raise _wrong_type(value, "a structure", where)
            result: dict[str, Any] = {}
            at = f"{where}." if where else ""
            for name, item in value.items():
                if item is None:
                    continue
                member = readers.get(name)
                if member is None:
                    if name not in members:
                        continue
                    member = readers[name] = self.reader(members[name])
                result[name] = member(item, at + names[name][0], broken)
            for name in required:
                if name not in result:
                    broken.append(violation(None, at + spoken(name), "Member must not be null"))
            if union and len(result) != 1:
                options = ", ".join(name for name in members)
                broken.append(f"Exactly one of [{options}] must be given at '{where}', not {len(result)}")
            return result

        return read

    def _list(self, shape: ListShape) -> Reader:
        length = self._constraint(shape)
        item_reader: list[Reader] = []
        scalar = shape.member.type_name not in ("structure", "list", "map")

        def read(value: Any, where: str, broken: Broken) -> list[Any]:
            if not isinstance(value, (list, tuple)):
                raise _wrong_type(value, "a list", where)
            if not item_reader:
                item_reader.append(self.reader(shape.member))
            item_of = item_reader[0]
            if length is not None and (words := length(value)):
                broken.append(violation(value, where, words))
            result = []
            inner = Broken()
            for number, item in enumerate(value, 1):
                if item is None:
                    raise _wrong_type(item, f"a {shape.member.type_name}", f"{where}.{number}.member")
                result.append(
                    item_of(item, "" if scalar else f"{where}.{number}.member", inner if scalar else broken)
                )
            if inner:
                words = all_constraints(shape.member)
                broken.append(violation(value, where, f"Member must satisfy constraint: [{words}]"))
            return result

        return read

    def _map(self, shape: MapShape) -> Reader:
        length = self._constraint(shape)
        parts: list[Reader] = []
        scalar = shape.value.type_name not in ("structure", "list", "map")

        def read(value: Any, where: str, broken: Broken) -> dict[str, Any]:
            if not isinstance(value, dict):
                raise _wrong_type(value, "a map", where)
            if not parts:
                parts.extend((self.reader(shape.key), self.reader(shape.value)))
            key_of, value_of = parts
            if length is not None and (words := length(value)):
                broken.append(violation(value, where, words))
            result: dict[str, Any] = {}
            bad_keys = Broken()
            bad_values = Broken()
            for key, item in value.items():
                if item is None:
                    continue
                at = "" if scalar else f"{where}.{key}.member"
                result[key_of(key, "", bad_keys)] = value_of(item, at, bad_values if scalar else broken)
            if bad_keys:
                words = f"Map keys must satisfy constraint: [{all_constraints(shape.key)}]"
                broken.append(violation(value, where, words))
            if bad_values:
                words = f"Map value must satisfy constraint: [{all_constraints(shape.value)}]"
                broken.append(violation(value, where, words))
            return result

        return read

    def _scalar(self, shape: Shape) -> Reader:
        convert = _CONVERTERS[shape.type_name]
        constraint = self._constraint(shape)
        sensitive = bool(shape.metadata.get("sensitive"))
        if constraint is None:
            return lambda value, where, broken: convert(value, where)

        def read(value: Any, where: str, broken: Broken) -> Any:
            result = convert(value, where)
            words = constraint(result)
            if words:
                broken.append(violation("***" if sensitive else result, where, words))
            return result

        return read

    def _constraint(self, shape: Shape) -> Constraint | None:
        return constraint_of(shape) if self._checks else None


def _wrong_type(value: Any, wanted: str, where: str) -> ApiError:
    if isinstance(value, dict):
        found = "Start of structure or map found where not expected"
    elif isinstance(value, (list, tuple)):
        found = "Start of list found where not expected"
    else:
        name = "NULL_VALUE" if value is None else _NAMES.get(type(value), type(value).__name__)
        found = f"{name} can not be converted to {wanted}"
    return serialization(f"{found} (at '{where or 'the top level'}', which is {wanted})")


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong_type(value, "a String", where)
    return value


def _whole(kind: str, wanted: str) -> Callable[[Any, str], int]:
    low, high = _INT_RANGES[kind]

    def convert(value: Any, where: str) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _wrong_type(value, wanted, where)
        return value

    return convert


def _number(value: Any, where: str) -> float:
    if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(value, "a Float", where)
    return float(value)


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(value, "a Boolean", where)
    return value


def _moment(value: Any, where: str) -> datetime:
    """A timestamp: epoch seconds as in JSON 1.1; from Python also a datetime (naive means local time), or ISO
    8601 text.
    """
    try:
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise _wrong_type(value, "a Timestamp", where)


def _blob(value: Any, where: str) -> bytes:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    try:
        return base64.b64decode(_string(value, where), validate=True)
    except (binascii.Error, ValueError):
        raise serialization(f"The text at '{where}' is not Base64.") from None


_CONVERTERS: dict[str, Callable[[Any, str], Any]] = {
    "string": _string,
    "character": _string,
    "integer": _whole("integer", "an Integer"),
    "long": _whole("long", "a Long"),
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "timestamp": _moment,
    "blob": _blob,
}
