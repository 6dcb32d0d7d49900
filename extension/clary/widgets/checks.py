"""What is wrong with a field, said beside it before anything is sent: a sentence, or "" where nothing is."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from clary.sdk import packing, shapes, storage
from clary.sdk.errors import ClaryError
from clary.widgets.reading import Parameter

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_LONGEST_S = 2_419_200  # AWS's own: 28 days


def source(text: str, entry: str | None) -> str:
    """The code of a job: a script, a notebook, a folder, or an archive of the API."""
    if not text.strip():
        return "Choose a script, a notebook or a folder."
    if packing.is_address(text):
        if entry is None:
            return "Name the entry point in the archive."
        return "" if _stored(text) else f"There is no object at {text}."
    path = Path(text).expanduser()
    try:
        _, program = packing.find_entry(path, entry)
    except (OSError, ValueError) as error:
        return str(error)
    if path.is_file() and path.suffix not in (".py", ".ipynb", ".sh"):
        return f"{path.name} is no script (.py, .sh) and no notebook (.ipynb)."
    return "" if program else "Name the entry point."


def place(text: str) -> str:
    """An input's place."""
    if not text.strip():
        return "Give a local path or an s3:// address, or remove the channel."
    if text.startswith("s3://"):
        return "" if _stored(text) else f"There is nothing at {text}."
    if text.startswith("file://"):
        return "" if Path(text.removeprefix("file://")).exists() else f"There is nothing at {text}."
    if packing.is_address(text):
        return f"{text.partition(':')[0]}:// cannot be read; use s3:// or a local path."
    path = Path(text).expanduser()
    if not path.exists():
        return f"There is no {text} in {Path.cwd()}."
    if path.is_dir() and next(packing.walk(path), None) is None:
        return f"The folder {text} is empty."
    return ""


def _stored(address: str) -> bool:
    try:
        return bool(storage.children(address, limit=1))
    except ClaryError:
        return False


def shaped(shape: str, text: str, what: str) -> str:
    """Text that the service model limits (``TrainingJobName``, ``ChannelName``, ...)."""
    found = shapes.problem(shape, text)
    return f"{what} {found}." if found else ""


def job_name(text: str) -> str:
    """An empty one is made up at launch."""
    return shaped("TrainingJobName", text, "A job's name") if text else ""


def instance_type(text: str) -> str:
    if not text:
        return "Choose an instance type."
    if shapes.problem("TrainingInstanceType", text):
        return f"{text} is no instance type of training jobs (ml.m5.large, ml.g5.xlarge, ...)."
    return ""


def regex(text: str) -> str:
    """A metric's regular expression."""
    if not text:
        return "Give a regular expression, such as loss=([0-9.]+)."
    try:
        found = re.compile(text)
    except re.error as error:
        return f"This is no regular expression: {error}."
    if not found.groups:
        return "Put a group ( ) around the value."
    return shaped("MetricRegex", text, "The expression")


def seconds(text: str) -> tuple[int | None, str]:
    """A time: ``3600``, ``90 min``, ``1h 30m``; in seconds, or the problem."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)", text)
    rest = re.sub(r"\d+(?:\.\d+)?\s*[a-zA-Z]*", "", text).strip()
    if not parts or rest or any(unit.lower() not in ("", *_UNITS) for _, unit in parts):
        return None, "Give seconds, or a time such as 90m or 1h 30m."
    total = int(sum(float(number) * _UNITS.get(unit.lower(), 1) for number, unit in parts))
    if not 1 <= total <= _LONGEST_S:
        return None, "Give between 1 second and 28 days."
    return total, ""


def value(text: str, one: Parameter) -> tuple[Any, str]:
    """What a hyperparameter's text stands for, by its kind; or the problem."""
    if one.choices:
        return (
            (text, "") if text in one.choices else (None, f"{one.name} is one of {', '.join(one.choices)}.")
        )
    if problem := shaped("HyperParameterValue", text, f"{one.name}'s value"):
        return None, problem
    match one.kind:
        case "int":
            return _number(text, int, f"{one.name} is a whole number, such as 10.")
        case "float":
            return _number(text, float, f"{one.name} is a number, such as 0.001.")
        case "bool":
            known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
            found = known.get(text.strip().lower())
            return (found, "") if found is not None else (None, f"{one.name} is True or False.")
        case "str":
            return text, ""
        case "list" | "json":
            found = _literal(text)
            if one.kind == "list" and not isinstance(found, (list, tuple)) and text.strip()[:1] in "[(":
                return None, f"{one.name} is a list, such as [1, 2]."
            return found, ""
    return _literal(text), ""


def _number(text: str, kind: type, problem: str) -> tuple[Any, str]:
    try:
        return kind(text), ""
    except ValueError:
        return None, problem


def _literal(text: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return text
