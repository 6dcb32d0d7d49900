"""ExitMessage: what the program wrote to ``/opt/ml/output/message``."""

from __future__ import annotations

from collections.abc import Iterable

from clary.toolkits.processing.layout import Layout

LIMIT = 1024  # bytes of ExitMessage


class NotText(Exception):
    """A message file that is not UTF-8."""


def exit_message(layouts: Iterable[Layout]) -> str:
    """The messages of all hosts, one after the other, cut to 1 KB; empty where there is none. Raises NotText."""
    whole = b"".join(_head(layout) for layout in layouts)
    return _text(whole[:LIMIT])


def _head(layout: Layout) -> bytes:
    """The file's first KB and a little more, which must be UTF-8 but for a character that was cut at its end."""
    try:
        with open(layout.message, "rb") as file:
            data = file.read(LIMIT + 4)
    except OSError:
        return b""
    _text(data, whole=len(data) < LIMIT + 4)
    return data


def _text(data: bytes, *, whole: bool = False) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if whole or len(data) - error.start > 3:
            raise NotText from None
        return data[: error.start].decode("utf-8")
