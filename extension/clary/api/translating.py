"""Tornado's requests in the engine's terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clary.api.http_types import Headers, Request


def translated(incoming: Any, prefix: str) -> Request:
    """A tornado request without its body. Bytes above ASCII are UTF-8, where tornado takes them for Latin-1."""
    path = _utf8(incoming.path or "/")
    prefix = prefix if prefix and path.startswith(f"{prefix}/") else ""
    headers = Headers((name, _utf8(value)) for name, value in _joined(incoming.headers.get_all()))
    method, rest = incoming.method or "GET", path[len(prefix) :] or "/"
    remote = str(incoming.remote_ip or "unknown")
    return Request(method, rest, _utf8(incoming.query), headers, b"", prefix=prefix, remote=remote)


def _joined(pairs: Any) -> Iterator[tuple[str, str]]:
    """Headers that came several times, as one, values joined by commas: how signatures see them."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in pairs:
        known = found.get(name.lower())
        found[name.lower()] = (name, f"{known[1]},{value}" if known else value)
    yield from found.values()


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def content_length(headers: Headers) -> int | None:
    """What a request says of its body's length in bytes, if it says so legibly."""
    text = headers.get("content-length", "")
    if not (text.isdecimal() and text.isascii()):
        return None
    # Python refuses to read numbers of thousands of digits.
    return int(text) if len(text) < 20 else 2**63
