"""Errors that a caller of the API can see, and how each protocol writes them down."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import orjson

from clary.api.http_types import Headers, Response


class ApiError(Exception):
    """An error with the code and the HTTP status that AWS answers.

    `members` are further members of the error's shape (ModelError has OriginalStatusCode, ...); in XML they
    become elements beside Code and Message.
    """

    def __init__(self, code: str, message: str, status: int = 400, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members


def validation(message: str) -> ApiError:
    """A request that is well formed but asks for something it may not."""
    return ApiError("ValidationException", message)


def not_found(kind: str, name: str) -> ApiError:
    """A resource of one of the old families (training jobs, models, endpoints, ...) that is not there.

    `kind` is in words ("training job", "endpoint configuration"), `name` its name or ARN. The SDK's waiters
    want the code ValidationException and look for "Could not find" in the text.
    """
    return ApiError("ValidationException", f'Could not find {kind} "{name}".')


def resource_not_found(message: str) -> ApiError:
    """A missing resource of one of the new families (images, experiments, pipelines, ...)."""
    return ApiError("ResourceNotFound", message)


def in_use(message: str) -> ApiError:
    """The name is taken, or the resource is busy with something that forbids this."""
    return ApiError("ResourceInUse", message)


def limit_exceeded(message: str) -> ApiError:
    """There is no room (disk, quota) for what is asked."""
    return ApiError("ResourceLimitExceeded", message)


def serialization(message: str) -> ApiError:
    """A body that does not have the form of the operation's input."""
    return ApiError("SerializationException", message)


def too_large(limit: int) -> ApiError:
    """A body of more than `limit` bytes."""
    return ApiError("RequestEntityTooLargeException", f"HTTP content length exceeded {limit} bytes.", 413)


def internal(message: str) -> ApiError:
    """Clary's own fault."""
    return ApiError("InternalFailure", message, 500)


def not_offered(service: str, operation: str) -> ApiError:
    """An operation that AWS has and Clary does not."""
    return ApiError(
        "UnknownOperationException", f"Clary does not offer the operation {operation} of {service}."
    )


def service_not_offered(service: str) -> ApiError:
    return ApiError(
        "UnknownOperationException",
        f"Clary does not offer the service {service}. "
        "It offers sagemaker, sagemaker-runtime, sagemaker-metrics, s3, logs, cloudwatch, sts and iam.",
    )


# AWS words the same refusal differently in each protocol; botocore only knows these.
_JSON_CODES = {
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "RequestExpired": "InvalidSignatureException",
    "IncompleteSignature": "IncompleteSignatureException",
}
# Codes of single services: what the runtime and CloudWatch Logs call a request that breaks a constraint.
_SERVICE_CODES = {
    ("sagemaker-runtime", "ValidationException"): "ValidationError",
    ("sagemaker-runtime", "ResourceLimitExceeded"): "ServiceUnavailable",
    ("sagemaker-runtime", "RequestEntityTooLargeException"): "ValidationError",
    ("s3", "RequestEntityTooLargeException"): "EntityTooLarge",
    ("logs", "ValidationException"): "InvalidParameterException",
    ("cloudwatch", "ValidationException"): "InvalidParameterValue",
    ("cloudwatch", "ResourceLimitExceeded"): "LimitExceeded",
    ("cloudwatch", "InternalFailure"): "InternalServiceError",
}
_S3_CODES = {
    "MissingAuthenticationToken": "AccessDenied",
    "InvalidClientTokenId": "InvalidAccessKeyId",
    "RequestExpired": "RequestTimeTooSkewed",
    "IncompleteSignature": "AuthorizationHeaderMalformed",
}
_QUERY_CODES = {"RequestExpired": "SignatureDoesNotMatch"}


def json_code(service: str, code: str) -> str:
    """What `code` is called by a service that speaks JSON."""
    return _SERVICE_CODES.get((service, code)) or _JSON_CODES.get(code, code)


def render(service: str, error: ApiError, request_id: str, resource: str = "") -> Response:
    """`error` in the protocol of `service`: REST-XML for s3, query XML for sts and iam, JSON for all
    others.
    """
    if service == "s3":
        return _s3(error, request_id, resource)
    if service in ("sts", "iam"):
        return _query(error, request_id)
    return _json(service, error, request_id)


def _json(service: str, error: ApiError, request_id: str) -> Response:
    code = json_code(service, error.code)
    runtime = service == "sagemaker-runtime"
    message_key = "message" if service == "logs" else "Message"
    document: dict[str, Any] = {message_key: error.message, **error.members}
    if not runtime:
        document = {"__type": code, **document}
    headers = Headers(
        {
            "x-amzn-RequestId": request_id,
            "x-amzn-ErrorType": code,
            "Content-Type": "application/json" if runtime else "application/x-amz-json-1.1",
        }
    )
    # A text may hold what the caller sent, lone surrogates included, which JSON cannot carry.
    return _finished(error.status, headers, orjson.dumps(_printable(document)))


def _s3(error: ApiError, request_id: str, resource: str) -> Response:
    code = _SERVICE_CODES.get(("s3", error.code)) or _S3_CODES.get(error.code, error.code)
    members = {
        "Code": code,
        "Message": error.message,
        **error.members,
        "Resource": resource,
        "RequestId": request_id,
    }
    text = "".join(f"<{name}>{_xml(value)}</{name}>" for name, value in members.items())
    headers = Headers({"x-amz-request-id": request_id, "Content-Type": "application/xml"})
    return _finished(
        error.status, headers, f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{text}</Error>'.encode()
    )


def _query(error: ApiError, request_id: str) -> Response:
    code = _QUERY_CODES.get(error.code, error.code)
    kind = "Sender" if error.status < 500 else "Receiver"
    text = (
        f"<ErrorResponse><Error><Type>{kind}</Type><Code>{_xml(code)}</Code><Message>{_xml(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    headers = Headers({"x-amzn-RequestId": request_id, "Content-Type": "text/xml"})
    return _finished(error.status, headers, text.encode())


def _finished(status: int, headers: Headers, body: bytes) -> Response:
    headers["Content-Length"] = str(len(body))
    return Response(status, headers, body)


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {str(_printable(name)): _printable(item) for name, item in value.items()}
    return value


def _xml(value: Any) -> str:
    text = str(_printable(str(value)))
    # XML 1.0 has no way to write control characters.
    return escape(
        "".join(char if char >= " " or char in "\t\n\r" else "\N{REPLACEMENT CHARACTER}" for char in text)
    )
