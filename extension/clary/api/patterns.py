"""The service models' patterns are Java's regular expressions; Python's differ in a few places."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache

# The last code point that any of the classes below has, tag characters of plane 14 aside.
_LAST = 0x323AF
_POSIX = {
    "ASCII": r"\x00-\x7F",
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Lower": "a-z",
    "Upper": "A-Z",
    "Print": r"\x20-\x7E",
    "Graph": r"\x21-\x7E",
    "Space": r"\x09-\x0D\x20",
}
_ASTRAL = r"\uD800\uDC00-\uDBFF\uDFFF"
_PROPERTY = re.compile(r"\\p\{(\w+)\}")


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """`pattern` for use with ``fullmatch`` (Java's ``matches``), or None where Python has no equivalent."""
    try:
        return re.compile(_translated(pattern))
    except (re.error, KeyError):
        return None


def _translated(pattern: str) -> str:
    # Surrogate pairs: Java's strings are UTF-16, Python's are not.
    pattern = pattern.replace(_ASTRAL, r"\U00010000-\U0010FFFF").replace(r"\z", r"\Z")
    # A class escape cannot begin a range in Python.
    pattern = re.sub(r"(\\[wds])-(?=[^\]])", r"\1\\-", pattern)
    return _in_classes(pattern)


def _in_classes(pattern: str) -> str:
    """Replace ``\\p{X}`` by its characters, in brackets of its own where it does not stand inside a character
    class.
    """
    out: list[str] = []
    inside = False
    position = 0
    while position < len(pattern):
        found = _PROPERTY.match(pattern, position)
        if found:
            members = _POSIX[found[1]] if len(found[1]) > 1 else _category(found[1])
            out.append(members if inside else f"[{members}]")
            position = found.end()
            continue
        width = 2 if pattern[position] == "\\" else 1
        piece = pattern[position : position + width]
        if piece == "[":
            inside = True
        elif piece == "]":
            inside = False
        out.append(piece)
        position += width
    return "".join(out)


@lru_cache(maxsize=8)
def _category(letter: str) -> str:
    """All characters of a general category (L, M, N, P, S, Z), as the inside of a character class."""
    if letter not in "CLMNPSZ":
        raise KeyError(letter)
    ranges: list[str] = []
    start = -1
    for point in range(min(_LAST, sys.maxunicode) + 2):
        belongs = point <= _LAST and unicodedata.category(chr(point))[0] == letter
        if belongs and start < 0:
            start = point
        elif not belongs and start >= 0:
            ranges.append(f"\\U{start:08X}-\\U{point - 1:08X}" if point - 1 > start else f"\\U{start:08X}")
            start = -1
    return "".join(ranges)
