"""A notebook's hyperparameters: the variables of its cell tagged ``parameters``, as papermill inspects them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from clary.widgets.reading.parameter import Parameter, Reading, kind_of, shown
from clary.widgets.reading.printed import channels, metrics

_KINDS = {"int": "int", "float": "float", "str": "str", "bool": "bool", "list": "list", "dict": "json"}


def read(path: Path) -> Reading:
    """What a notebook can be told. Raises ValueError for a file that is no notebook."""
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises what its parsers raise
        raise ValueError(f"{path.name} is not a notebook that can be read: {error}") from error
    trees = [tree for cell in notebook.cells if cell.cell_type == "code" and (tree := _parsed(cell.source))]
    whole = ast.Module([statement for tree in trees for statement in tree.body], [])
    tagged = next((cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])), None)
    warnings: tuple[str, ...] = ()
    found: list[Parameter] = []
    if tagged is None:
        warnings = ("No cell is tagged parameters, so hyperparameters would have no effect on it.",)
    else:
        found = _inspected(notebook, tagged)
    return Reading("notebook", tuple(found), tuple(channels(whole)), metrics(whole), warnings)


def _inspected(notebook: object, cell: object) -> list[Parameter]:
    from papermill.translators import papermill_translators
    from papermill.utils import nb_kernel_name, nb_language

    try:
        name, language = nb_kernel_name(notebook), nb_language(notebook)
    except ValueError:  # a notebook without a kernelspec; ours is taken then
        name, language = "python3", "python"
    try:
        found = papermill_translators.find_translator(name, language).inspect(cell)
    except NotImplementedError:
        return []
    return [_parameter(one.name, one.inferred_type_name, one.default, one.help) for one in found]


def _parameter(name: str, type_name: str, default: str, help_text: str) -> Parameter:
    try:
        value = ast.literal_eval(default)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return Parameter(name, _KINDS.get(type_name, "any"), default or None, help=help_text or "")
    kind = _KINDS.get(type_name.partition("[")[0].lower(), kind_of(value))
    return Parameter(name, kind, shown(value), help=help_text or "")


def _parsed(source: str) -> ast.Module | None:
    """A cell's code without its magics, or None where it is not Python."""
    lines = ["pass" if re.match(r"[%!?]", line.lstrip()) else line for line in source.splitlines()]
    if source.lstrip().startswith("%%"):
        return None
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return None
