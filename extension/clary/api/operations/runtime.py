"""InvokeEndpoint: the request goes on to the endpoint's own process, and its answer comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError
from clary.api.registry import operation

if TYPE_CHECKING:
    from clary.api.engine import Engine

_VARIANT = "x-amzn-invoked-production-variant"
_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
# Request members that travel as headers of the same meaning, and are not arguments of Endpoints.invoke.
_MORE = {
    "TargetModel": "X-Amzn-SageMaker-Target-Model",
    "TargetContainerHostname": "X-Amzn-SageMaker-Target-Container-Hostname",
    "SessionId": "X-Amzn-SageMaker-Session-Id",
    "EnableExplanations": "X-Amzn-SageMaker-Enable-Explanations",
    "InferenceComponentName": "X-Amzn-SageMaker-Inference-Component",
}


@operation("sagemaker-runtime", "InvokeEndpoint")
def invoke_endpoint(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    body = params.get("Body", b"")
    status, headers, answer = engine.endpoints.invoke(
        params["EndpointName"],
        body=body if isinstance(body, bytes) else body.read(),
        content_type=params.get("ContentType"),
        accept=params.get("Accept"),
        target_variant=params.get("TargetVariant"),
        custom_attributes=params.get("CustomAttributes"),
        inference_id=params.get("InferenceId"),
        headers={header: params[member] for member, header in _MORE.items() if member in params},
    )
    lower = {name.lower(): value for name, value in headers.items()}
    if status >= 300:
        raise _error(status, lower, answer)
    result = {"Body": answer, "ContentType": lower.get("content-type", "application/octet-stream")}
    for member, header in (("InvokedProductionVariant", _VARIANT), ("CustomAttributes", _ATTRIBUTES)):
        if header in lower:
            result[member] = lower[header]
    return result


def _error(status: int, headers: dict[str, str], answer: bytes) -> ApiError:
    """The endpoint's error, with its members (OriginalStatusCode, ...), as the wire will write it again."""
    try:
        members = dict(json.loads(answer))
    except (ValueError, TypeError):
        members = {"Message": answer.decode("utf-8", "replace")}
    code = headers.get("x-amzn-errortype", "InternalFailure").partition(":")[0]
    message = str(members.pop("Message", None) or members.pop("message", ""))
    members.pop("__type", None)
    return ApiError(code, message, status, **members)
