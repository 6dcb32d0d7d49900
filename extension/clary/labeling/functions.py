"""The user's own functions before and after a task: what Lambda functions are on AWS, as Python kept in Clary's home.

A function is ``f(event)`` or ``f(event, context)`` with AWS's documents in and out. It is called in the process of a labeling
job's step and nowhere else; where it is added or named it is only read.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.home import Home, atomic_write, write_json

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]*:[0-9]{12}:function:([a-zA-Z0-9_-]+)(?::[^:]+)?")
_LARGEST = 1 << 20
Function = Callable[..., Any]


class FunctionError(Exception):
    """A function that cannot be added, found or called; of one that failed, the text ends with its traceback."""


@dataclass(frozen=True)
class Stored:
    """A function in the home: `handler` is its name in `path`."""

    name: str
    handler: str
    path: Path


@dataclass(frozen=True)
class Context:
    """What Lambda tells a function about its call."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "128"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def add(home: Home, name: str, function: Function | str) -> Stored:
    """Keep a function under `name`; one that is there already is replaced. `function`: a callable, whose source is kept, or
    ``file.py:function``. Raises FunctionError."""
    if not _NAME.fullmatch(name):
        raise FunctionError(
            f"A function's name has 1 to 64 letters, digits, hyphens and underscores; {name!r} does not fit."
        )
    if re.fullmatch(r"(PRE|ACS)-.*", name):
        raise FunctionError(f"{name!r} is what Ground Truth's own functions are called. Choose another name.")
    handler, source = _of_file(function) if isinstance(function, str) else _of_callable(function)
    _check(handler, source, name)
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(folder / f"{name}.py", source.encode(), mode=0o600)
    write_json(folder / f"{name}.json", {"handler": handler}, mode=0o600)
    return Stored(name, handler, folder / f"{name}.py")


def names(home: Home) -> list[str]:
    """The functions of the home, sorted."""
    return sorted(path.stem for path in _folder(home).glob("*.json"))


def remove(home: Home, name: str) -> None:
    """Forget a function. Raises FunctionError when there is none."""
    found = find(home, name)
    found.path.with_suffix(".json").unlink(missing_ok=True)
    found.path.unlink(missing_ok=True)


def find(home: Home, function: str) -> Stored:
    """The function of a name or an ARN. Raises FunctionError that says how to add one."""
    match = _ARN.fullmatch(function)
    name = match[1] if match else function
    path = _folder(home) / f"{name}.py"
    try:
        if not _NAME.fullmatch(name):
            raise FileNotFoundError
        handler = json.loads(path.with_suffix(".json").read_bytes())["handler"]
    except (OSError, ValueError, KeyError):
        known = ", ".join(names(home))
        raise FunctionError(
            f"There is no function {name!r} here{f'; there are {known}' if known else ''}. "
            f'Add it: clary.label_functions.add("{name}", function).'
        ) from None
    return Stored(name, handler, path)


def load(home: Home, function: str) -> Callable[[dict[str, Any]], Any]:
    """The function, ready to be called with an event; its answer is what JSON would carry of it. Raises FunctionError: now
    when there is none, or its source cannot be run; later with the traceback when it fails."""
    stored = find(home, function)
    try:
        handler = _loaded(stored)
        wants_context = len(inspect.signature(handler).parameters) > 1
    except (Exception, SystemExit) as error:
        raise FunctionError(f"The source of {stored.name} failed with {_told(error)}") from error

    def called(event: dict[str, Any]) -> Any:
        context = Context(stored.name, function, uuid.uuid4().hex)
        # As on AWS documents go in and out as JSON: what a function keeps of its event changes nothing here.
        given = json.loads(json.dumps(event))
        try:
            return json.loads(json.dumps(handler(given, context) if wants_context else handler(given)))
        except (Exception, SystemExit) as error:
            raise FunctionError(f"The function {stored.name} failed with {_told(error)}") from error

    return called


_modules: dict[tuple[str, int], dict[str, Any]] = {}


def _loaded(stored: Stored) -> Function:
    key = (str(stored.path), stored.path.stat().st_mtime_ns)
    module = _modules.get(key)
    if module is None:
        source = stored.path.read_text(encoding="utf-8")
        module = {"__name__": f"clary_function_{stored.name}", "__file__": str(stored.path)}
        exec(compile(source, str(stored.path), "exec"), module)  # the user's own code: this is what it is for
        _modules[key] = module
    handler: Function = module[stored.handler]
    return handler


def _told(error: BaseException) -> str:
    """The error, and where it came from, from the function's own lines on."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename != __file__]
    return f"{type(error).__name__}: {error}\n{''.join(traceback.format_list(frames))}".rstrip()


def _of_file(reference: str) -> tuple[str, str]:
    file, colon, handler = reference.rpartition(":")
    if not colon or not file or not handler.isidentifier():
        raise FunctionError(f"{reference!r} must be written as path/to/file.py:function.")
    try:
        return handler, Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FunctionError(f"{file} cannot be read: {error}.") from None


def _of_callable(function: Function) -> tuple[str, str]:
    handler = getattr(function, "__name__", "")
    if not inspect.isfunction(function) or not handler.isidentifier():
        raise FunctionError(
            f"{function!r} is no function with a name of its own (a lambda or an object is not). Write it with def."
        )
    if function.__closure__:
        raise FunctionError(
            f"{handler} uses variables of the function around it. Define it at the top level."
        )
    try:
        file = inspect.getsourcefile(function)
        if file and function.__module__ != "__main__" and Path(file).is_file():
            return handler, Path(file).read_text(encoding="utf-8")
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        raise FunctionError(
            f"The source of {handler} cannot be found. Give path/to/file.py:{handler}."
        ) from None
    _check_alone(function, handler, source)
    return handler, source


def _check_alone(function: Function, handler: str, source: str) -> None:
    """A function of a notebook is kept without the rest of the notebook."""
    import builtins

    used = inspect.getclosurevars(function).globals.keys() - {handler} - vars(builtins).keys()
    if used:
        raise FunctionError(
            f"{handler} uses {', '.join(sorted(used))}, which the notebook defines outside of it. Put imports and helpers into "
            f"the function, or write it to a file and give path/to/file.py:{handler}."
        )


def _check(handler: str, source: str, name: str) -> None:
    if len(source.encode()) > _LARGEST:
        raise FunctionError(f"The source of {name} is larger than {_LARGEST >> 20} MiB.")
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise FunctionError(
            f"The source of {name} is not valid Python: {error.msg} (line {error.lineno})."
        ) from None
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    if handler not in defined | assigned | imported:
        raise FunctionError(f"The source of {name} defines no function {handler} at its top level.")


def _folder(home: Home) -> Path:
    return home.root / "functions"
