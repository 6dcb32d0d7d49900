"""S3's REST interface over the objects library: which operation a request is, and how failures are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from clary.api import s3_buckets, s3_multipart, s3_objects
from clary.api.errors import ApiError
from clary.api.http_types import Request, Response
from clary.api.s3_call import Call
from clary.objects import ObjectsError
from clary.objects.errors import NoSpace

if TYPE_CHECKING:
    from clary.api.engine import Engine

Operation = Callable[[Call], Response]

# What in a query chooses another operation than the method alone does, in order of precedence.
_SUBRESOURCES = (
    "uploadId", "uploads", "delete", "tagging", "acl", "location", "versioning", "versions",
    "accelerate", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
    "legal-hold", "lifecycle", "logging", "metadataConfiguration", "metadataTable", "metrics",
    "notification", "object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock",
    "renameObject", "replication", "requestPayment", "restore", "retention", "select", "session",
    "torrent", "website",
)  # fmt: skip
_SERVICE: dict[tuple[str, str], Operation] = {("GET", ""): s3_buckets.list_buckets}
_BUCKET: dict[tuple[str, str], Operation] = {
    ("PUT", ""): s3_buckets.create_bucket,
    ("HEAD", ""): s3_buckets.head_bucket,
    ("GET", ""): s3_buckets.list_objects,
    ("DELETE", ""): s3_buckets.delete_bucket,
    ("GET", "location"): s3_buckets.get_location,
    ("GET", "versioning"): s3_buckets.get_versioning,
    ("GET", "acl"): s3_buckets.get_acl,
    ("GET", "uploads"): s3_multipart.list_uploads,
    ("POST", "delete"): s3_objects.delete_objects,
}
_OBJECT: dict[tuple[str, str], Operation] = {
    ("PUT", ""): s3_objects.put_object,
    ("GET", ""): s3_objects.get_object,
    ("HEAD", ""): s3_objects.head_object,
    ("DELETE", ""): s3_objects.delete_object,
    ("GET", "acl"): s3_buckets.get_acl,
    ("GET", "tagging"): s3_objects.get_tagging,
    ("PUT", "tagging"): s3_objects.put_tagging,
    ("DELETE", "tagging"): s3_objects.delete_tagging,
    ("POST", "uploads"): s3_multipart.create_upload,
    ("PUT", "uploadId"): s3_multipart.upload_part,
    ("POST", "uploadId"): s3_multipart.complete_upload,
    ("DELETE", "uploadId"): s3_multipart.abort_upload,
    ("GET", "uploadId"): s3_multipart.list_parts,
}
_STATUS = {
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "BucketAlreadyOwnedByYou": 409,
    "BucketNotEmpty": 409,
    "PreconditionFailed": 412,
    "AccessDenied": 403,
    "InternalError": 500,
}
# Insufficient Storage. Clients repeat what fails with 500 and 503; a full disk will not be better in a
# second.
_STATUS_FULL = 507


def handle(engine: Engine, request: Request) -> Response:
    """Answer a path-style request to S3. Raises ApiError."""
    call = Call.of(engine, request)
    operation = _operation(call)
    owner = call.header("x-amz-expected-bucket-owner")
    if owner and owner != engine.config.account_id:
        raise ApiError("AccessDenied", "Access Denied", 403)
    try:
        response = operation(call)
    except ObjectsError as error:
        raise told(error) from error
    response.headers.setdefault("x-amz-request-id", request.request_id)
    response.headers.setdefault("Server", "Clary")
    if isinstance(response.body, bytes) and request.method != "HEAD":
        response.headers.setdefault("Content-Length", str(len(response.body)))
    return response


def _operation(call: Call) -> Operation:
    table = _OBJECT if call.key else _BUCKET if call.bucket else _SERVICE
    chosen = next((name for name in _SUBRESOURCES if name in call.query), "")
    operation = table.get((call.request.method, chosen))
    if operation is not None:
        return operation
    known: Iterable[tuple[str, str]] = table
    if chosen and not any(name == chosen for _, name in known):
        raise ApiError(
            "NotImplemented",
            f"Clary does not offer this operation of S3: {call.request.method} with ?{chosen}.",
            501,
        )
    raise ApiError(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        405,
        Method=call.request.method,
        ResourceType="OBJECT" if call.key else "BUCKET" if call.bucket else "SERVICE",
    )


def told(error: ObjectsError) -> ApiError:
    """What a caller of S3 is told about an error of the objects library."""
    status = _STATUS_FULL if isinstance(error, NoSpace) else _STATUS.get(error.code, 400)
    return ApiError(error.code, error.message, status, **error.details)
