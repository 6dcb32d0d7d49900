"""Hyperparameters of scripts that declare them otherwise: click, typer, and dataclasses (HfArgumentParser)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from clary.widgets.reading.parameter import Constants, Parameter, called, kind_of, shown

_KINDS = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "bool",
    "Path": "str",
    "list": "list",
    "dict": "json",
}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def read_click(tree: ast.Module) -> tuple[list[Parameter], list[str]]:
    """The options of ``@click.option``."""
    constants = Constants(tree)
    found: list[Parameter] = []
    warnings: list[str] = []
    for function in _functions(tree):
        for node in function.decorator_list:
            if isinstance(node, ast.Call) and called(node) == "argument" and _is_of(node, "click"):
                name = constants.value(node.args[0]) if node.args else "An argument"
                warnings.append(f"{name} is a positional argument, which a training job cannot give.")
            if isinstance(node, ast.Call) and called(node) == "option" and _is_of(node, "click"):
                one = _click_option(node, constants)
                if one is not None:
                    found.append(one)
    return found, warnings


def _is_of(node: ast.Call, module: str) -> bool:
    function = node.func
    return isinstance(function, ast.Name) or (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == module
    )


def _click_option(node: ast.Call, constants: Constants) -> Parameter | None:
    texts = [value for value in map(constants.value, node.args) if isinstance(value, str)]
    dashed = [text for text in texts if text.startswith("-")]
    if not dashed:
        return None
    chosen = next((text for text in dashed if text.startswith("--")), dashed[0])
    name, slash, _ = chosen.partition("/")
    keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    default = constants.value(keywords.get("default"))
    flag = bool(slash) or constants.value(keywords.get("is_flag")) is True
    type_node = keywords.get("type")
    choices: tuple[str, ...] = ()
    if isinstance(type_node, ast.Call) and called(type_node) == "Choice" and type_node.args:
        choices = tuple(str(one) for one in constants.value(type_node.args[0]) or ())
    kind = "bool" if flag else _KINDS.get(called(type_node) if type_node else "", kind_of(default))
    name = name.lstrip("-").strip()
    return Parameter(
        name,
        "str" if choices else kind,
        shown(False if flag and default is None else default),
        constants.value(keywords.get("required")) is True and default is None,
        choices,
        " ".join(str(constants.value(keywords.get("help")) or "").split()),
        flag=flag,
        note=_no_value(name) if flag else "",
    )


def _no_value(name: str) -> str:
    return f"--{name} takes no value, but a training job passes one (--{name} True); declare it with a type."


def read_typer(tree: ast.Module) -> tuple[list[Parameter], list[str]]:
    """The parameters of the function that typer runs."""
    constants = Constants(tree)
    run = {
        called(arg)
        for node in _calls(tree)
        if called(node) == "run" and _is_of(node, "typer")
        for arg in node.args
    }
    found: list[Parameter] = []
    warnings: list[str] = []
    for function in _functions(tree):
        if function.name not in run and not any(called(one) == "command" for one in function.decorator_list):
            continue
        arguments = [*function.args.posonlyargs, *function.args.args]
        defaults = [None] * (len(arguments) - len(function.args.defaults)) + list(function.args.defaults)
        pairs = [*zip(arguments, defaults, strict=True)]
        pairs += zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        for argument, default in pairs:
            one = _typer_option(argument, default, constants)
            if isinstance(one, str):
                warnings.append(one)
            else:
                found.append(one)
    return found, warnings


def _typer_option(argument: ast.arg, default: ast.expr | None, constants: Constants) -> Parameter | str:
    annotation, marker = argument.annotation, default
    if isinstance(annotation, ast.Subscript) and called(annotation.value) == "Annotated":
        parts = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else []
        annotation = parts[0] if parts else None
        marker = next((part for part in parts[1:] if isinstance(part, ast.Call)), None)
        value = constants.value(default)
    else:
        declared = isinstance(default, ast.Call) and called(default) in ("Option", "Argument")
        first = default.args[0] if declared and isinstance(default, ast.Call) and default.args else None
        value = constants.value(first if declared else default)
    name = argument.arg.replace("_", "-")
    call = marker if isinstance(marker, ast.Call) else None
    if (call is not None and called(call) == "Argument") or (call is None and default is None):
        return f"{argument.arg} is a positional argument, which a training job cannot give."
    keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg} if call else {}
    for text in map(constants.value, call.args if call else ()):
        if isinstance(text, str) and text.startswith("--"):
            name = text.partition("/")[0].lstrip("-")
    kind = _annotated(annotation, value)
    return Parameter(
        name,
        kind,
        shown(None if value is ... else value),
        value is ... or (default is None and value is None),
        (),
        " ".join(str(constants.value(keywords.get("help")) or "").split()),
        flag=kind == "bool",
        note=_no_value(name) if kind == "bool" else "",
    )


def read_dataclasses(tree: ast.Module) -> tuple[list[Parameter], list[str]]:
    """The fields of the dataclasses that ``HfArgumentParser`` is given."""
    constants = Constants(tree)
    wanted = {
        called(item)
        for node in _calls(tree)
        if called(node) == "HfArgumentParser"
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]
        for item in (argument.elts if isinstance(argument, (ast.Tuple, ast.List)) else [argument])
    }
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found: list[Parameter] = []
    warnings: list[str] = []
    for name in sorted(wanted):
        if name in classes:
            found += [
                _field(node, constants) for node in classes[name].body if isinstance(node, ast.AnnAssign)
            ]
        elif name:
            warnings.append(f"The fields of {name} are declared elsewhere; add those that you need by hand.")
    return found, warnings


def _field(node: ast.AnnAssign, constants: Constants) -> Parameter:
    name = node.target.id if isinstance(node.target, ast.Name) else "?"
    value, help_text, required = node.value, "", node.value is None
    choices: tuple[str, ...] = ()
    if isinstance(value, ast.Call) and called(value) == "field":
        keywords = {keyword.arg: keyword.value for keyword in value.keywords if keyword.arg}
        metadata = constants.value(keywords.get("metadata"))
        if isinstance(metadata, dict):
            help_text = " ".join(str(metadata.get("help", "")).split())
            choices = tuple(str(one) for one in metadata.get("choices", ()))
        required = not {"default", "default_factory"} & set(keywords)
        value = keywords.get("default")
    default = constants.value(value)
    return Parameter(name, _annotated(node.annotation, default), shown(default), required, choices, help_text)


def _annotated(annotation: ast.expr | None, default: object) -> str:
    """The kind that an annotation names: ``float``, ``Optional[int]``, ``int | None``, ``list[str]``."""
    if annotation is None:
        return kind_of(default)
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return kind_of(default)
    if isinstance(annotation, ast.BinOp):
        return _annotated(annotation.left, default)
    if isinstance(annotation, ast.Subscript):
        outer = called(annotation.value)
        if outer in ("Optional", "Union"):
            inner = annotation.slice.elts[0] if isinstance(annotation.slice, ast.Tuple) else annotation.slice
            return _annotated(inner, default)
        return _KINDS.get(outer.lower(), "any")
    return _KINDS.get(called(annotation), kind_of(default))


def _functions(tree: ast.Module) -> Iterator[_Function]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))
