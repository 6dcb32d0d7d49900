"""AWS's query protocol by a service model: forms to parameters, results to XML (`query` has it by hand, for sts and iam)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from clary.api.errors import serialization
from clary.api.s3_xml import Xml, node, nodes

_DEEPEST = 32


def read(shape: Any, values: dict[str, str]) -> dict[str, Any]:
    """The members of the structure `shape` that a form's `values` ("Dimensions.member.1.Name": ...) give. Raises ApiError."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        place, parts = tree, name.split(".")
        if len(parts) > _DEEPEST:
            raise serialization(f"The parameter {name[:100]} is nested too deeply.")
        for part in parts[:-1]:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                raise serialization(f"The parameter {name[:100]} is given both as a value and with members.")
            place = inner
        if isinstance(place.get(parts[-1]), dict):
            raise serialization(f"The parameter {name[:100]} is given both as a value and with members.")
        place[parts[-1]] = value
    result: dict[str, Any] = _value(shape, tree)
    return result


def _value(shape: Any, given: Any) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(given, dict):
        return {
            name: _value(member, given[wire])
            for name, member in shape.members.items()
            if (wire := member.serialization.get("name", name)) in given
        }
    if kind == "list":
        if given == "":
            return []  # how an empty list is sent
        items = given if shape.serialization.get("flattened") else given.get("member", {})
        return [_value(shape.member, items[key]) for key in _ordered(items)]
    if kind == "map":
        entries = given.get("entry", {})
        return {entries[key]["key"]: _value(shape.value, entries[key]["value"]) for key in _ordered(entries)}
    return _scalar(kind, given)


def _ordered(items: dict[str, Any]) -> list[str]:
    return sorted((key for key in items if key.isascii() and key.isdigit() and len(key) < 10), key=int)


def _scalar(kind: str, text: Any) -> Any:
    if not isinstance(text, str):
        return text  # the checks that follow name what is wrong with it
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
    except ValueError:
        return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def write(shape: Any, value: Any, name: str) -> Xml:
    """`value`, made by `writing` for `shape` (so timestamps are epoch seconds), as the element `name`."""
    kind = shape.type_name
    if kind == "structure":
        members = [
            write(shape.members[key], item, shape.members[key].serialization.get("name", key))
            for key, item in value.items()
        ]
        return node(name, nodes(members))
    if kind == "list":
        return node(name, nodes([write(shape.member, item, "member") for item in value]))
    if kind == "map":
        pairs = [
            node("entry", node("key", key), write(shape.value, item, "value")) for key, item in value.items()
        ]
        return node(name, nodes(pairs))
    if kind == "timestamp":
        return node(name, datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z"))
    if isinstance(value, float):
        return node(name, repr(value))
    return node(name, value)
