"""A script's hyperparameters from its argparse calls, read from its text and never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from clary.widgets.reading.parameter import (
    Constants,
    Parameter,
    called,
    environment_variable,
    kind_of,
    shown,
)

_TYPES = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "bool",
    "Path": "str",
    "loads": "json",
    "literal_eval": "json",
}
_FLAGS = {"store_true": False, "store_false": True, "BooleanOptionalAction": None}
_SILENT = {"help", "version"}


def read(tree: ast.Module) -> tuple[list[Parameter], list[str]]:
    """The parameters of every ``add_argument`` in a module, and what the user should know about them."""
    constants = Constants(tree)
    # Only ``parse_args`` ends the script when it meets an argument that it does not know.
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {called(node) for node in calls}
    strict = "parse_args" in names and "parse_known_args" not in names
    overridden = _overridden(calls, constants)
    found: dict[str, Parameter] = {}
    warnings: list[str] = []
    hidden = 0
    for node in _in_order(calls):
        options = [constants.value(arg) for arg in node.args]
        if not options or not all(isinstance(option, str) for option in options):
            hidden += 1
            continue
        one = _parameter(node, options, constants, overridden, strict)
        if isinstance(one, str):
            warnings.append(one)
        elif one is not None:
            found[one.name] = one
    if hidden:
        what = "1 argument is" if hidden == 1 else f"{hidden} arguments are"
        warnings.append(f"{what} named only when the script runs; add what you need by hand.")
    return list(found.values()), warnings


def _in_order(calls: list[ast.Call]) -> Iterator[ast.Call]:
    """The ``add_argument`` calls as they stand in the text."""
    mine = (
        node for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"
    )
    yield from sorted(mine, key=lambda node: (node.lineno, node.col_offset))


def _overridden(calls: list[ast.Call], constants: Constants) -> dict[str, Any]:
    """Defaults of ``parser.set_defaults(lr=0.1)``."""
    values: dict[str, Any] = {}
    for node in calls:
        if called(node) == "set_defaults":
            for keyword in node.keywords:
                if keyword.arg and constants.knows(keyword.value):
                    values[keyword.arg] = constants.value(keyword.value)
    return values


def _parameter(
    node: ast.Call, options: list[str], constants: Constants, overridden: dict[str, Any], strict: bool
) -> Parameter | str | None:
    """One argument; a warning where it cannot be given; None where there is nothing to give."""
    keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    action = _action(keywords.get("action"), constants)
    if action in _SILENT:
        return None
    dashed = [option for option in options if option.startswith("-")]
    if not dashed:
        return (
            f"{options[0]} is a positional argument, which a training job cannot give: "
            f"hyperparameters come as --name value."
        )
    # ``--batch-size`` of ``-b, --batch-size``: the job passes ``--`` and the hyperparameter's name.
    name = next((option for option in dashed if option.startswith("--")), dashed[0]).lstrip("-")
    destination = constants.value(keywords.get("dest")) or name.replace("-", "_")
    default_node = keywords.get("default")
    variable, fallback = environment_variable(default_node, constants)
    default = constants.value(fallback if variable else default_node)
    if destination in overridden:
        default, variable = overridden[destination], None
    elif (
        default_node is not None
        and default is None
        and variable is None
        and not constants.knows(default_node)
    ):
        default = _Code(default_node)
    help_text = _help(keywords.get("help"), constants, name, default)
    choices = constants.value(keywords.get("choices")) or ()
    required = constants.value(keywords.get("required")) is True and default is None
    if action in _FLAGS:
        if default is None:
            default = _FLAGS[action]
        return Parameter(
            name,
            "bool",
            shown(default),
            required,
            (),
            help_text,
            variable,
            True,
            _flag_note(name, action, strict),
        )
    if action in ("count", "store_const", "append_const"):
        note = f"--{name} takes no value, but a training job passes one; give it a type to set it here."
        return Parameter(name, "int", shown(default), required, (), help_text, variable, True, note)
    kind = _kind(keywords.get("type"), default, constants)
    note = ""
    nargs = constants.value(keywords.get("nargs"))
    if nargs not in (None, "?", 1):
        kind = "list"
        note = f"A training job passes one value for --{name}; the script sees the list as one text."
    return Parameter(
        name,
        kind,
        shown(default),
        required,
        tuple(str(choice) for choice in choices),
        help_text,
        variable,
        False,
        note,
    )


def _flag_note(name: str, action: str, strict: bool) -> str:
    if not strict:
        return ""
    return (
        f"A training job passes --{name} True, and {action} takes no value: argparse would end the script with "
        "'unrecognized arguments: True'. Read it with parse_known_args, or give it a type."
    )


def _action(node: ast.expr | None, constants: Constants) -> str:
    if node is None:
        return "store"
    value = constants.value(node)
    return value if isinstance(value, str) else called(node)


def _kind(node: ast.expr | None, default: Any, constants: Constants) -> str:
    if node is None:
        # Without a type argparse gives text, whatever the default is.
        return kind_of(default) if isinstance(default, (int, float)) else "str"
    if isinstance(node, ast.Lambda):
        text = ast.unparse(node.body)
        return "bool" if ".lower()" in text or "true" in text.lower() else "any"
    name = called(node)
    if name in _TYPES:
        return _TYPES[name]
    # str2bool, str_to_bool, strtobool, boolean
    return "bool" if "bool" in name.lower() else "any"


def _help(node: ast.expr | None, constants: Constants, name: str, default: Any) -> str:
    text = constants.value(node)
    if not isinstance(text, str):
        return ""
    for key, value in {"default": shown(default), "prog": "the script", "dest": name}.items():
        text = text.replace(f"%({key})s", str(value))
    return " ".join(text.replace("%%", "%").split())


class _Code:
    """A default that only the script's run tells; shown as its expression."""

    def __init__(self, node: ast.expr) -> None:
        self._text = ast.unparse(node)

    def __repr__(self) -> str:
        return self._text if len(self._text) <= 60 else self._text[:57] + "..."
