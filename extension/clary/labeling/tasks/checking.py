"""What the checks of answers share: shapes, numbers and label names, with errors that say where and what would be right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from clary.labeling.settings import JobSettings
from clary.labeling.task_type import BadAnswer

# No picture, text or count is larger; arithmetic on it stays exact everywhere, in JavaScript too.
LARGEST = 2**31 - 1
_SHOWN = 80


def shown(value: Any) -> str:
    """A value as errors quote it: short, whatever came."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of too many digits; lists nested too deep
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def members(
    value: Any, where: str, required: Sequence[str], optional: Sequence[str] = ()
) -> Mapping[str, Any]:
    """`value` as an object with these members and no others. Raises BadAnswer."""
    if not isinstance(value, Mapping):
        raise BadAnswer(f"{where} must be an object with {_listed(required)}, not {shown(value)}.")
    missing = [name for name in required if name not in value]
    if missing:
        raise BadAnswer(f"{where} lacks {_listed(missing)}: it is an object with {_listed(required)}.")
    foreign = [name for name in value if name not in required and name not in optional]
    if foreign:
        raise BadAnswer(
            f"{where} has a member {shown(foreign[0])}, which means nothing here: it is an object with"
            f" {_listed([*required, *optional])}."
        )
    return value


def items(value: Any, where: str, most: int) -> Sequence[Any]:
    """`value` as a list of at most `most` entries. Raises BadAnswer."""
    if not isinstance(value, list | tuple):
        raise BadAnswer(f"{where} must be a list, not {shown(value)}.")
    if len(value) > most:
        raise BadAnswer(f"{where} has {len(value):,} entries; {most:,} is the most.")
    return value


def integer(value: Any, where: str, least: int = 0, most: int = LARGEST) -> int:
    """`value` as an integer in [least, most]; a float counts if it is a whole number. Raises BadAnswer."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadAnswer(f"{where} must be an integer, not {shown(value)}.")
    if isinstance(value, float) and (not math.isfinite(value) or value != int(value)):
        raise BadAnswer(f"{where} must be an integer, not {shown(value)}.")
    if not least <= value <= most:
        raise BadAnswer(f"{where} is {shown(value)}; it must be from {least} to {most}.")
    return int(value)


def label(value: Any, where: str, settings: JobSettings) -> str:
    """`value` as the name of one of the job's labels. Raises BadAnswer."""
    if not isinstance(value, str):
        raise BadAnswer(f"{where} must be the name of a label, not {shown(value)}.")
    known = [one.name for one in settings.labels]
    if value not in known:
        names = ", ".join(repr(one) for one in known[:10]) + (", ..." if len(known) > 10 else "")
        raise BadAnswer(f"{where} is {shown(value)}, which is no label of this job: choose from {names}.")
    return value


def _listed(names: Sequence[str]) -> str:
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
