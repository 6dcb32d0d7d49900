"""One service's wire: requests to parameters and results to responses, all from botocore's model of the
service.

Speaks JSON 1.1 (sagemaker, logs) and REST-JSON (sagemaker-runtime).
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from clary.api.errors import ApiError, json_code, not_offered, serialization
from clary.api.http_types import Headers, Request, Response
from clary.api.reading import Readers
from clary.api.writing import Writers

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, StructureShape

_wires: dict[str, Wire] = {}
_lock = threading.Lock()


def wire_for(service: str) -> Wire:
    """The wire of a service; its model is loaded (about 50 ms for sagemaker) on first use."""
    wire = _wires.get(service)
    if wire is None:
        with _lock:
            wire = _wires.get(service) or _wires.setdefault(service, Wire(service_model(service)))
    return wire


class Wire:
    """Parses, checks and serialises for one service model. Safe to share between threads."""

    def __init__(self, model: ServiceModel) -> None:
        self.model = model
        self.service = model.service_name
        self._rest = model.metadata["protocol"] == "rest-json"
        self._names = frozenset(model.operation_names)
        self._operations: dict[str, OperationModel] = {}
        self._readers = Readers()
        self._writers = Writers()
        self._answers = Readers(checks=False)
        self._routes = self._compile_routes() if self._rest else []
        self._statuses = {
            shape.name: shape.metadata.get("error", {}).get("httpStatusCode", 400)
            for shape in model.error_shapes
        }

    def operation_of(self, request: Request) -> str:
        """The name of the operation that is asked for. Raises ApiError when the model has none such."""
        if self._rest:
            for name, method, route in self._routes:
                if request.method == method and route.fullmatch(request.path):
                    return name
            raise not_offered(self.service, f"{request.method} {request.path}")
        target = request.headers.get("x-amz-target", "")
        if not target:
            raise not_offered(
                self.service, f"{request.method} {request.path} (the header X-Amz-Target is missing)"
            )
        name = target.rpartition(".")[2]
        if name not in self._names or request.method != "POST":
            raise not_offered(self.service, name or target)
        return name

    def parse(self, name: str, request: Request) -> dict[str, Any]:
        """The checked parameters of operation `name`. Raises ApiError."""
        shape = self._operation(name).input_shape
        if self._rest:
            return self._parse_rest(name, shape, request)
        value = _decoded(request.content())
        return self.check(name, value)

    def check(self, name: str, params: Any) -> dict[str, Any]:
        """`params` with types converted and every constraint of the model checked. Raises ApiError."""
        shape = self._operation(name).input_shape
        if shape is None:
            return {}
        payload = shape.serialization.get("payload")
        if payload is None or payload not in params:
            result: dict[str, Any] = self._readers.read(shape, params)
            return result
        # A payload's size is the front's to limit, by what the user has set; its bytes need no other check.
        content = params[payload]
        checked: dict[str, Any] = self._readers.read(shape, {**params, payload: b""})
        return {**checked, payload: content.encode() if isinstance(content, str) else content}

    def to_json(self, name: str, result: dict[str, Any]) -> dict[str, Any]:
        """A result as the JSON value of the output shape. Raises writing.Misfit when it does not fit."""
        shape = self._operation(name).output_shape
        value: dict[str, Any] = self._writers.writer(shape)(result) if shape is not None else {}
        return value

    def to_python(self, name: str, result: dict[str, Any]) -> dict[str, Any]:
        """A result as boto3 would give it to its caller: timestamps are aware datetimes, nulls are absent."""
        shape = self._operation(name).output_shape
        if shape is None:
            return {}
        payload = shape.serialization.get("payload")
        kept = {payload: result[payload]} if payload in result else {}
        plain = {key: item for key, item in result.items() if key != payload}
        value: dict[str, Any] = self._answers.read(shape, self.to_json(name, plain))
        return value | kept

    def serialize(self, name: str, result: dict[str, Any], request_id: str) -> Response:
        """The response that carries a result."""
        operation = self._operation(name)
        shape = operation.output_shape
        headers = Headers({"x-amzn-RequestId": request_id})
        status = int(operation.http.get("responseCode", 200))
        if shape is None or not self._rest:
            headers["Content-Type"] = "application/x-amz-json-1.1"
            # Operations without an output answer with no body at all.
            body = orjson.dumps(self.to_json(name, result)) if shape is not None else b""
            headers["Content-Length"] = str(len(body))
            return Response(status, headers, body)
        return self._serialize_rest(shape, result, headers, status)

    def status_of(self, error: ApiError) -> int:
        """The HTTP status of an error: what it asks for itself, else what the model says of its code."""
        if error.status != 400:
            return error.status
        return int(self._statuses.get(json_code(self.service, error.code), error.status))

    def _operation(self, name: str) -> OperationModel:
        operation = self._operations.get(name)
        if operation is None:
            if name not in self._names:
                raise not_offered(self.service, name)
            operation = self._operations[name] = self.model.operation_model(name)
        return operation

    def _compile_routes(self) -> list[tuple[str, str, re.Pattern[str]]]:
        routes = []
        for name in sorted(self._names):
            http = self._operation(name).http
            path = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", http["requestUri"])
            routes.append((name, http["method"], re.compile(path)))
        return routes

    def _parse_rest(self, name: str, shape: StructureShape | None, request: Request) -> dict[str, Any]:
        if shape is None:
            return {}
        route = next(route for known, _, route in self._routes if known == name)
        match = route.fullmatch(request.path)
        values: dict[str, Any] = {}
        body_members = []
        payload = shape.serialization.get("payload")
        for member, member_shape in shape.members.items():
            place = member_shape.serialization.get("location")
            wire_name = member_shape.serialization.get("name", member)
            if place == "uri" and match:
                values[member] = unquote(match[wire_name])
            elif place == "header":
                values[member] = _from_text(request.headers.get(wire_name), member_shape.type_name)
            elif place is None and member != payload:
                body_members.append(member)
        if payload is not None:
            return self.check(name, {**values, payload: request.content()})
        if body_members:
            document = _decoded(request.content())
            values |= {member: document[member] for member in body_members if member in document}
        return self.check(name, values)

    def _serialize_rest(
        self, shape: StructureShape, result: dict[str, Any], headers: Headers, status: int
    ) -> Response:
        payload = shape.serialization.get("payload")
        document: dict[str, Any] = {}
        for member, value in result.items():
            if member == payload or value is None:
                continue
            member_shape = shape.members[member]
            written = self._writers.writer(member_shape)(value)
            if member_shape.serialization.get("location") == "header":
                headers[member_shape.serialization["name"]] = str(written)
            else:
                document[member] = written
        if payload is None:
            headers["Content-Type"] = "application/json"
            body: Any = orjson.dumps(document)
        else:
            body = result.get(payload, b"")
            if isinstance(body, str):
                body = body.encode()
        if isinstance(body, bytes):
            headers["Content-Length"] = str(len(body))
        return Response(status, headers, body)


def service_model(service: str) -> ServiceModel:
    """botocore's model of a service; loading takes a tenth of a second the first time."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def _decoded(content: bytes) -> dict[str, Any]:
    """A JSON object; nothing at all counts as the empty one."""
    if not content.strip():
        return {}
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise serialization(f"The body is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise serialization("The body must be a JSON object.")
    return value


def _from_text(text: str | None, kind: str) -> Any:
    if text is None or kind == "string":
        return text
    if kind in ("integer", "long"):
        try:
            return int(text)
        except ValueError:
            return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return text
