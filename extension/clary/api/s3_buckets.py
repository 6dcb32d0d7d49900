"""S3's operations on buckets, and the listing of their keys."""

from __future__ import annotations

import base64
import binascii

from clary.api.errors import ApiError
from clary.api.http_types import Headers, Response
from clary.api.s3_call import Call, invalid_argument
from clary.api.s3_xml import Xml, document, encoded, malformed, node, nodes, parse, timestamp
from clary.objects import ObjectInfo
from clary.objects.errors import BucketAlreadyOwnedByYou

_PAGE = 1000


def owner(call: Call, name: str = "Owner") -> Xml:
    account = call.engine.config.account_id
    return node(name, node("ID", account), node("DisplayName", "clary"))


def list_buckets(call: Call) -> Response:
    prefix, after = call.query.get("prefix", ""), _token(call)
    limit = call.number("max-buckets", 10_000, 1, 10_000)
    found = [one for one in call.objects.buckets() if one.name.startswith(prefix) and one.name > after]
    return document(
        "ListAllMyBucketsResult",
        owner(call),
        node(
            "Buckets",
            *(
                node(
                    "Bucket",
                    node("Name", one.name),
                    node("CreationDate", timestamp(one.created)),
                    node("BucketRegion", one.region or call.engine.config.region) if call.query else None,
                )
                for one in found[:limit]
            ),
        ),
        node("Prefix", prefix) if prefix else None,
        node("ContinuationToken", _sealed(found[limit - 1].name)) if len(found) > limit else None,
    )


def create_bucket(call: Call) -> Response:
    region, home_region = _constraint(call), call.engine.config.region
    try:
        call.objects.create_bucket(call.bucket, region or home_region)
    except BucketAlreadyOwnedByYou:
        # In its oldest region, and only there, S3 takes the second creation of one's own bucket for a
        # success.
        if (region or home_region) != "us-east-1":
            raise
    return Response(200, Headers({"Location": f"/{call.bucket}", "Content-Length": "0"}))


def _constraint(call: Call) -> str:
    body = call.request.content()
    if not body.strip():
        return ""
    root = parse(body)
    if root.tag != "CreateBucketConfiguration":
        raise malformed()
    region = root.findtext("LocationConstraint") or ""
    if region == "us-east-1" or not all(char.isalnum() or char == "-" for char in region):
        raise ApiError(
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
            LocationConstraint=region,
        )
    return region


def head_bucket(call: Call) -> Response:
    bucket = call.objects.head_bucket(call.bucket)
    region = bucket.region or call.engine.config.region
    return Response(200, Headers({"x-amz-bucket-region": region, "Content-Type": "application/xml"}))


def delete_bucket(call: Call) -> Response:
    call.objects.delete_bucket(call.bucket)
    return Response(204)


def get_location(call: Call) -> Response:
    region = call.objects.head_bucket(call.bucket).region or call.engine.config.region
    return document("LocationConstraint", "" if region == "us-east-1" else region)


def get_versioning(call: Call) -> Response:
    call.objects.head_bucket(call.bucket)
    return document("VersioningConfiguration")


def get_acl(call: Call) -> Response:
    """The one user of this machine may do everything; there is nobody else."""
    if call.key:
        call.objects.head(call.bucket, call.key)
    else:
        call.objects.head_bucket(call.bucket)
    grantee = owner(call, "Grantee").replace(
        "<Grantee>",
        '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">',
    )
    grant = node("Grant", Xml(grantee), node("Permission", "FULL_CONTROL"))
    return document("AccessControlPolicy", owner(call), node("AccessControlList", grant))


def list_objects(call: Call) -> Response:
    """ListObjects and ListObjectsV2."""
    query = call.query
    second = query.get("list-type") == "2"
    encoding = query.get("encoding-type", "")
    if encoding not in ("", "url"):
        raise invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", encoding)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    start = (_token(call) or query.get("start-after", "")) if second else query.get("marker", "")
    asked = call.number("max-keys", _PAGE)
    page = call.objects.list(call.bucket, prefix, delimiter, start, min(asked, _PAGE))
    with_owner = not second or query.get("fetch-owner") == "true"

    def shown(name: str, key: str | None) -> Xml:
        return node(name, encoded(key, encoding))

    def entry(info: ObjectInfo) -> Xml:
        return node(
            "Contents",
            shown("Key", info.key),
            node("LastModified", timestamp(info.modified)),
            node("ETag", f'"{info.etag}"'),
            *(node("ChecksumAlgorithm", name.upper()) for name in info.properties.checksums),
            node("Size", info.size),
            owner(call) if with_owner else None,
            node("StorageClass", "STANDARD"),
        )

    if second:
        token = query.get("continuation-token")
        place = nodes(
            [
                *([shown("StartAfter", query["start-after"])] if query.get("start-after") else []),
                *([node("ContinuationToken", token)] if token else []),
                *([node("NextContinuationToken", _sealed(page.next))] if page.next else []),
                node("KeyCount", len(page.objects) + len(page.prefixes)),
            ]
        )
    else:
        following = [shown("NextMarker", page.next)] if page.next and delimiter else []
        place = nodes([shown("Marker", start), *following])
    return document(
        "ListBucketResult",
        node("Name", call.bucket),
        shown("Prefix", prefix),
        place,
        node("MaxKeys", asked),
        shown("Delimiter", delimiter) if delimiter else None,
        node("EncodingType", encoding) if encoding else None,
        node("IsTruncated", bool(page.next)),
        *(entry(info) for info in page.objects),
        *(node("CommonPrefixes", shown("Prefix", one)) for one in page.prefixes),
    )


def _sealed(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _token(call: Call) -> str:
    token = call.query.get("continuation-token", "")
    try:
        return base64.b64decode(token, b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_argument(
            "The continuation token provided is incorrect", "continuation-token", token
        ) from None
