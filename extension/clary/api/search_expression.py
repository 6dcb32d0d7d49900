"""SearchExpression: read from a request, checked, and judged on a record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from clary.api.errors import validation
from clary.api.search_property import Property, find, values

_MOST_CONDITIONS = 50
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_ORDERED = ("GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo")
_VALUELESS = ("Exists", "NotExists")
# Contains may be said once in an expression, but for these of the experiment resources any number of times.
_CONTAINS_FREELY = {
    "Experiment": ("DisplayName", "ExperimentName", "Tags"),
    "Trial": ("DisplayName", "TrialName", "Tags"),
    "TrialComponent": ("DisplayName", "TrialComponentName", "Tags", "InputArtifacts", "OutputArtifacts"),
}


@dataclass(frozen=True)
class Condition:
    """One filter. `subject`: the property. `number`: its value as a number, or as epoch seconds, where the property is (or may
    be) one; `whole`: it was given as an integer."""

    subject: Property
    operator: str
    text: str = ""
    number: float | None = None
    whole: bool = False

    @property
    def options(self) -> list[str]:
        """The values of In."""
        return [part.strip() for part in self.text.split(",")]

    def holds(self, record: Any) -> bool:
        found = values(record, self.subject)
        if self.operator == "Exists":
            return bool(found)
        if self.operator == "NotExists":
            return not found
        if self.operator == "NotEquals":
            return not any(self._equals(value) for value in found)
        return any(self._fits(value) for value in found)

    def _fits(self, value: Any) -> bool:
        if self.operator == "Equals":
            return self._equals(value)
        if self.operator == "Contains":
            return self.text in str(value)
        if self.operator == "In":
            return str(value) in self.options
        given = self._as_number(value)
        if given is None or self.number is None:
            return False
        if self.operator == "GreaterThan":
            return given > self.number
        if self.operator == "GreaterThanOrEqualTo":
            return given >= self.number
        return given < self.number if self.operator == "LessThan" else given <= self.number

    def _equals(self, value: Any) -> bool:
        if isinstance(value, bool):
            return self.text.lower() == str(value).lower()
        if isinstance(value, str) and value == self.text:
            return True
        return self.number is not None and self._as_number(value) == self.number

    def _as_number(self, value: Any) -> float | None:
        number = decimal(value)
        if number is None:
            return None
        if self.subject.type == "timestamp":
            return float(int(number)) if self.whole else number
        # What AWS says of hyperparameters: for an integer, decimal values count as integers.
        dynamic = self.subject.type == "dynamic" and isinstance(value, str)
        return float(int(number)) if dynamic and self.whole and abs(number) < 1e300 else number


@dataclass(frozen=True)
class Nested:
    """Conditions that one and the same element of a list has to fulfil."""

    elements: Property
    conditions: tuple[Condition, ...]

    def holds(self, record: Any) -> bool:
        return any(
            all(condition.holds(element) for condition in self.conditions)
            for element in values(record, self.elements)
        )


@dataclass(frozen=True)
class Expression:
    """Conditions joined by And, or by Or (`either`)."""

    either: bool = False
    parts: tuple[Condition | Nested | Expression, ...] = ()

    def holds(self, record: Any) -> bool:
        if not self.parts:
            return True
        judge = any if self.either else all
        return judge(part.holds(record) for part in self.parts)


@dataclass
class Reader:
    """Reads expressions for one resource: `shape` is botocore's of its records, which results call `record`."""

    shape: Any
    record: str
    _contains: int = field(default=0, init=False)
    _count: int = field(default=0, init=False)

    def read(self, given: dict[str, Any]) -> Expression:
        """Raises ApiError."""
        filters, nested = given.get("Filters", []), given.get("NestedFilters", [])
        inner = given.get("SubExpressions", [])
        if not (filters or nested or inner):
            raise validation(
                "SearchExpression must have at least one of Filters, NestedFilters and SubExpressions."
            )
        self._count += len(filters) + len(nested) + len(inner)
        if self._count > _MOST_CONDITIONS:
            raise validation(
                f"The SearchExpression has more than {_MOST_CONDITIONS} Filters, NestedFilters and SubExpressions."
            )
        parts: list[Condition | Nested | Expression] = [self._condition(self.shape, one) for one in filters]
        parts += [self._nested(one) for one in nested]
        parts += [self.read(one) for one in inner]
        return Expression(given.get("Operator", "And") == "Or", tuple(parts))

    def _nested(self, given: dict[str, Any]) -> Nested:
        name = given["NestedPropertyName"]
        found = find(self.shape, name, self.record)
        if found.key or not found.lists or found.lists[-1] != len(found.members) - 1:
            raise validation(f"NestedPropertyName {name} is not a list of {self.record}.")
        shape = self.shape
        for member in found.members:
            shape = shape.members[member]
            shape = shape.member if shape.type_name == "list" else shape
        if shape.type_name != "structure":
            raise validation(f"NestedPropertyName {name} is not a list of structures.")
        conditions = []
        for one in given["Filters"]:
            inner = one["Name"]
            if inner.lower().startswith(f"{name.lower()}."):  # both ways of naming it are used
                inner = inner[len(name) + 1 :]
            conditions.append(self._condition(shape, {**one, "Name": inner}))
        return Nested(found, tuple(conditions))

    def _condition(self, shape: Any, given: dict[str, Any]) -> Condition:
        name, text = given["Name"], given.get("Value")
        operator = given.get("Operator", "Exists" if text is None else "Equals")
        found = find(shape, name, self.record)
        if operator in _VALUELESS:
            return Condition(found, operator)
        if text is None:
            raise validation(f"The filter on {name} needs a Value for the operator {operator}.")
        self._check(found, operator, name)
        number, whole = _number(found, text, operator, name)
        return Condition(found, operator, text, number, whole)

    def _check(self, found: Property, operator: str, name: str) -> None:
        if found.type in ("text", "boolean") and operator in _ORDERED:
            raise validation(f"Operator {operator} is not supported for the {found.type} property {name}.")
        if found.type in ("number", "timestamp", "boolean") and operator in ("Contains", "In"):
            raise validation(
                f"Operator {operator} is not supported for the {found.type} property {name}: only for text properties."
            )
        if found.type == "group":
            raise validation(
                f"Operator {operator} is not supported for {name}, which has properties of its own."
            )
        if operator == "Contains" and found.root not in _CONTAINS_FREELY.get(self.record, ()):
            self._contains += 1
            if self._contains > 1:
                raise validation("'CONTAINS' operator usage limit of 1 exceeded.")


def decimal(value: Any) -> float | None:
    """A finite number, given as one or as text; None for what is none. SQLite reads the same numbers."""
    if isinstance(value, str) and not _DECIMAL.fullmatch(value.strip()):
        return None
    return float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


def _number(found: Property, text: str, operator: str, name: str) -> tuple[float | None, bool]:
    if found.type == "timestamp":
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise validation(
                f"The value {text} for {name} is not an ISO 8601 date and time such as 2026-01-31T12:00:00."
            ) from None
        return moment.replace(
            tzinfo=moment.tzinfo or UTC
        ).timestamp(), "." not in text and operator == "Equals"
    number = decimal(text)
    if number is None:
        if found.type == "number" or (found.type == "dynamic" and operator in _ORDERED):
            raise validation(f"The value {text} for {name} is not a number.") from None
        return None, False
    return (
        (None, False) if found.type in ("text", "boolean") else (number, text.strip().lstrip("+-").isdigit())
    )
