"""S3's multipart uploads."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from clary.api.errors import ApiError
from clary.api.http_types import Headers, Response
from clary.api.s3_body import Body, hasher
from clary.api.s3_call import Call, invalid_argument
from clary.api.s3_headers import is_unchanged, properties_of, span_of
from clary.api.s3_objects import copy_source, write_conditions
from clary.api.s3_xml import document, encoded, malformed, node, parse, text_of, timestamp
from clary.objects import Part, Upload
from clary.objects.errors import BadDigest
from clary.objects.multipart import MOST_PARTS

_PAGE = 1000
_CHUNK = 1 << 20
_FULL_ONLY = {"CRC64NVME"}


def create_upload(call: Call) -> Response:
    algorithm = call.header("x-amz-checksum-algorithm").upper()
    kind = call.header("x-amz-checksum-type").upper()
    if kind not in ("", "COMPOSITE", "FULL_OBJECT"):
        raise ApiError("InvalidRequest", "Value for x-amz-checksum-type header is invalid.")
    if algorithm and not kind:
        kind = "FULL_OBJECT" if algorithm in _FULL_ONLY else "COMPOSITE"
    upload = call.objects.uploads.begin(call.bucket, call.key, properties_of(call), algorithm, kind)
    response = document(
        "InitiateMultipartUploadResult",
        node("Bucket", call.bucket),
        node("Key", call.key),
        node("UploadId", upload.id),
    )
    if algorithm:
        response.headers["x-amz-checksum-algorithm"] = algorithm
        response.headers["x-amz-checksum-type"] = kind
    return response


def _part_number(call: Call) -> int:
    text = call.query.get("partNumber", "")
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MOST_PARTS):
        raise invalid_argument(
            f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive", "partNumber", text
        )
    return int(text)


def upload_part(call: Call) -> Response:
    number, upload_id = _part_number(call), call.query["uploadId"]
    if "x-amz-copy-source" in call.request.headers:
        return _copy_part(call, upload_id, number)
    body = Body(call)
    part = call.objects.uploads.put_part(call.bucket, call.key, upload_id, number, body, body.checksums)
    sums = {f"x-amz-checksum-{name}": value for name, value in part.checksums.items()}
    return Response(200, Headers({"ETag": f'"{part.etag}"', **sums}))


class _Range:
    """So many bytes of an open file, as something to read."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self._file, self._left = file, left

    def read(self, size: int = _CHUNK, /) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data


def _copy_part(call: Call, upload_id: str, number: int) -> Response:
    bucket, key = copy_source(call)
    with call.objects.open(bucket, key) as source:
        is_unchanged(call, source.info, "x-amz-copy-source-")
        asked = call.header("x-amz-copy-source-range")
        span = span_of(asked, source.info)
        if asked and span is None:
            raise invalid_argument(
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last"
                " are the zero-based offsets of the first and last bytes to copy",
                "x-amz-copy-source-range",
                asked,
            )
        start, end = span or (0, source.info.size)
        source.file.seek(start)
        part = call.objects.uploads.put_part(
            call.bucket, call.key, upload_id, number, _Range(source.file, end - start)
        )
    return document(
        "CopyPartResult", node("LastModified", timestamp(part.modified)), node("ETag", f'"{part.etag}"')
    )


def complete_upload(call: Call) -> Response:
    root = parse(call.request.content())
    if root.tag != "CompleteMultipartUpload":
        raise malformed()
    chosen, stated = [], {}
    for one in root.findall("Part"):
        text = text_of(one, "PartNumber").strip()
        if not (text.isascii() and text.isdigit() and len(text) < 9):
            raise malformed()
        chosen.append((int(text), text_of(one, "ETag").strip().strip('"')))
        stated[int(text)] = {
            child.tag.removeprefix("Checksum").lower(): (child.text or "").strip()
            for child in one
            if child.tag.startswith("Checksum")
        }
    if not chosen:
        raise malformed()
    if_absent, if_match = write_conditions(call)

    def check(upload: Upload, parts: list[Part], file: Path) -> Mapping[str, str]:
        for part in parts:
            for name, value in stated[part.number].items():
                if part.checksums.get(name, value) != value:
                    raise BadDigest(
                        f"The {name.upper()} of part {part.number} is not the one it was uploaded with."
                    )
        return _whole_checksum(call, upload, parts, file)

    info = call.objects.uploads.complete(
        call.bucket, call.key, call.query["uploadId"], chosen, check, if_absent=if_absent, if_match=if_match
    )
    properties = info.properties
    return document(
        "CompleteMultipartUploadResult",
        node("Location", f"{call.request.headers.get('host', '')}/{call.bucket}/{call.key}"),
        node("Bucket", call.bucket),
        node("Key", call.key),
        node("ETag", f'"{info.etag}"'),
        *(node(f"Checksum{name.upper()}", value) for name, value in properties.checksums.items()),
        node("ChecksumType", properties.checksum_type) if properties.checksums else None,
    )


