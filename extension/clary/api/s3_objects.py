"""S3's operations on single objects."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

from clary.api.errors import ApiError
from clary.api.http_types import Headers, Response
from clary.api.s3_body import Body
from clary.api.s3_call import Call, decoded, invalid_argument
from clary.api.s3_headers import (
    check_tags,
    checksum_headers,
    describe,
    failed,
    is_unchanged,
    merged,
    properties_of,
    range_applies,
    span_of,
)
from clary.api.s3_xml import document, malformed, node, parse, text_of, timestamp
from clary.objects import ObjectInfo, ObjectsError, Opened, Properties

_CHUNK = 1 << 18
_MOST_DELETED = 1000


class Slice:
    """Bytes of an open object, in chunks; closes the file when they are sent, or the client has gone."""

    def __init__(self, opened: Opened, start: int, end: int) -> None:
        self._file, self._left = opened.file, end - start
        self._file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        try:
            while self._left > 0 and (data := self._file.read(min(_CHUNK, self._left))):
                self._left -= len(data)
                yield data
        finally:
            self._file.close()

    def close(self) -> None:
        self._file.close()


def write_conditions(call: Call) -> tuple[bool, str | None]:
    """(only if absent, only if its entity tag is this) of a PUT. Raises ApiError."""
    none_match = call.header("if-none-match")
    if none_match not in ("", "*"):
        raise ApiError(
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
            501,
            Header="If-None-Match",
        )
    return none_match == "*", call.header("if-match").strip('"') or None


def put_object(call: Call) -> Response:
    if "x-amz-copy-source" in call.request.headers:
        return copy_object(call)
    said, body = properties_of(call), Body(call)
    if_absent, if_match = write_conditions(call)

    def properties() -> Properties:
        checksums = body.checksums()
        return said.merged(checksums=checksums, checksum_type="FULL_OBJECT" if checksums else "")

    info = call.objects.put(call.bucket, call.key, body, properties, if_absent=if_absent, if_match=if_match)
    return Response(200, Headers({"ETag": f'"{info.etag}"', **checksum_headers(info.properties)}))


def get_object(call: Call) -> Response:
    _check_version(call.query.get("versionId", "null"))
    opened = call.objects.open(call.bucket, call.key)
    try:
        response = _answer(call, opened.info)
        start, end = _span(call, opened.info)
        if response.status == 304 or end - start <= _CHUNK:
            opened.file.seek(start)
            response.body = b"" if response.status == 304 else opened.file.read(end - start)
            opened.file.close()
        else:
            response.body = Slice(opened, start, end)
    except BaseException:
        opened.file.close()
        raise
    return response


def head_object(call: Call) -> Response:
    _check_version(call.query.get("versionId", "null"))
    return _answer(call, call.objects.head(call.bucket, call.key))


def _span(call: Call, info: ObjectInfo) -> tuple[int, int]:
    asked = call.header("range") if range_applies(call, info) else ""
    return span_of(asked, info) or (0, info.size)


def _answer(call: Call, info: ObjectInfo) -> Response:
    """The head of the answer to GET and HEAD."""
    if is_unchanged(call, info):
        headers = describe(call, info, whole=False)
        del headers["Content-Type"]
        return Response(304, headers)
    asked = call.header("range") if range_applies(call, info) else ""
    span = span_of(asked, info)
    headers = describe(call, info, whole=span is None)
    if call.number("partNumber", 1, 1, 10_000) > 1:
        raise ApiError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416)
    start, end = span or (0, info.size)
    headers["Content-Length"] = str(end - start)
    if span:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{info.size}"
    return Response(206 if span else 200, headers)


def _check_version(version: str) -> None:
    if version != "null":
        raise ApiError("NoSuchVersion", "The specified version does not exist.", 404, VersionId=version)


def delete_object(call: Call) -> Response:
    _check_version(call.query.get("versionId", "null"))
    call.objects.delete(call.bucket, call.key)
    return Response(204)


def delete_objects(call: Call) -> Response:
    body, parts = Body(call), []
    while data := body.read():
        parts.append(data)
    root = parse(b"".join(parts))
    keys = [text_of(one, "Key") for one in root.findall("Object")]
    if root.tag != "Delete" or not 1 <= len(keys) <= _MOST_DELETED:
        raise malformed()
    call.objects.head_bucket(call.bucket)
    results = []
    for key in keys:
        try:
            call.objects.delete(call.bucket, key)
        except ObjectsError as error:
            results.append(
                node("Error", node("Key", key), node("Code", error.code), node("Message", error.message))
            )
        else:
            if (root.findtext("Quiet") or "").lower() != "true":
                results.append(node("Deleted", node("Key", key)))
    return document("DeleteResult", *results)


def copy_source(call: Call) -> tuple[str, str]:
    """(bucket, key) of the ``x-amz-copy-source`` header. Raises ApiError."""
    text, _, query = call.header("x-amz-copy-source").partition("?")
    _check_version(parse_qs(query).get("versionId", ["null"])[0])
    bucket, _, key = decoded(text).removeprefix("/").partition("/")
    if not bucket or not key:
        raise invalid_argument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            "x-amz-copy-source",
            text,
        )
    return bucket, key


def copy_object(call: Call) -> Response:
    bucket, key = copy_source(call)
    replaces = "REPLACE" in (
        call.header("x-amz-metadata-directive").upper(),
        call.header("x-amz-tagging-directive").upper(),
    )
    if (bucket, key) == (call.bucket, call.key) and not replaces:
        raise ApiError(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing"
            " the"
            " object's metadata, storage class, website redirect location or encryption attributes.",
        )
    if_absent, if_match = write_conditions(call)
    if if_absent and call.objects.exists(call.bucket, call.key):
        raise failed("If-None-Match")
    if if_match and call.objects.head(call.bucket, call.key).etag != if_match:
        raise failed("If-Match")

    def properties(source: ObjectInfo) -> Properties:
        is_unchanged(call, source, "x-amz-copy-source-")
        # A checksum over checksums of parts is none of the copy, which is in one piece.
        kept = {} if source.properties.checksum_type == "COMPOSITE" else source.properties.checksums
        return merged(source, call, kept)

    info = call.objects.copy(bucket, key, call.bucket, call.key, properties)
    return document(
        "CopyObjectResult", node("LastModified", timestamp(info.modified)), node("ETag", f'"{info.etag}"')
    )


def get_tagging(call: Call) -> Response:
    tags = call.objects.head(call.bucket, call.key).properties.tags
    return document(
        "Tagging",
        node("TagSet", *(node("Tag", node("Key", key), node("Value", value)) for key, value in tags.items())),
    )


def put_tagging(call: Call) -> Response:
    root = parse(call.request.content())
    found = root.find("TagSet")
    if root.tag != "Tagging" or found is None:
        raise malformed()
    pairs = [(text_of(tag, "Key"), text_of(tag, "Value")) for tag in found.findall("Tag")]
    check_tags(pairs)
    call.objects.retag(call.bucket, call.key, dict(pairs))
    return Response(200)


def delete_tagging(call: Call) -> Response:
    call.objects.retag(call.bucket, call.key, {})
    return Response(204)
