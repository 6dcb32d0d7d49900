"""Names of properties in Search: found in botocore's shapes, read from records.

A name is members with dots between ("ResourceConfig.InstanceType"), without regard to case; through a list any element counts;
behind a map comes a key, which may have dots itself ("HyperParameters.lr"). "Metrics.<name>" and "Tags.<key>" are lists in the
record, addressed like maps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clary.api.errors import ApiError, validation

_NUMBERS = ("integer", "long", "float", "double")
_STATISTICS = {"min": "Min", "max": "Max", "avg": "Avg", "last": "Last", "stddev": "StdDev", "count": "Count"}


@dataclass(frozen=True)
class Property:
    """A property of a resource.

    steps: members, and in the end the key of a map, metric or tag ("" where there is none); the place of each list among the
    members is in `lists`. type: text | number | timestamp | boolean | dynamic (text that may be a number) | group (a structure
    or list, which can only exist or not).
    """

    name: str
    members: tuple[str, ...]
    key: str = ""
    lists: tuple[int, ...] = ()
    type: str = "text"

    @property
    def root(self) -> str:
        return self.members[0]


def find(shape: Any, name: str, record: str = "") -> Property:
    """The property `name` of the resource with botocore's `shape`. `record`: what the record is called in a search's results,
    which may stand in front ("Experiment.DisplayName"). Raises ApiError."""
    parts = name.split(".")
    if parts[0].lower() == record.lower() and len(parts) > 1 and _member(shape, parts[0]) is None:
        parts = parts[1:]
    found = _walk(shape, name, list(parts))
    if found is None and record == "Model":  # the model itself lies one floor down, in a dashboard's record
        found = _walk(shape, name, ["Model", *parts])
    if found is None:
        raise unknown(name)
    return found


def unknown(name: str) -> ApiError:
    return validation(
        f"Unknown property name: {name}. GetSearchSuggestions lists the properties that can be searched for."
    )


def _walk(shape: Any, name: str, parts: list[str]) -> Property | None:
    members: list[str] = []
    lists: list[int] = []
    while parts:
        member = _member(shape, parts.pop(0))
        if member is None:
            return None
        members.append(member)
        shape = shape.members[member]
        if shape.type_name == "list":
            if parts and member in ("Metrics", "FinalMetricDataList", "Tags") and not _is_field(shape, parts):
                kind = "dynamic" if member == "Tags" else "number"
                return Property(name, tuple(members), ".".join(parts), tuple(lists), kind)
            lists.append(len(members) - 1)
            shape = shape.member
        if shape.type_name == "map" and parts:
            value = shape.value
            kind = _type(value) if value.type_name != "structure" else "dynamic"
            return Property(
                name, tuple(members), ".".join(parts), tuple(lists), "dynamic" if kind == "text" else kind
            )
        if shape.type_name != "structure" and parts:
            return None
    return Property(name, tuple(members), "", tuple(lists), _type(shape))


def _is_field(shape: Any, parts: list[str]) -> bool:
    """Whether "FinalMetricDataList.Value" means the member of each element, and not a metric of the name "Value"."""
    return len(parts) == 1 and parts[0] in shape.member.members


def _member(shape: Any, given: str) -> str | None:
    members = shape.members
    if given in members:
        return given
    if given.lower() == "metrics" and "FinalMetricDataList" in members:
        return "FinalMetricDataList"
    return next((member for member in members if member.lower() == given.lower()), None)


def _type(shape: Any) -> str:
    kind = shape.type_name
    if kind in ("structure", "list", "map"):
        return "group"
    return "number" if kind in _NUMBERS else kind if kind in ("timestamp", "boolean") else "text"


def values(record: Any, wanted: Property) -> list[Any]:
    """All values that `wanted` has in a record (a resource as Search returns it); timestamps as epoch seconds."""
    found = [record]
    for at, member in enumerate(wanted.members):
        found = [one[member] for one in found if isinstance(one, dict) and one.get(member) is not None]
        if at in wanted.lists:
            found = [element for one in found for element in one]
    if wanted.key:
        found = [value for one in found for value in _keyed(one, wanted.members[-1], wanted.key)]
    return [one.timestamp() if isinstance(one, datetime) else one for one in found if one not in ({}, [])]


def _keyed(container: Any, member: str, key: str) -> Iterator[Any]:
    if member == "Tags":
        yield from (tag["Value"] for tag in container if tag["Key"] == key)
    elif member in ("Metrics", "FinalMetricDataList"):
        yield from _metric(container, key)
    elif key in container:
        yield from _plain(container[key])
    else:  # InputArtifacts.data.MediaType
        name, _, field = key.rpartition(".")
        value = container.get(name)
        if isinstance(value, dict):
            yield from (item for known, item in value.items() if known.lower() == field.lower())


def _plain(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):  # NumberValue or StringValue; an artifact's Value and MediaType
        yield from value.values()
    else:
        yield value


def _metric(metrics: list[dict[str, Any]], key: str) -> Iterator[float]:
    """A job's "loss"; a trial component's "loss.Min", and "loss" for its last value."""
    for metric in metrics:
        if metric["MetricName"] == key:
            yield metric["Value"] if "Value" in metric else metric["Last"]
            return
    name, _, statistic = key.rpartition(".")
    member = _STATISTICS.get(statistic.lower(), "")
    yield from (metric[member] for metric in metrics if metric["MetricName"] == name and member in metric)


def names(shape: Any, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """The names of all properties of `shape` that hold a value."""
    for member, inner in shape.members.items():
        name = f"{prefix}{member}"
        inner = inner.member if inner.type_name == "list" else inner
        if inner.type_name == "structure" and depth < 5:
            yield from names(inner, f"{name}.", depth + 1)
        elif inner.type_name != "map":
            yield name
