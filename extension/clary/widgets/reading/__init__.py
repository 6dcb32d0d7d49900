"""Reading what a script or notebook can be told, from its text alone: nothing of it is ever run."""

from __future__ import annotations

import ast
from pathlib import Path

from clary.widgets.reading import argparse_script, declared_script, notebook, printed
from clary.widgets.reading.parameter import Parameter, Reading

__all__ = ["Parameter", "Reading", "read"]

_WAYS = {
    "argparse": argparse_script.read,
    "click": declared_script.read_click,
    "typer": declared_script.read_typer,
    "dataclasses": declared_script.read_dataclasses,
}
_LARGEST = 4 * 2**20


def read(path: Path, *, alone: bool = True) -> Reading:
    """What the script or notebook at ``path`` can be told.

    ``alone``: it is sent without the files beside it (no folder). Raises ValueError for what cannot be read, with the
    line of a syntax error; OSError.
    """
    if path.suffix == ".ipynb":
        return notebook.read(path)
    if path.suffix != ".py":
        return Reading()
    tree = _parsed(path)
    beside = _beside(tree, path)
    if alone:
        warnings = tuple(
            f"It imports {name}, and {name}.py lies beside it: choose the folder to send both."
            for name in beside
        )
        return _read([tree], warnings)
    return _read([tree, *filter(None, map(_quietly, beside.values()))], ())


def _read(trees: list[ast.Module], warnings: tuple[str, ...]) -> Reading:
    """From the script; where it declares nothing, from the first module beside it that does."""
    channels = tuple(dict.fromkeys(name for tree in trees for name in printed.channels(tree)))
    metrics = {name: regex for tree in reversed(trees) for name, regex in printed.metrics(tree).items()}
    for tree in trees:
        for how, way in _WAYS.items():
            parameters, notes = way(tree)
            if parameters or notes:
                return Reading(how, tuple(parameters), channels, metrics, (*warnings, *notes))
    return Reading("", (), channels, metrics, warnings)


def _beside(tree: ast.Module, path: Path) -> dict[str, Path]:
    """The modules in the script's folder that it imports, by name."""
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [
        node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level < 2
    ]
    found: dict[str, Path] = {}
    for name in names:
        file = path.parent / f"{name.partition('.')[0]}.py"
        if file != path and file.is_file():
            found[file.stem] = file
    return found


def _quietly(path: Path) -> ast.Module | None:
    try:
        return _parsed(path)
    except (OSError, ValueError):
        return None


def _parsed(path: Path) -> ast.Module:
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"{path.name} is too large for a script ({path.stat().st_size:,} bytes).")
    try:
        return ast.parse(path.read_bytes(), filename=path.name)
    except SyntaxError as error:
        raise ValueError(f"{path.name}, line {error.lineno}: {error.msg}") from error
    except (RecursionError, MemoryError) as error:
        raise ValueError(f"{path.name} is nested too deeply to be read.") from error
