"""The canvas on which people label: ES modules without dependencies, shown by a notebook, by JupyterLab and by the portal's page.

Hosts that have addresses import ``canvas.js`` from where they serve `module`; anywidget gets one text, `bundled`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import (?:\{([^}]*)\}|(\w+)) from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
_TYPES = {".js": "text/javascript", ".html": "text/html"}


def names() -> tuple[str, ...]:
    """The modules' and pages' file names: ``canvas.js``, ``portal.html``, ..."""
    return tuple(sorted(path.name for path in _FOLDER.iterdir() if path.suffix in _TYPES))


def module(name: str) -> bytes:
    """One module's or page's text. Raises KeyError where there is none (`names` tells which there are)."""
    if name not in names():
        raise KeyError(f"The canvas has no file {name!r}; it has {', '.join(names())}.")
    return (_FOLDER / name).read_bytes()


def content_type(name: str) -> str:
    """What a server says `module(name)` is."""
    return f"{_TYPES.get(Path(name).suffix, 'application/octet-stream')}; charset=utf-8"


@cache
def bundled(entry: str = "canvas.js") -> str:
    """All modules that `entry` needs as one ES module with its default export: relative imports find nothing from a blob.

    Each module becomes a function that returns its exports. What our modules may write is therefore little:
    ``import {a, b as c} from "./x.js";``, ``export function|class|const``, ``export default``, and no cycles (ValueError).
    """
    done: dict[str, str] = {}
    _collect(entry, done, ())
    parts = [f"const {_variable(name)} = (() => {{\n{text}}})();\n" for name, text in done.items()]
    return "".join(parts) + f"export default {_variable(entry)}.__default;\n"


def _collect(name: str, done: dict[str, str], above: tuple[str, ...]) -> None:
    """Put `name`'s text into `done`, after that of all it imports."""
    if name in done:
        return
    if name in above:
        raise ValueError(f"The canvas' modules import each other in a circle: {' -> '.join([*above, name])}.")
    text = module(name).decode()
    for match in _IMPORT.finditer(text):
        _collect(match[3], done, (*above, name))
    exported = [match[2] for match in _EXPORT.finditer(text)]
    text = _IMPORT.sub(_imported, text)
    text = _EXPORT.sub(r"\1 \2", text)
    if "\nexport default " in text:
        text = text.replace("\nexport default ", "\nconst __default = ", 1)
        exported.append("__default")
    left = re.search(r"^(?:import|export)\b.*", text, re.MULTILINE)
    if left:
        raise ValueError(f"{name}: the bundle has no form for {left[0]!r}.")
    done[name] = f"{text}return {{ {', '.join(exported)} }};\n"


def _imported(match: re.Match[str]) -> str:
    """The statement that stands for an import within the bundle."""
    if match[2]:
        return f"const {match[2]} = {_variable(match[3])}.__default;\n"
    named = re.sub(r"\s+as\s+", ": ", match[1])
    return f"const {{{named}}} = {_variable(match[3])};\n"


def _variable(name: str) -> str:
    return "__" + name.removesuffix(".js")
