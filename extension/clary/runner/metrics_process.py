"""Looks for metrics in a job's output: its own process, because a regex of the user's may never come back.

Run as ``python -I -S metrics_process.py <attempt folder>`` by the shim, which writes the job's output to our
stdin. Each line is searched with every regex of MetricDefinitions; the first group that matched, if it is a
number, is appended to ``metrics.jsonl``. Standard library only.
"""

from __future__ import annotations

import json
import math
import os
import re
import signal
import sys
import time
import types

if __name__ == "__main__":  # the rest of Clary by path, without running clary/__init__.py
    for _name, _up in (("clary", ".."), ("clary.runner", ".")):
        _package = types.ModuleType(_name)
        _package.__path__ = [os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), _up))]
        sys.modules[_name] = _package

from clary.runner.announce import announce
from clary.runner.linux import die_with_parent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_ANNOUNCE_EVERY_S = 0.5


def compile_definitions(definitions: list[dict[str, str]]) -> list[tuple[str, re.Pattern[str]]]:
    """Name and compiled regex of each definition; one that Python cannot compile matches nothing."""
    compiled = []
    for definition in definitions:
        try:
            compiled.append((definition["Name"], re.compile(definition["Regex"])))
        except re.error:
            continue
    return compiled


def find(line: str, definitions: list[tuple[str, re.Pattern[str]]]) -> list[tuple[str, float]]:
    """The metrics in a line of output. A group that is not a finite number is no metric."""
    found = []
    for name, pattern in definitions:
        match = pattern.search(line)
        if match is None or not match.groups():
            continue
        text = next((group for group in match.groups() if group is not None), "")
        try:
            value = float(text)
        except ValueError:
            continue
        if math.isfinite(value):
            found.append((name, value))
    return found


def main(attempt_folder: str) -> int:
    """Read stdin to its end."""
    die_with_parent(signal.SIGKILL)
    with open(f"{attempt_folder}/spec.json", "rb") as file:
        spec = json.load(file)
    shim = spec["shim"]
    definitions = compile_definitions(shim["metrics"])
    told = 0.0
    pending = b""
    with open(f"{attempt_folder}/metrics.jsonl", "a", encoding="utf-8", buffering=1) as output:
        while data := os.read(0, 1 << 16):
            now = time.time()
            *lines, pending = re.split(rb"[\r\n]", pending + data)
            if len(pending) > 1 << 20:
                pending = b""
            wrote = _scrape(lines, definitions, output, now)
            if wrote and time.monotonic() - told > _ANNOUNCE_EVERY_S:
                told = time.monotonic()
                announce(shim["run"], spec["kind"], spec["name"], "metrics")
        _scrape([pending], definitions, output, time.time())
    announce(shim["run"], spec["kind"], spec["name"], "metrics")
    return 0


def _scrape(
    lines: list[bytes], definitions: list[tuple[str, re.Pattern[str]]], output: TextIO, now: float
) -> bool:
    wrote = False
    for line in lines:
        for name, value in find(line.decode("utf-8", "replace"), definitions) if line else ():
            try:
                print(json.dumps({"name": name, "value": value, "time": now}), file=output)
            except OSError:
                continue  # the disk is full
            wrote = True
    return wrote


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
