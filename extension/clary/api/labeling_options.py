"""Clary's own block of a label category file: error bounds, gold items, reviews, and how the canvas looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clary.api.errors import validation
from clary.labeling.settings import Automatic, Gold

# What `clary.labeling.categories` reads itself.
_OF_LABELS = ("hotkeys", "colors")
_AUTOMATIC = ("epsilon", "delta", "scope", "seed", "features", "model", "code", "program", "iou")


def checked(block: Mapping[str, Any]) -> dict[str, Any]:
    """The block, each value of its type and in its range. Raises ValidationException that names the member."""
    for name in block:
        if name not in _CHECKS and name not in _OF_LABELS:
            known = ", ".join(sorted([*_CHECKS, *_OF_LABELS]))
            raise validation(f"The label category file's block 'clary' has {name!r}; it may have: {known}.")
    return {
        name: _CHECKS[name](f"clary.{name}", block[name])
        for name in _CHECKS
        if name in block and block[name] is not None
    }


def automatic(options: Mapping[str, Any], wanted: bool) -> Automatic | None:
    """The settings of automatic labels: if the request asks for them (`wanted`), or the block gives an error bound."""
    if not wanted and "epsilon" not in options:
        return None
    return Automatic(**{name: options[name] for name in _AUTOMATIC if name in options})


def gold(options: Mapping[str, Any]) -> Gold | None:
    return Gold(**options["gold"]) if "gold" in options else None


def _number(low: float, high: float, *, ends: bool = False) -> Callable[[str, Any], float]:
    def check(where: str, value: Any) -> float:
        right = isinstance(value, int | float) and not isinstance(value, bool)
        if not right or not (low <= value <= high if ends else low < value < high):
            raise validation(
                f"{where} must be a number {'from' if ends else 'between'} {low:g} and {high:g}, not {value!r}."
            )
        return float(value)

    return check


def _whole(where: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise validation(f"{where} must be a whole number from 0 on, not {value!r}.")
    return value


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > 1024:
        raise validation(f"{where} must be a text, not {str(value)[:80]!r}.")
    return value


def _flag(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise validation(f"{where} must be true or false, not {value!r}.")
    return value


def _scope(where: str, value: Any) -> str:
    if value not in ("dataset", "auto-labelled"):
        raise validation(f"{where} must be 'dataset' or 'auto-labelled', not {value!r}.")
    return str(value)


def _gold(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value.keys() <= {"uri", "attribute", "share"}:
        raise validation(
            f'{where} must be an object as {{"uri": "s3://...", "attribute": "label", "share": 0.1}}.'
        )
    for name in ("uri", "attribute"):
        if not isinstance(value.get(name), str) or not value[name]:
            raise validation(f"{where}.{name} must be a text.")
    found = dict(value)
    if "share" in value:
        found["share"] = _number(0.0, 0.5)(f"{where}.share", value["share"])
    return found


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "epsilon": _number(0.0, 1.0),
    "delta": _number(0.0, 1.0),
    "scope": _scope,
    "seed": _whole,
    "features": _text,
    "model": _text,
    "iou": _number(0.0, 1.0, ends=True),
    "gold": _gold,
    "review_below": _number(0.0, 1.0, ends=True),
    "prelabel_attribute": _text,
    "grid": _flag,
    "auto_advance": _flag,
}
