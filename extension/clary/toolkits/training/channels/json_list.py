"""A JSON list of any length, or an object of such lists, read element by element."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json import JSONDecodeError
from typing import Any, TextIO

_SPACE = re.compile(r"[ \t\r\n]*")
_ENDED = re.compile(r"[ \t\r\n]*[,\]}]")
_NAMED = re.compile(r"[ \t\r\n]*:")
_CHUNK = 1 << 20  # characters
_DECODER = json.JSONDecoder()


def elements(text: TextIO) -> Iterator[Any]:
    """The elements of the list that ``text`` holds, never more than one of them and a chunk in memory.

    Raises JSONDecodeError, whose ``msg`` ends with the line and column of the whole text; what went before has been yielded.
    """
    window = _Window(text)
    yield from _list(window)
    if window.peek():
        raise window.error("Extra data behind the list")


def members(text: TextIO) -> Iterator[tuple[str, Any]]:
    """The members of the object that ``text`` holds; of a member that is a list, every element by itself, under its name
    (of an empty one, the empty list).

    Raises JSONDecodeError as `elements` does.
    """
    window = _Window(text)
    window.take("{", "an object must begin with '{'")
    empty = True
    while True:
        if window.peek() == "}" and empty:
            break
        empty = False
        name = window.element(_NAMED) if window.peek() == '"' else None
        if name is None:
            raise window.error("Expecting a name in double quotes")
        window.take(":", "Expecting ':'")
        if window.peek() == "[":
            empty_list = True
            for element in _list(window):
                empty_list = False
                yield name, element
            if empty_list:
                yield name, []
        else:
            yield name, window.element()
        if window.peek() != ",":
            break
        window.take(",", "")
    window.take("}", "Expecting ',' or '}'")
    if window.peek():
        raise window.error("Extra data behind the object")


def _list(window: _Window) -> Iterator[Any]:
    window.take("[", "a list must begin with '['")
    if window.peek() == "]":
        window.take("]", "")
        return
    while True:
        yield window.element()
        if window.peek() != ",":
            break
        window.take(",", "")
    window.take("]", "Expecting ',' or ']'")


class _Window:
    """The part of the text that has been read and not been used."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._held = ""
        self._at = 0
        self._line, self._column = 1, 1  # where `_held` begins

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            matched = _SPACE.match(self._held, self._at)
            assert matched is not None  # it may match nothing at all
            self._at = matched.end()
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return ""

    def take(self, character: str, otherwise: str) -> None:
        if self.peek() != character:
            raise self.error(otherwise)
        self._at += 1

    def element(self, ended: re.Pattern[str] = _ENDED) -> Any:
        """The value that comes next; `ended`: what must follow it, by which a number is known to be whole."""
        while True:
            self.peek()
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
                # "12" may go on with ".5" in the next chunk.
                if ended.match(self._held, end) or not self._more():
                    self._at = end
                    return value
            except JSONDecodeError as error:
                if not self._more():
                    raise self.error(error.msg, error.pos) from None

    def error(self, text: str, at: int | None = None) -> JSONDecodeError:
        at = self._at if at is None else at
        line, column = self._place(at)
        return JSONDecodeError(f"{text}: line {line} column {column}", self._held, min(at, len(self._held)))

    def _place(self, at: int) -> tuple[int, int]:
        before = self._held[:at]
        lines = before.count("\n")
        column = len(before) - before.rfind("\n") if lines else self._column + len(before)
        return self._line + lines, column

    def _more(self) -> bool:
        """Read on; as much again as is held, so that a long element is not looked at too often."""
        chunk = self._text.read(max(_CHUNK, len(self._held) - self._at))
        if not chunk:
            return False
        self._line, self._column = self._place(self._at)
        self._held = self._held[self._at :] + chunk
        self._at = 0
        return True
