"""S3's XML, written by hand and read with care."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from clary.api.errors import ApiError
from clary.api.http_types import Headers, Response

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_LARGEST_DOCUMENT = 8 * 2**20
# XML 1.0 has no such characters, but S3 has such keys, and writes them as references all the same.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


class Xml(str):
    """Text that is XML already."""

    __slots__ = ()


def node(name: str, *content: str | int | bool | None) -> Xml:
    """One element; plain text in `content` is escaped, `Xml` is taken as it is, None is left out."""
    inner = "".join(part if isinstance(part, Xml) else _text(part) for part in content if part is not None)
    return Xml(f"<{name}>{inner}</{name}>")


def _text(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).encode("utf-8", "replace").decode()
    return _CONTROL.sub(lambda found: f"&#x{ord(found[0]):X};", escape(text))


def nodes(parts: Iterable[Xml]) -> Xml:
    """Several elements in a row."""
    return Xml("".join(parts))


def document(name: str, *content: str | int | bool | None, status: int = 200) -> Response:
    """A whole answer with the root element `name`."""
    root = node(name, *content).replace(f"<{name}>", f'<{name} xmlns="{NAMESPACE}">', 1)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{root}'.encode()
    return Response(
        status, Headers({"Content-Type": "application/xml", "Content-Length": str(len(body))}), body
    )


def timestamp(moment: float) -> str:
    """ISO 8601 with milliseconds, as S3 writes it, from seconds since the epoch."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03}Z"


def encoded(key: str | None, encoding: str) -> str | None:
    """A key as the `encoding-type` that a listing was asked for wants it."""
    return quote(key, safe="/") if key and encoding == "url" else key


def malformed() -> ApiError:
    return ApiError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def parse(body: bytes) -> ElementTree.Element:
    """The root element of a request's document, without namespaces. Raises ApiError (MalformedXML)."""
    # A document type is where entities that grow without bound, or name files, are declared; S3's schema has
    # none.
    if len(body) > _LARGEST_DOCUMENT or b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
        raise malformed()
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise malformed() from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text_of(element: ElementTree.Element, name: str) -> str:
    """The text of a child that must be there. Raises ApiError (MalformedXML)."""
    found = element.findtext(name)
    if found is None:
        raise malformed()
    return found
