"""What a service model demands of a value beyond its type, and AWS's words for what does not meet it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError
from clary.api.patterns import compiled

if TYPE_CHECKING:
    from botocore.model import Shape

# value -> the words of the constraint it breaks, or None
Constraint = Callable[[Any], str | None]

_MOST_VIOLATIONS = 20
_LONGEST_ECHO = 1024


class Broken(list[str]):
    """The constraints that a request breaks. Keeps the first few only: a request may break millions."""

    def append(self, violation: str) -> None:
        if len(self) < _MOST_VIOLATIONS:
            super().append(violation)


def constraint_of(shape: Shape) -> Constraint | None:
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
            if matcher is not None and not matcher.fullmatch(value) and not _local(value, pattern):
                return f"Member must satisfy regular expression pattern: {pattern}"
        return None

    return check


def _local(value: str, pattern: str) -> bool:
    """Whether ``value`` is a folder or file of this machine where AWS wants one in S3: Clary takes both."""
    return value.startswith("file:///") and pattern.startswith(("(https|s3)://", "(s3)://"))


def violations(broken: Broken) -> ApiError:
    """The one error for everything that breaks a constraint."""
    count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected"
    return ApiError("ValidationException", f"{count}: {'; '.join(broken)}")


def all_constraints(shape: Shape) -> str:
    """All that a shape demands, in words: for lists and maps AWS names everything, not what was broken."""
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


def violation(value: Any, where: str, words: str) -> str:
    """One broken constraint: `value` (None is null) at the path `where`, and the words of the constraint."""
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


def spoken(member: str) -> str:
    """AWS's messages begin the names of members in lower case."""
    return member[:1].lower() + member[1:]
