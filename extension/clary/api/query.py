"""AWS's query protocol (sts, iam): a form in, XML out."""

from __future__ import annotations

from urllib.parse import parse_qsl

from clary.api.errors import ApiError
from clary.api.http_types import Headers, Request, Response
from clary.api.s3_xml import Xml, node, nodes


def form(request: Request) -> dict[str, str]:
    """The parameters of a request, from its body or its address. Raises ApiError when it names no Action."""
    values = request.parameters
    for name, value in parse_qsl(request.content().decode("utf-8", "replace"), keep_blank_values=True):
        values.setdefault(name, value)
    if not values.get("Action"):
        raise ApiError("MissingAction", "The request must contain the parameter Action.")
    return values


def required(values: dict[str, str], name: str) -> str:
    """A parameter that must be there. Raises ApiError."""
    if not values.get(name):
        raise ApiError(
            "ValidationError",
            f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy"
            f" constraint:"
            " Member must not be null",
        )
    return values[name]


def answer(request: Request, action: str, namespace: str, *result: Xml) -> Response:
    """The response of `action` with the members `result`."""
    inner = nodes(
        [node(f"{action}Result", *result), node("ResponseMetadata", node("RequestId", request.request_id))]
    )
    text = f'<{action}Response xmlns="{namespace}">{inner}</{action}Response>'.encode()
    headers = {
        "Content-Type": "text/xml",
        "Content-Length": str(len(text)),
        "x-amzn-RequestId": request.request_id,
    }
    return Response(200, Headers(headers), text)
