"""What the headers of S3 say: an object's properties, conditions, ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import parse_qsl

from clary.api.errors import ApiError
from clary.api.http_types import Headers
from clary.api.s3_call import Call, invalid_argument
from clary.objects import ObjectInfo, Properties

_META = "x-amz-meta-"
_KEPT = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
_LARGEST_METADATA = 2048
_MOST_TAGS = 10
_RANGE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)", re.IGNORECASE)


def properties_of(call: Call) -> Properties:
    """What the headers of a PUT say about the object. Raises ApiError."""
    if call.header("x-amz-server-side-encryption-customer-algorithm"):
        raise ApiError(
            "NotImplemented", "Clary does not offer encryption with keys that the caller provides.", 501
        )
    metadata = {
        name.lower().removeprefix(_META): value.strip()
        for name, value in call.request.headers.items()
        if name.lower().startswith(_META)
    }
    if (
        sum(len(name) + len(value.encode("utf-8", "replace")) for name, value in metadata.items())
        > _LARGEST_METADATA
    ):
        raise ApiError(
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
            MaxSizeAllowed=_LARGEST_METADATA,
        )
    headers = {name: value for name in _KEPT if (value := call.header(name))}
    encodings = [part.strip() for part in headers.pop("content-encoding", "").split(",")]
    if kept := ",".join(part for part in encodings if part and part != "aws-chunked"):
        headers["content-encoding"] = kept
    content_type = call.header("content-type")
    for value in (content_type, *metadata.values(), *headers.values()):
        if not value.isprintable() and any(char < " " for char in value):
            raise invalid_argument("Header values must not hold control characters.", "header", value)
    return Properties(content_type, metadata, headers, tags=tags_of(call.header("x-amz-tagging")))


def tags_of(text: str) -> dict[str, str]:
    """The tags of an ``x-amz-tagging`` header. Raises ApiError."""
    pairs = parse_qsl(text, keep_blank_values=True)
    check_tags(pairs)
    return dict(pairs)


def check_tags(pairs: list[tuple[str, str]]) -> None:
    """Raises ApiError when S3 would not take these tags."""
    names = [name for name, _ in pairs]
    if len(names) > _MOST_TAGS:
        raise ApiError("BadRequest", f"Object tags cannot be greater than {_MOST_TAGS}")
    if len(set(names)) != len(names):
        raise ApiError("InvalidTag", "Cannot provide multiple Tags with the same key")
    for name, value in pairs:
        if not 1 <= len(name) <= 128:
            raise ApiError("InvalidTag", "The TagKey you have provided is invalid")
        if len(value) > 256:
            raise ApiError("InvalidTag", "The TagValue you have provided is invalid")


def describe(call: Call, info: ObjectInfo, *, whole: bool = True) -> Headers:
    """The headers that tell a reader about an object. Checksums only when the `whole` object is sent, as on
    AWS."""
    properties = info.properties
    headers = Headers(
        {
            "Accept-Ranges": "bytes",
            "Content-Type": properties.content_type,
            "ETag": f'"{info.etag}"',
            "Last-Modified": formatdate(info.modified, usegmt=True),
        }
    )
    for name, value in properties.headers.items():
        headers[name.title()] = value
    for name, value in properties.metadata.items():
        headers[_META + name] = value
    if properties.tags:
        headers["x-amz-tagging-count"] = str(len(properties.tags))
    if whole and call.header("x-amz-checksum-mode").upper() == "ENABLED":
        headers.update(checksum_headers(properties))
    for name in ("content-type", *_KEPT):
        if value := call.query.get(f"response-{name}", ""):
            if any(char < " " for char in value):
                raise invalid_argument(
                    "Header values must not hold control characters.", f"response-{name}", value
                )
            headers[name.title()] = value
    return headers


def checksum_headers(properties: Properties) -> dict[str, str]:
    headers = {f"x-amz-checksum-{name}": value for name, value in properties.checksums.items()}
    if headers and properties.checksum_type:
        headers["x-amz-checksum-type"] = properties.checksum_type
    return headers


def is_unchanged(call: Call, info: ObjectInfo, prefix: str = "") -> bool:
    """Judges the conditional headers: True when the answer is 304 Not Modified; raises ApiError
    (PreconditionFailed).

    With `prefix` ``x-amz-copy-source-`` the headers of a copy are judged, for which there is no 304.
    Precedence after RFC 9110, section 13.2.2.
    """
    match, none_match = call.header(f"{prefix}if-match"), call.header(f"{prefix}if-none-match")
    modified = _seconds(call.header(f"{prefix}if-modified-since"))
    unmodified = _seconds(call.header(f"{prefix}if-unmodified-since"))
    if match:
        if not _matches(match, info.etag):
            raise failed("If-Match")
    elif unmodified is not None and int(info.modified) > unmodified:
        raise failed("If-Unmodified-Since")
    if none_match:
        unchanged, name = _matches(none_match, info.etag), "If-None-Match"
    else:
        unchanged, name = modified is not None and int(info.modified) <= modified, "If-Modified-Since"
    if unchanged and prefix:
        raise failed(name)
    return unchanged


def failed(condition: str) -> ApiError:
    return ApiError(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        412,
        Condition=condition,
    )


def _matches(header: str, etag: str) -> bool:
    return any(one.strip().removeprefix("W/").strip('"') in ("*", etag) for one in header.split(","))


def _seconds(date: str) -> float | None:
    """An HTTP date in seconds since the epoch; None for none, or for one that cannot be read (which is then
    ignored)."""
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None


def span_of(text: str, info: ObjectInfo) -> tuple[int, int] | None:
    """(first byte, behind the last) of a ``Range`` header; None when it is absent, or is nothing S3
    understands and it sends the whole object. Raises ApiError (InvalidRange) when the object has no such
    bytes."""
    found = _RANGE.fullmatch(text.strip())
    if not found or found[1] == found[2] == "":
        return None
    first, last = found[1], found[2]
    if first == "":
        start, end = max(0, info.size - int(last)), info.size
    else:
        start, end = int(first), min(info.size, int(last) + 1) if last else info.size
        if last and int(last) < int(first):
            return None
    if start >= info.size or end <= start:
        raise ApiError(
            "InvalidRange",
            "The requested range is not satisfiable",
            416,
            RangeRequested=text,
            ActualObjectSize=info.size,
        )
    return start, end


def range_applies(call: Call, info: ObjectInfo) -> bool:
    """Whether ``If-Range`` lets the range count."""
    condition = call.header("if-range")
    if not condition:
        return True
    date = _seconds(condition)
    return int(info.modified) <= date if date is not None else _matches(condition, info.etag)


def merged(info: ObjectInfo, call: Call, said: Mapping[str, str]) -> Properties:
    """The properties of a copy: the source's or the request's, as the directive headers say. `said` are its
    checksums."""
    metadata = call.header("x-amz-metadata-directive").upper() or "COPY"
    tagging = call.header("x-amz-tagging-directive").upper() or "COPY"
    for name, value in (("x-amz-metadata-directive", metadata), ("x-amz-tagging-directive", tagging)):
        if value not in ("COPY", "REPLACE"):
            raise invalid_argument("Unknown metadata directive.", name, value)
    asked = properties_of(call)
    chosen = info.properties if metadata == "COPY" else asked
    tags = info.properties.tags if tagging == "COPY" else asked.tags
    return chosen.merged(tags=tags, checksums=said)
