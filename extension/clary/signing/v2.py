"""AWS Signature Version 2 in addresses, the checking side.

boto3 still presigns S3 addresses this way where it is left to its defaults, so addresses of that kind have to
work. https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from clary.signing.credentials import Credentials
from clary.signing.v4 import SignatureError

# Parameters that choose a part of a resource, and so are signed.
_SUBRESOURCES = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "defaultObjectAcl",
        "delete",
        "inventory",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "partNumber",
        "policy",
        "replication",
        "requestPayment",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "restore",
        "select",
        "select-type",
        "storageClass",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    }
)


def is_presigned(query: str) -> bool:
    """Whether a raw query carries a signature of version 2."""
    return "AWSAccessKeyId=" in query and "Signature=" in query


def verify_presigned(
    method: str,
    resource: str,
    raw_query: str,
    headers: Mapping[str, str],
    credentials: Credentials,
    now: float,
) -> None:
    """Check a presigned S3 request. `resource` is its raw path, bucket included, without what a server stands
    under; `headers` finds names without regard to case. Raises SignatureError.
    """
    parameters = dict(parse_qsl(raw_query, keep_blank_values=True))
    if not hmac.compare_digest(
        parameters.get("AWSAccessKeyId", "").encode(), credentials.access_key.encode()
    ):
        raise SignatureError(
            "InvalidClientTokenId", "The AWS Access Key Id you provided does not exist in our records."
        )
    try:
        expires = int(parameters["Expires"])
    except (KeyError, ValueError):
        raise SignatureError("IncompleteSignature", "Expires must be the time in epoch seconds.") from None
    if expires < now:
        raise SignatureError("AccessDenied", "Request has expired")
    head = [method, headers.get("content-md5", ""), headers.get("content-type", ""), str(expires)]
    # What is to be signed may stand in the query of an address, too.
    amazon = {name.lower(): value for name, value in parameters.items() if name.lower().startswith("x-amz-")}
    amazon |= {name.lower(): headers[name] for name in headers if name.lower().startswith("x-amz-")}
    custom = [f"{name}:{value.strip()}" for name, value in sorted(amazon.items())]
    parts = sorted((name, value) for name, value in parameters.items() if name in _SUBRESOURCES)
    suffix = "&".join(f"{name}={value}" if value else name for name, value in parts)
    for path in {resource, quote(unquote_to_bytes(resource), safe="/-_.~")}:
        signed = "\n".join([*head, *custom, f"{path}?{suffix}" if suffix else path])
        digest = hmac.digest(
            credentials.secret_key.encode(), signed.encode("utf-8", "surrogateescape"), "sha1"
        )
        if hmac.compare_digest(base64.b64encode(digest), parameters.get("Signature", "").encode()):
            return
    raise SignatureError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
    )
