"""Search in SQL: what must hold of a row for an expression to hold of its record, so that fifty thousand rows are looked through
by SQLite and few become records.

A condition here may let through too much (the record is judged afterwards), never too little.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from clary.api.search_expression import Condition, Expression, Nested
from clary.api.search_property import Property

_COMPARED = {
    "GreaterThan": ">", "GreaterThanOrEqualTo": ">=", "LessThan": "<", "LessThanOrEqualTo": "<=", "Equals": "=",
}  # fmt: skip


@dataclass
class Sql:
    """SQL with its parameters."""

    text: str
    values: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Columns:
    """Where a resource's properties are, in ``documents d LEFT JOIN jobs j``.

    direct: name in lower case -> expression. lists: member -> a query of JSON objects in a column `value`. metrics: a query (one
    parameter, the name) of a metric's value. unsettled: SQL that is true of rows whose properties are not all in their columns.
    What is not named lies in the document's body, but for the members `unless`, which only records have.
    """

    direct: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    metrics: str = ""
    unsettled: str = ""
    unless: frozenset[str] = frozenset()

    def expression(self, wanted: Property) -> Sql | None:
        """The value of a property; None where only the record has it."""
        direct = self.direct.get(".".join(wanted.members).lower()) if not wanted.key else None
        if direct is not None:
            return Sql(direct)
        if wanted.root in ("FinalMetricDataList", "Metrics") and wanted.key:
            return Sql(self.metrics, [wanted.key]) if self.metrics else None
        if wanted.root == "Parameters" and wanted.key:
            return _parameter(wanted.key)
        if wanted.members == ("Tags",) and wanted.key:
            return Sql("(SELECT value FROM tags WHERE arn = d.arn AND key = ?)", [wanted.key])
        if wanted.root in self.unless or wanted.root in self.lists or wanted.lists:
            return None
        return _json("d.body", [*wanted.members, *([wanted.key] if wanted.key else [])])

    def elements(self, wanted: Property) -> tuple[Sql, list[str]] | None:
        """A query of the elements of the one list on the way to a property, and what follows in each; None if there is none."""
        if len(wanted.lists) != 1 or (wanted.root in self.unless and wanted.root not in self.lists):
            return None
        at = wanted.lists[0] + 1
        rest = [*wanted.members[at:], *([wanted.key] if wanted.key else [])]
        if wanted.root in self.lists:
            return Sql(self.lists[wanted.root]), rest
        path = _path(wanted.members[:at])
        return (Sql("SELECT value FROM json_each(d.body, ?)", [path]), rest) if path else None


def _parameter(key: str) -> Sql | None:
    """A trial component's parameter, which is kept as {"NumberValue": ...} or {"StringValue": ...}."""
    kept = [_json("d.body", ["Parameters", key, member]) for member in ("NumberValue", "StringValue")]
    known = [one for one in kept if one is not None]
    if len(known) < 2 or key.endswith((".NumberValue", ".StringValue")):
        return None
    return Sql(f"coalesce({known[0].text}, {known[1].text})", known[0].values + known[1].values)


def where(expression: Expression, columns: Columns) -> Sql | None:
    """The condition, or None where SQL cannot help."""
    parts = [_part(part, columns) for part in expression.parts]
    known = [part for part in parts if part is not None]
    if expression.either and len(known) < len(parts):
        return None
    return _joined(known, " OR " if expression.either else " AND ")


def _part(part: Condition | Nested | Expression, columns: Columns) -> Sql | None:
    if isinstance(part, Expression):
        return where(part, columns)
    found = _nested(part, columns) if isinstance(part, Nested) else _condition(part, columns)
    root = part.elements.root if isinstance(part, Nested) else part.subject.root
    if found is not None and columns.unsettled and root.lower() not in columns.direct:
        found = Sql(f"({columns.unsettled} OR {found.text})", found.values)
    return found


def _nested(part: Nested, columns: Columns) -> Sql | None:
    source = columns.elements(part.elements)
    if source is None:
        return None
    parts = []
    for condition in part.conditions:
        if condition.subject.lists:
            continue
        keys = [*condition.subject.members, *([condition.subject.key] if condition.subject.key else [])]
        parts.append(_judged(condition, _json("e.value", keys)))
    return _exists(source[0], _joined([one for one in parts if one is not None], " AND "))


def _condition(condition: Condition, columns: Columns) -> Sql | None:
    expression = columns.expression(condition.subject)
    if expression is not None:
        return _judged(condition, expression)
    source = columns.elements(condition.subject)
    if source is None or condition.operator in ("NotEquals", "NotExists"):
        return None
    value = _json("e.value", source[1]) if source[1] else Sql("e.value")
    return _exists(source[0], _judged(condition, value))


def _exists(source: Sql, inner: Sql | None) -> Sql:
    condition = inner or Sql("1")
    return Sql(
        f"EXISTS (SELECT 1 FROM ({source.text}) e WHERE {condition.text})", source.values + condition.values
    )


def _judged(condition: Condition, value: Sql | None) -> Sql | None:
    """`condition` of the expression `value`."""
    if value is None:
        return None
    operator, kind = condition.operator, condition.subject.type
    if operator in ("Exists", "NotExists"):
        return Sql(f"{value.text} IS {'NOT ' if operator == 'Exists' else ''}NULL", value.values)
    if operator == "Contains":
        return Sql(f"instr({value.text}, ?) > 0", [*value.values, condition.text])
    if operator == "In":
        options = condition.options
        return Sql(f"{value.text} IN ({', '.join('?' * len(options))})", value.values + options)
    if kind == "boolean":
        wanted = condition.text.lower() == "true"
        text = f"coalesce({value.text}, 0) {'=' if (operator == 'Equals') == wanted else '!='} 1"
        return Sql(text, value.values)
    if operator == "NotEquals":
        return (
            Sql(f"{value.text} IS NOT ?", [*value.values, condition.text])
            if kind in ("text", "dynamic")
            else None
        )
    if kind == "text" or condition.number is None:
        return Sql(f"{value.text} = ?", [*value.values, condition.text])
    number = f"CAST({value.text} AS REAL)"
    if kind == "timestamp" and condition.whole:
        number = f"CAST({number} AS INTEGER)"
    if kind == "dynamic" and condition.whole:
        # As a whole number or not: the record knows whether it was text.
        truncated = f"CAST({number} AS INTEGER)"
        compared = f"({truncated} {_COMPARED[operator]} ? OR {number} {_COMPARED[operator]} ?)"
        return Sql(compared, [*value.values, condition.number, *value.values, condition.number])
    return Sql(f"{number} {_COMPARED[operator]} ?", [*value.values, condition.number])


def _joined(parts: list[Sql], word: str) -> Sql | None:
    if not parts:
        return None
    return Sql(
        f"({word.join(part.text for part in parts)})", [value for part in parts for value in part.values]
    )


def _json(column: str, keys: list[str] | tuple[str, ...]) -> Sql | None:
    path = _path(keys)
    return Sql(f"json_extract({column}, ?)", [path]) if path else None


def _path(keys: list[str] | tuple[str, ...]) -> str:
    """SQLite's path to a member; '' for a key that its language cannot write."""
    if any('"' in key or "\\" in key or not key.isprintable() for key in keys):
        return ""
    return "$" + "".join(f'."{key}"' for key in keys)