def _whole_checksum(call: Call, upload: Upload, parts: list[Part], file: Path) -> dict[str, str]:
    """The checksum of the finished object, of the algorithm that the upload was begun with; empty where there
    is none."""
    name = upload.checksum_algorithm.lower()
    running = hasher(name) if name else None
    expected = call.header(f"x-amz-checksum-{name}") if name else ""
    if running is None:
        return {name: expected} if expected else {}
    if upload.checksum_type == "COMPOSITE":
        if not all(name in part.checksums for part in parts):
            return {}
        for part in parts:
            running.update(base64.b64decode(part.checksums[name]))
        value = f"{base64.b64encode(running.digest()).decode()}-{len(parts)}"
    else:
        for data in _chunks(file):
            running.update(data)
        value = base64.b64encode(running.digest()).decode()
    if expected and expected.partition("-")[0] != value.partition("-")[0]:
        raise BadDigest(f"The {name.upper()} you specified did not match the calculated checksum.")
    return {name: value}


def _chunks(file: Path) -> Iterator[bytes]:
    with open(file, "rb") as opened:
        while data := opened.read(_CHUNK):
            yield data


def abort_upload(call: Call) -> Response:
    call.objects.uploads.abort(call.bucket, call.key, call.query["uploadId"])
    return Response(204)


def list_parts(call: Call) -> Response:
    upload_id = call.query["uploadId"]
    limit = min(call.number("max-parts", _PAGE), _PAGE)
    after = call.number("part-number-marker", 0)
    upload = call.objects.uploads.get(call.bucket, call.key, upload_id)
    found = [
        part for part in call.objects.uploads.parts(call.bucket, call.key, upload_id) if part.number > after
    ]
    page = found[:limit]
    return document(
        "ListPartsResult",
        node("Bucket", call.bucket),
        node("Key", call.key),
        node("UploadId", upload_id),
        node("PartNumberMarker", after),
        node("NextPartNumberMarker", page[-1].number if page else 0),
        node("MaxParts", limit),
        node("IsTruncated", len(found) > limit),
        node("ChecksumAlgorithm", upload.checksum_algorithm) if upload.checksum_algorithm else None,
        *(
            node(
                "Part",
                node("PartNumber", part.number),
                node("LastModified", timestamp(part.modified)),
                node("ETag", f'"{part.etag}"'),
                node("Size", part.size),
                *(node(f"Checksum{name.upper()}", value) for name, value in part.checksums.items()),
            )
            for part in page
        ),
        node("StorageClass", "STANDARD"),
    )


def list_uploads(call: Call) -> Response:
    query, encoding = call.query, call.query.get("encoding-type", "")
    limit = min(call.number("max-uploads", _PAGE), _PAGE)
    marker = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
    found = [
        one
        for one in call.objects.uploads.list(call.bucket, query.get("prefix", ""))
        if (one.key, one.id) > marker and (marker[1] or one.key != marker[0] or not marker[0])
    ]
    found.sort(key=lambda one: (one.key, one.id))
    page, more = found[:limit], len(found) > limit
    return document(
        "ListMultipartUploadsResult",
        node("Bucket", call.bucket),
        node("KeyMarker", encoded(marker[0], encoding)),
        node("UploadIdMarker", marker[1]),
        node("Prefix", encoded(query.get("prefix", ""), encoding)),
        node("NextKeyMarker", encoded(page[-1].key, encoding)) if more and page else None,
        node("NextUploadIdMarker", page[-1].id) if more and page else None,
        node("MaxUploads", limit),
        node("EncodingType", encoding) if encoding else None,
        node("IsTruncated", more and bool(page)),
        *(
            node(
                "Upload",
                node("Key", encoded(one.key, encoding)),
                node("UploadId", one.id),
                node("StorageClass", "STANDARD"),
                node("Initiated", timestamp(one.initiated)),
            )
            for one in page
        ),
    )
