"""A canvas over HTTP: calls of a labeling session as JSON, for the JupyterLab tab and for the annotators' portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError
from clary.api.http_types import Headers, Request, Response
from clary.api.rest import json_object, json_response

if TYPE_CHECKING:
    from clary.api.engine import Engine
    from clary.labeling.session import Session

# 403 is for logins and secrets alone: a canvas that hears it gives up.
_STATUSES = {"BadAnswer": 400, "BadRequest": 400, "NotFound": 404}
_CONFLICT = 409


def canvas(engine: Engine, request: Request, job: str, worker: str, owner: bool) -> Response:
    """Answer ``{"method", "params"}`` with ``{"result"}`` or ``{"error": {"code", "message", "retry"}}``."""
    document = json_object(request)
    method, params = document.get("method"), document.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict):
        raise ApiError("BadRequest", 'The body must be {"method": a name, "params": an object}.')
    if method == "image":
        raise ApiError("BadRequest", "Images are not JSON: GET .../objects/<id>/image gives them.")
    answer = call(engine, request, job, worker, owner, method, params)
    return answer if isinstance(answer, Response) else json_response({"result": answer}, request.request_id)


def image(engine: Engine, request: Request, job: str, number: str, worker: str, owner: bool) -> Response:
    """The image of an object; with ``?size=`` a preview whose longest edge has so many pixels."""
    params: dict[str, Any] = {"object": _whole("object", number)}
    size = request.parameters.get("size", "")
    if size:
        params["size"] = _whole("size", size)
    answer = call(engine, request, job, worker, owner, "image", params)
    if isinstance(answer, Response):
        return answer
    headers = {
        "Content-Type": answer.type,
        "Content-Length": str(len(answer.data)),
        "Cache-Control": "no-store",
        # Whatever the bytes are, they are looked at and never run, not even where a browser opens the address itself.
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "x-amzn-RequestId": request.request_id,
    }
    return Response(200, Headers(headers), answer.data)


def call(
    engine: Engine, request: Request, job: str, worker: str, owner: bool, method: str, params: dict[str, Any]
) -> Any:
    """What the session answers (a dictionary, or an image), or the Response that tells its refusal."""
    from clary.labeling.work.errors import SessionError, WorkError

    try:
        return session(engine, job, worker, owner).call(method, params)
    except SessionError as error:
        status = _STATUSES.get(error.code, _CONFLICT)
        return problem(request, error.code, error.message, status, retry=error.retry)
    except WorkError as error:
        return problem(request, "NotFound", str(error), 404)


def session(engine: Engine, job: str, worker: str, owner: bool) -> Session:
    from clary.labeling.session import Session

    return Session(engine.home, engine.runner, engine.store, job, worker, owner)


def problem(request: Request, code: str, message: str, status: int, *, retry: bool = False) -> Response:
    """A refusal in the form that canvases read."""
    document = {"error": {"code": code, "message": message, "retry": retry}}
    return json_response(document, request.request_id, status)


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise ApiError("BadRequest", f"{name} must be a whole number, not {text[:100]!r}.")
    return int(text)
