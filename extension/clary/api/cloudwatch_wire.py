"""CloudWatch's three protocols: Smithy RPC v2 with CBOR (boto3 of today), JSON 1.0, and query (boto3 until 2025).

What is asked and answered is the same in all three; `cloudwatch` answers it.
"""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from clary.api import cbor, query_wire, registry
from clary.api.errors import ApiError, json_code, not_offered, serialization, too_large
from clary.api.http_types import Headers, Request, Response
from clary.api.query import form
from clary.api.s3_xml import node
from clary.api.wire import Wire, wire_for

if TYPE_CHECKING:
    from clary.api.engine import Engine

SERVICE = "cloudwatch"
_RPC_PATH = re.compile(r"/service/GraniteServiceVersion20100801/operation/(\w+)")
_NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
_LARGEST = 8 * 2**20


def handle(engine: Engine, request: Request) -> Response:
    """Answer one request; raises ApiError."""
    wire = wire_for(SERVICE)
    protocol, name, given = _asked(wire, request)
    function = registry.find(SERVICE, name)
    if function is None:
        raise not_offered(SERVICE, name)
    result = wire.to_json(name, function(engine, wire.check(name, given)) or {})
    shape = wire.model.operation_model(name).output_shape
    return _ANSWERS[protocol](request, name, shape, result)


def failure(request: Request, error: ApiError) -> Response:
    """`error` in the protocol that `request` came in."""
    code, modelled = _codes(error)
    status = 400 if error.status in (400, 404, 409, 429) else error.status
    fault = "Sender" if status < 500 else "Receiver"
    headers = Headers({"x-amzn-RequestId": request.request_id, "x-amzn-query-error": f"{code};{fault}"})
    protocol = _protocol(request)
    if protocol == "query":
        body = node("ErrorResponse", node("Error", node("Type", fault), node("Code", code), node("Message", error.message)),
                    node("RequestId", request.request_id))  # fmt: skip
        return _response(status, headers, "text/xml", body.encode())
    document = {"__type": modelled, "message": error.message}
    if protocol == "cbor":
        headers["smithy-protocol"] = "rpc-v2-cbor"
        return _response(status, headers, "application/cbor", cbor.dumps(document))
    text = {key: value.encode("utf-8", "replace").decode() for key, value in document.items()}
    return _response(status, headers, "application/x-amz-json-1.0", orjson.dumps(text))


def _codes(error: ApiError) -> tuple[str, str]:
    """The code as the query protocol has always had it (what boto3 shows), and the name of the error's shape."""
    code = json_code(SERVICE, error.code)
    for shape in wire_for(SERVICE).model.error_shapes:
        old = shape.metadata.get("error", {}).get("code", shape.name)
        if code in (shape.name, old):
            return old, shape.name
    return code, code


def _protocol(request: Request) -> str:
    if request.headers.get("smithy-protocol", "") == "rpc-v2-cbor" or _RPC_PATH.fullmatch(request.path):
        return "cbor"
    return "json" if "x-amz-target" in request.headers else "query"


def _asked(wire: Wire, request: Request) -> tuple[str, str, dict[str, Any]]:
    """(protocol, operation, parameters not yet checked)."""
    protocol = _protocol(request)
    request.body = _unpacked(request)
    if protocol == "query":
        values = form(request)
        name = values.pop("Action")
        values.pop("Version", None)
        shape = _input(wire, name)
        return protocol, name, query_wire.read(shape, values) if shape is not None else {}
    if protocol == "json":
        name = request.headers["x-amz-target"].rpartition(".")[2]
    else:
        found = _RPC_PATH.fullmatch(request.path)
        if found is None:
            raise not_offered(SERVICE, f"{request.method} {request.path}")
        name = found[1]
    _input(wire, name)
    try:
        content = request.content()
        given = {} if not content else orjson.loads(content) if protocol == "json" else cbor.loads(content)
    except ValueError as error:
        raise serialization(str(error)) from None
    if not isinstance(given, dict):
        raise serialization("The body must be a map.")
    return protocol, name, given


def _input(wire: Wire, name: str) -> Any:
    if name not in wire.model.operation_names:
        raise not_offered(SERVICE, name)
    return wire.model.operation_model(name).input_shape


def _unpacked(request: Request) -> bytes:
    """The body; boto3 compresses that of a larger PutMetricData."""
    content = request.content()
    if request.headers.get("content-encoding", "").strip().lower() != "gzip":
        return content
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(content, _LARGEST)
    except zlib.error as error:
        raise serialization(f"The body is not what its Content-Encoding says (gzip): {error}") from None
    if unpacker.unconsumed_tail:
        raise too_large(_LARGEST)
    return data


def _cbor_answer(request: Request, name: str, shape: Any, result: dict[str, Any]) -> Response:
    headers = Headers({"x-amzn-RequestId": request.request_id, "smithy-protocol": "rpc-v2-cbor"})
    body = cbor.dumps(_typed(shape, result)) if shape is not None else b""
    return _response(200, headers, "application/cbor", body)


def _json_answer(request: Request, name: str, shape: Any, result: dict[str, Any]) -> Response:
    headers = Headers({"x-amzn-RequestId": request.request_id})
    return _response(200, headers, "application/x-amz-json-1.0", orjson.dumps(result))


def _query_answer(request: Request, name: str, shape: Any, result: dict[str, Any]) -> Response:
    inner = query_wire.write(shape, result, f"{name}Result") if shape is not None else ""
    metadata = node("ResponseMetadata", node("RequestId", request.request_id))
    text = f'<{name}Response xmlns="{_NAMESPACE}">{inner}{metadata}</{name}Response>'
    headers = Headers({"x-amzn-RequestId": request.request_id})
    return _response(200, headers, "text/xml", text.encode())


_ANSWERS = {"cbor": _cbor_answer, "json": _json_answer, "query": _query_answer}


def _typed(shape: Any, value: Any) -> Any:
    """A JSON value with the types that CBOR has besides: moments are tagged, doubles are doubles."""
    kind = shape.type_name
    if kind == "structure":
        return {name: _typed(shape.members[name], item) for name, item in value.items()}
    if kind == "list":
        return [_typed(shape.member, item) for item in value]
    if kind == "map":
        return {name: _typed(shape.value, item) for name, item in value.items()}
    if kind == "timestamp":
        return datetime.fromtimestamp(value, UTC)
    return float(value) if kind in ("float", "double") else value


def _response(status: int, headers: Headers, kind: str, body: bytes) -> Response:
    headers["Content-Type"] = kind
    headers["Content-Length"] = str(len(body))
    return Response(status, headers, body)
