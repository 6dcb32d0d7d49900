"""Looks for metrics in a job's output: its own process, because a regex of the user's may never come back.

Run as ``python -I -S metrics_process.py <attempt folder>`` by the shim, which writes the job's output to our
stdin. Each line is searched with every regex of MetricDefinitions; the first group that matched, if it is a
number, is appended to ``metrics.jsonl``. What we write to our stdout, the shim puts into the job's log.
Standard library only.
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
    from collections.abc import Callable
    from typing import TextIO

_ANNOUNCE_EVERY_S = 0.5
# Of processor time: a busy machine, or one that slept, is no fault of the regex.
_LONGEST_SEARCH_S = 0.25


def compile_definitions(definitions: list[dict[str, str]]) -> list[tuple[str, re.Pattern[str]]]:
    """Name and compiled regex of each definition; one that Python cannot compile matches nothing."""
    compiled = []
    for definition in definitions:
        try:
            compiled.append((definition["Name"], re.compile(definition["Regex"])))
        except re.error:
            continue
    return compiled


class _TooLong(Exception):
    """A search was interrupted."""


class Finder:
    """Finds metrics in lines. A regex that takes too long on one of them is not tried again."""

    def __init__(self, definitions: list[dict[str, str]], given_up: Callable[[str], None]) -> None:
        self._definitions = compile_definitions(definitions)
        self._given_up = given_up
        self._searching = False
        signal.signal(signal.SIGVTALRM, self._interrupt)

    def find(self, line: str) -> list[tuple[str, float]]:
        """The metrics in a line of output. A group that is not a finite number is no metric."""
        found = []
        for definition in tuple(self._definitions):
            name, pattern = definition
            try:
                match = self._search(pattern, line)
            except _TooLong:
                self._definitions.remove(definition)
                self._given_up(name)
                continue
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

    def _search(self, pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
        signal.setitimer(signal.ITIMER_VIRTUAL, _LONGEST_SEARCH_S)
        self._searching = True
        match = pattern.search(line)
        self._searching = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        return match

    def _interrupt(self, number: int, frame: object) -> None:
        if self._searching:  # else the search had just ended
            self._searching = False
            raise _TooLong


def main(attempt_folder: str) -> int:
    """Read stdin to its end."""
    die_with_parent(signal.SIGKILL)
    with open(f"{attempt_folder}/spec.json", "rb") as file:
        spec = json.load(file)
    shim = spec["shim"]
    finder = Finder(shim["metrics"], _tell_given_up)
    told = 0.0
    pending = b""
    with open(f"{attempt_folder}/metrics.jsonl", "a", encoding="utf-8", buffering=1) as output:
        while data := os.read(0, 1 << 16):
            now = time.time()
            *lines, pending = re.split(rb"[\r\n]", pending + data)
            if len(pending) > 1 << 20:
                pending = b""
            wrote = _scrape(lines, finder, output, now)
            if wrote and time.monotonic() - told > _ANNOUNCE_EVERY_S:
                told = time.monotonic()
                announce(shim["run"], spec["kind"], spec["name"], "metrics")
        _scrape([pending], finder, output, time.time())
    announce(shim["run"], spec["kind"], spec["name"], "metrics")
    return 0


def _tell_given_up(name: str) -> None:
    text = f"[clary] The regular expression of metric {name} took too long on one line and is given up.\n"
    os.write(1, text.encode("utf-8", "replace"))


def _scrape(lines: list[bytes], finder: Finder, output: TextIO, now: float) -> bool:
    wrote = False
    for line in lines:
        for name, value in finder.find(line.decode("utf-8", "replace")) if line else ():
            try:
                print(json.dumps({"name": name, "value": value, "time": now}), file=output)
            except OSError:
                continue  # the disk is full
            wrote = True
    return wrote


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
