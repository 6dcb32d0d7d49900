"""Suggestions from what a script says: metrics from the numbers that it prints, channels from the folders it reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from clary.widgets.reading.parameter import Constants, called, environment_variable

NUMBER = "([0-9.eE+-]+)"
_SAYS = {"print", "info", "debug", "warning", "log", "write", "echo"}
# What counts is no metric.
_COUNTERS = {
    "epoch",
    "epochs",
    "step",
    "steps",
    "batch",
    "iter",
    "iteration",
    "rank",
    "time",
    "eta",
    "seed",
    "device",
    "size",
}
_LABEL = re.compile(r"([A-Za-z][A-Za-z0-9_:/.-]*?)(\s*[=:]\s*)$")
_SPEC = re.compile(r"[.\d]*[eEfFgG%]")
_PERCENT_STYLE = re.compile(r"([A-Za-z][A-Za-z0-9_:/.-]*?)(\s*[=:]\s*)%[-+ 0]*\d*(?:\.\d+)?[eEfFgG]")
_BRACE_STYLE = re.compile(r"([A-Za-z][A-Za-z0-9_:/.-]*?)(\s*[=:]\s*)\{[^{}]*?(?::([^{}]*))?\}")


def regex_for(name: str, separator: str = "=") -> str:
    """The metric regex for ``name=0.25``; ``loss=`` does not take ``val_loss=`` for its own."""
    mark = separator.strip()
    before = r"\s*" if separator[:1].isspace() else ""
    after = r"\s*" if separator[-1:].isspace() else ""
    return rf"\b{re.escape(name)}{before}{re.escape(mark)}{after}{NUMBER}"


def metrics(tree: ast.Module) -> dict[str, str]:
    """Metric names and regexes for the numbers that ``print`` and loggers say, in the order of the text."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in _SAYS:
            for argument in node.args:
                for name, separator in _labels(argument):
                    if name.lower() not in _COUNTERS and name not in found:
                        found[name] = regex_for(name, separator)
    return found


def _labels(argument: ast.expr) -> Iterator[tuple[str, str]]:
    """(name, separator) of the numbers in an f-string, a %-format or a str.format."""
    for node in ast.walk(argument):
        if isinstance(node, ast.JoinedStr):
            yield from _of_fstring(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((found[1], found[2]) for found in _PERCENT_STYLE.finditer(node.value))
        elif isinstance(node, ast.Call) and called(node) == "format" and isinstance(node.func, ast.Attribute):
            text = node.func.value
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                for found in _BRACE_STYLE.finditer(text.value):
                    if found[3] is None or _SPEC.fullmatch(found[3]):
                        yield found[1], found[2]


def _of_fstring(node: ast.JoinedStr) -> Iterator[tuple[str, str]]:
    for before, value in zip(node.values, node.values[1:], strict=False):
        if not (isinstance(before, ast.Constant) and isinstance(value, ast.FormattedValue)):
            continue
        label = _LABEL.search(str(before.value))
        if label is None:
            continue
        spec = value.format_spec
        text = (
            "".join(str(one.value) for one in spec.values if isinstance(one, ast.Constant))
            if isinstance(spec, ast.JoinedStr)
            else ""
        )
        # Without a format only what is computed counts: ``device={device}`` is text, most likely.
        if _SPEC.fullmatch(text) or (
            not text and not isinstance(value.value, ast.Constant) and _sounds(label[1])
        ):
            yield label[1], label[2]


def _sounds(name: str) -> bool:
    return bool(
        re.search(r"loss|acc|err|f1|auc|rmse|mse|mae|score|precision|recall|r2|perplexity", name.lower())
    )


def channels(tree: ast.Module) -> list[str]:
    """The channels whose folders a module reads: ``SM_CHANNEL_<NAME>`` and ``/opt/ml/input/data/<name>``."""
    constants = Constants(tree)
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            name, _ = environment_variable(node, constants)
            if name and name.startswith("SM_CHANNEL_"):
                found[name.removeprefix("SM_CHANNEL_").lower()] = None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            place = re.match(r"/opt/ml/input/data/([A-Za-z0-9_.-]+)", node.value)
            if place:
                found[place[1]] = None
    return list(found)
