"""Canonical paths, queries and header values: the form in which version 4 signs them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote_to_bytes

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-F]{2})")
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9\-_.~%=&]*")


def canonical_paths(raw_path: str, service: str) -> Iterable[str]:
    """The forms in which a path may have been signed: S3 takes it as it is, all others fold and encode it again."""
    path = raw_path or "/"
    if service == "s3":
        # Clients sign the path either as they send it or in the one canonical encoding.
        yield path
        canonical = quote(unquote_to_bytes(path), safe="/-_.~")
        if canonical != path:
            yield canonical
        return
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    normal = "/" + "/".join(parts) + ("/" if path.endswith("/") and parts else "")
    yield quote(normal.encode("utf-8", "surrogateescape"), safe="/-_.~")


def canonical_query(raw: str) -> str:
    """The query's parameters, encoded alike and sorted, without the signature itself."""
    if not raw:
        return ""
    pairs = []
    plain = _PLAIN_QUERY.fullmatch(raw) and not _BROKEN_ESCAPE.search(raw)
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        if name == "X-Amz-Signature" or not pair:
            continue
        if not plain:
            name, value = _encoded(name), _encoded(value)
        pairs.append((name, value))
    pairs.sort()
    return "&".join(f"{name}={value}" for name, value in pairs)


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ")), safe="-_.~")


def folded(value: str) -> str:
    """A header's value with its white space folded."""
    return " ".join(value.split())
