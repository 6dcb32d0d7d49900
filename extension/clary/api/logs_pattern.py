"""CloudWatch Logs' filter patterns for plain text: terms, quoted phrases, ``?either ?or``, ``-not``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clary.api.errors import ApiError

_TOKEN = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)', re.DOTALL)
_TERM = re.compile(r"\w+")


@dataclass(frozen=True)
class Pattern:
    """Matches, with case, a message that holds all `required`, none of `excluded`, and one of `either` if
    there are any.

    As on CloudWatch, `either` counts only when nothing is required or excluded.
    """

    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    either: tuple[str, ...] = ()

    def matches(self, message: str) -> bool:
        if not all(term in message for term in self.required) or any(
            term in message for term in self.excluded
        ):
            return False
        if self.required or self.excluded or not self.either:
            return True
        return any(term in message for term in self.either)


def parse(text: str) -> Pattern:
    """The pattern that `text` writes; an empty one matches all. Raises ApiError
    (InvalidParameterException)."""
    stripped = text.strip()
    if stripped[:1] in ("{", "["):
        raise _invalid(
            text, "Clary does not offer patterns for JSON and space-delimited events, only for terms"
        )
    if stripped[:1] == "%" and stripped[-1:] == "%" and len(stripped) > 1:
        raise _invalid(text, "Clary does not offer patterns with regular expressions, only with terms")
    found: dict[str, list[str]] = {"": [], "-": [], "?": []}
    position = 0
    while position < len(stripped):
        token = _TOKEN.match(stripped, position)
        if not token:
            raise _invalid(text, "a quotation mark is not closed, or stands inside a term")
        sign, phrase, term = token.groups()
        if phrase is None and not _TERM.fullmatch(term):
            raise _invalid(
                text, f"put the term {term!r} in quotation marks, because it is not made of word characters"
            )
        found[sign].append(re.sub(r"\\(.)", r"\1", phrase, flags=re.DOTALL) if phrase is not None else term)
        position = token.end()
    return Pattern(tuple(found[""]), tuple(found["-"]), tuple(found["?"]))


def _invalid(text: str, why: str) -> ApiError:
    return ApiError("InvalidParameterException", f"Invalid filter pattern {text!r}: {why}.")
