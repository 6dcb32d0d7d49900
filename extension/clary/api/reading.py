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

from clary.api.errors import ApiError, serialization
from clary.api.patterns import compiled

if TYPE_CHECKING:
    from botocore.model import ListShape, MapShape, Shape, StructureShape


_MOST_VIOLATIONS = 20
_LONGEST_ECHO = 1024


class Broken(list[str]):
    """The constraints that a request breaks. Keeps the first few only: a request may break millions."""

    def append(self, violation: str) -> None:
        if len(self) < _MOST_VIOLATIONS:
            super().append(violation)


# (value, where, broken) -> value as operations want it
Reader = Callable[[Any, str, Broken], Any]
# value -> the words of the constraint it breaks, or None
_Constraint = Callable[[Any], str | None]

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
        names = {member: (_spoken(member), member) for member in members}
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
                    broken.append(_violation(None, at + _spoken(name), "Member must not be null"))
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
                broken.append(_violation(value, where, words))
            result = []
            inner = Broken()
            for number, item in enumerate(value, 1):
                if item is None:
                    raise _wrong_type(item, f"a {shape.member.type_name}", f"{where}.{number}.member")
                result.append(
                    item_of(item, "" if scalar else f"{where}.{number}.member", inner if scalar else broken)
                )
            if inner:
                words = _all_constraints(shape.member)
                broken.append(_violation(value, where, f"Member must satisfy constraint: [{words}]"))
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
                broken.append(_violation(value, where, words))
            result: dict[str, Any] = {}
            bad_keys = Broken()
            bad_values = Broken()
            for key, item in value.items():
                if item is None:
                    continue
                at = "" if scalar else f"{where}.{key}.member"
                result[key_of(key, "", bad_keys)] = value_of(item, at, bad_values if scalar else broken)
            if bad_keys:
                words = f"Map keys must satisfy constraint: [{_all_constraints(shape.key)}]"
                broken.append(_violation(value, where, words))
            if bad_values:
                words = f"Map value must satisfy constraint: [{_all_constraints(shape.value)}]"
                broken.append(_violation(value, where, words))
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
                broken.append(_violation("***" if sensitive else result, where, words))
            return result

        return read

    def _constraint(self, shape: Shape) -> _Constraint | None:
        return constraint_of(shape) if self._checks else None


def constraint_of(shape: Shape) -> _Constraint | None:
    """The check of a shape's own enum, pattern, min and max (not of what it contains); None when it has
    none.
    """
    metadata = shape.metadata
    low, high = metadata.get("min"), metadata.get("max")
    enum = metadata.get("enum")
    pattern = metadata.get("pattern")
    numeric = shape.type_name in ("integer", "long", "float", "double")
    if low is None and high is None and enum is None and pattern is None:
        return None
    allowed = frozenset(enum or ())
    noun = "value" if numeric else "length"

    def check(value: Any) -> str | None:
        size = value if numeric else len(value)
        if low is not None and size < low:
            return f"Member must have {noun} greater than or equal to {low}"
        if high is not None and size > high:
            # Not matched against the pattern: some patterns take time exponential in the length.
            return f"Member must have {noun} less than or equal to {high}"
        if enum is not None and value not in allowed:
            return f"Member must satisfy enum value set: [{', '.join(enum)}]"
        if pattern is not None and isinstance(value, str):
            matcher = compiled(pattern)
            if matcher is not None and not matcher.fullmatch(value):
                return f"Member must satisfy regular expression pattern: {pattern}"
        return None

    return check


def violations(broken: Broken) -> ApiError:
    """The one error for everything that breaks a constraint."""
    count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected"
    return ApiError("ValidationException", f"{count}: {'; '.join(broken)}")


def _all_constraints(shape: Shape) -> str:
    words = []
    metadata = shape.metadata
    if "max" in metadata:
        words.append(f"Member must have length less than or equal to {metadata['max']}")
    if "min" in metadata:
        words.append(f"Member must have length greater than or equal to {metadata['min']}")
    if "enum" in metadata:
        words.append(f"Member must satisfy enum value set: [{', '.join(metadata['enum'])}]")
    if "pattern" in metadata:
        words.append(f"Member must satisfy regular expression pattern: {metadata['pattern']}")
    return ", ".join(words)


def _violation(value: Any, where: str, words: str) -> str:
    shown = "null" if value is None else f"'{_echo(value)}'"
    return f"Value {shown} at '{where}' failed to satisfy constraint: {words}"


def _echo(value: Any) -> str:
    """A value as Java would print it, cut to a readable length."""
    if isinstance(value, (list, tuple)):
        text = f"[{', '.join(_echo(item) for item in value[:50])}]"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{key}={_echo(item)}" for key, item in list(value.items())[:50]) + "}"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = str(value)
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}..."


def _spoken(member: str) -> str:
    """AWS's messages begin the names of members in lower case."""
    return member[:1].lower() + member[1:]


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
