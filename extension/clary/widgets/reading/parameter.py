"""What a script or notebook can be told: its hyperparameters, as read from its text."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter.

    ``kind``: int, float, bool, str, list, json, or any. ``default``: as a person writes it, None where there is none
    or it is not known. ``variable``: the environment variable that the default is taken from. ``flag``: it is an
    option without a value (``store_true``). ``note``: what is odd about it, for the user.
    """

    name: str
    kind: str = "any"
    default: str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""
    variable: str | None = None
    flag: bool = False
    note: str = ""

    @property
    def from_platform(self) -> bool:
        """Whether SageMaker gives the value (``SM_MODEL_DIR``), so that nobody needs to."""
        return self.variable is not None and self.variable.startswith("SM_")

    @property
    def channel(self) -> str | None:
        """The input channel whose folder it is, for a default of ``SM_CHANNEL_<NAME>``."""
        if self.variable is None or not self.variable.startswith("SM_CHANNEL_"):
            return None
        return self.variable.removeprefix("SM_CHANNEL_").lower()


@dataclass(frozen=True)
class Reading:
    """What was read. ``how``: argparse, click, typer, dataclasses, notebook, or "" where nothing was found.

    ``channels``: names that the code reads. ``metrics``: suggestions, name to regex. ``warnings``: for the user.
    """

    how: str = ""
    parameters: tuple[Parameter, ...] = ()
    channels: tuple[str, ...] = ()
    metrics: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


_KINDS = {bool: "bool", int: "int", float: "float", str: "str", list: "list", tuple: "list", dict: "json"}
_UNKNOWN = object()


def kind_of(value: Any) -> str:
    """The kind of a default value; any for None and what is not known."""
    return _KINDS.get(type(value), "any")


def shown(value: Any) -> str | None:
    """A value as a person writes it: text without quotes, everything else as Python does."""
    if value is None or value is _UNKNOWN:
        return None
    return value if isinstance(value, str) else repr(value)


class Constants:
    """Values that can be known without running the code: literals, and a module's simple constants."""

    def __init__(self, tree: ast.AST) -> None:
        self._names: dict[str, ast.expr] = {}
        for node in getattr(tree, "body", []):
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target, value = node.targets[0], node.value
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                target, value = node.target, node.value
            else:
                continue
            pairs = [(target, value)]
            if (
                isinstance(target, ast.Tuple)
                and isinstance(value, ast.Tuple)
                and len(target.elts) == len(value.elts)
            ):
                pairs = list(zip(target.elts, value.elts, strict=True))
            for one, given in pairs:
                if isinstance(one, ast.Name):
                    # Assigned twice: which one counts is not known.
                    self._names[one.id] = ast.Name("", ast.Load()) if one.id in self._names else given

    def value(self, node: ast.expr | None, otherwise: Any = None) -> Any:
        """The value of an expression, or ``otherwise``."""
        if node is None:
            return otherwise
        found = self._value(node, 8)
        return otherwise if found is _UNKNOWN else found

    def knows(self, node: ast.expr) -> bool:
        return self._value(node, 8) is not _UNKNOWN

    def _value(self, node: ast.expr, depth: int) -> Any:
        if isinstance(node, ast.Name) and depth:
            known = self._names.get(node.id)
            return _UNKNOWN if known is None else self._value(known, depth - 1)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            items = [self._value(item, depth) for item in node.elts]
            if any(item is _UNKNOWN for item in items):
                return _UNKNOWN
            return tuple(items) if isinstance(node, ast.Tuple) else items
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            if node.func.id in ("list", "tuple", "sorted") and len(node.args) == 1:
                return self._value(node.args[0], depth)
            if node.func.id == "range" and all(isinstance(arg, ast.Constant) for arg in node.args):
                numbers = range(*(arg.value for arg in node.args if isinstance(arg, ast.Constant)))  # type: ignore[arg-type]
                return list(numbers) if len(numbers) <= 64 else _UNKNOWN
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "keys":
            found = self._value(node.func.value, depth)
            return list(found) if isinstance(found, dict) else _UNKNOWN
        if isinstance(node, ast.Subscript):
            found, index = self._value(node.value, depth), self._value(node.slice, depth)
            try:
                return found[index]
            except (TypeError, LookupError):
                return _UNKNOWN
        if isinstance(node, ast.BinOp):
            return self._arithmetic(node, depth)
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return _UNKNOWN

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Any:
        """``1024 * 4``, ``10 ** -3``, ``"a" + "b"``; small numbers only, so that reading stays quick."""
        left, right = self._value(node.left, depth), self._value(node.right, depth)
        if isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add):
            return left + right
        numbers = all(isinstance(one, (int, float)) and abs(one) < 1e12 for one in (left, right))
        if not numbers:
            return _UNKNOWN
        try:
            match node.op:
                case ast.Add():
                    return left + right
                case ast.Sub():
                    return left - right
                case ast.Mult():
                    return left * right
                case ast.Div():
                    return left / right
                case ast.Pow() if abs(right) <= 64:
                    return left**right
        except (ArithmeticError, ValueError):
            pass
        return _UNKNOWN


def environment_variable(node: ast.expr | None, constants: Constants) -> tuple[str | None, ast.expr | None]:
    """The variable that ``os.environ["X"]``, ``os.environ.get("X", d)`` or ``os.getenv("X", d)`` reads, and its ``d``."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        name, _ = environment_variable(node.values[0], constants)
        return name, node.values[-1]
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("int", "float", "str", "bool")
    ):
        return environment_variable(node.args[0], constants) if node.args else (None, None)
    if isinstance(node, ast.Subscript) and _tail(node.value) == "environ":
        name = constants.value(node.slice)
        return (name, None) if isinstance(name, str) else (None, None)
    if isinstance(node, ast.Call):
        called = _tail(node.func)
        of_environ = isinstance(node.func, ast.Attribute) and _tail(node.func.value) == "environ"
        if (called == "getenv" or (called == "get" and of_environ)) and node.args:
            name = constants.value(node.args[0])
            if isinstance(name, str):
                return name, node.args[1] if len(node.args) > 1 else None
        # json.loads(os.environ["SM_HOSTS"]), Path(os.environ[...])
        for argument in node.args[:1]:
            return environment_variable(argument, constants)
    return None, None


def _tail(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def called(node: ast.expr) -> str:
    """The last name of what is called or named: ``add_argument`` of ``parser.add_argument``."""
    return _tail(node.func) if isinstance(node, ast.Call) else _tail(node)
