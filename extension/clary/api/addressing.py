"""Which service a request is for, and S3's virtual-hosted addresses rewritten path-style."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from clary import signing
from clary.api import registry
from clary.api.errors import service_not_offered
from clary.api.http_types import Request
from clary.signing import v2

# JSON 1.1 services by the prefix of X-Amz-Target.
_TARGETS = {"SageMaker": "sagemaker", "Logs_20140328": "logs", "GraniteServiceVersion20100801": "monitoring"}
_QUERY_VERSIONS = {"2011-06-15": "sts", "2010-05-08": "iam", "2010-08-01": "monitoring"}
_METRICS = ("/BatchPutMetrics", "/BatchGetMetrics")
_INVOCATION = re.compile(r"/endpoints/[^/]+/(async-)?invocations(-response-stream)?")
_SERVICE_HOST = re.compile(
    r"(?:.+\.)?(s3|sts|iam|logs|monitoring)(?:[.-][a-z0-9.-]+)?\.(?:amazonaws\.com|api\.aws)(?:\.cn)?"
)
_BUCKET_HOST = re.compile(
    r"(?P<bucket>.+)\.(?:s3(?:[.-](?:dualstack\.|fips\.)?[a-z0-9-]+)?\.(?:amazonaws\.com|api\.aws)(?:\.cn)?|localhost)"
)


def service_of(request: Request) -> str:
    """The service that `request` is for, from its target, the scope of its signature, its path, form or host.

    Raises ApiError when it is for a service that Clary does not offer.
    """
    if request.service:
        return _offered(request.service)
    target = request.headers.get("x-amz-target", "").rpartition(".")[0]
    if target in _TARGETS:
        return _TARGETS[target]
    scope = _signed_for(request)
    if scope != "s3":
        if request.path == "/clary/portal" or request.path.startswith("/clary/portal/"):
            return "portal"
        if request.path.startswith("/clary/"):
            return "clary"
        if scope in ("", "sagemaker") and _INVOCATION.fullmatch(request.path):
            return "sagemaker-runtime"
        if scope in ("", "sagemaker") and request.path in _METRICS:
            return "sagemaker-metrics"
    if scope or target:
        return _offered(scope or target)
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        version = parse_qs(request.content().decode("utf-8", "replace")).get("Version", [""])[0]
        if version in _QUERY_VERSIONS:
            return _QUERY_VERSIONS[version]
    host = _SERVICE_HOST.fullmatch(_host(request))
    return host[1] if host else "s3"


def _signed_for(request: Request) -> str:
    """The service that the request is signed for, unverified; '' when it is not signed (or not legibly)."""
    try:
        said = signing.authorization(request.query, request.headers)
    except signing.SignatureError:
        return ""
    if said:
        return said.service
    return "s3" if v2.is_presigned(request.query) else ""


def path_style(request: Request) -> None:
    """Move a bucket from the host name (bucket.s3.amazonaws.com) into the path."""
    host = _BUCKET_HOST.fullmatch(_host(request))
    if host and not host["bucket"].startswith("s3."):
        request.path = f"/{host['bucket']}{request.path}"


def _host(request: Request) -> str:
    host = request.headers.get("host", "").lower()
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host


def _offered(service: str) -> str:
    if service not in registry.services():
        raise service_not_offered(service)
    return service
