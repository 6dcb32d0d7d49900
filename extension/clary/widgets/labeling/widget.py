"""The canvas as an anywidget: what its modules ask for comes over the kernel and goes to the API in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any
from urllib.parse import quote

from clary.sdk import api

# Images are read, scaled and sent beside the answers, which must not wait for them.
_IMAGES = 2


@cache
def _class() -> type[Any]:
    """The widget's class, with the canvas's text in it. Made when it is first needed: anywidget takes a while to import."""
    import anywidget

    class Canvas(anywidget.AnyWidget):  # type: ignore[misc]
        """`answer`: what becomes of a message of the front end."""

        _esm = api.raw("/clary/canvas/bundle.js").decode()

        def __init__(self, answer: Callable[[Any, Any], None]) -> None:
            super().__init__()
            self.on_msg(lambda _, content, buffers: answer(self, content))

    return Canvas


def make(job: str) -> Any:
    """A canvas of this job. Raises ClaryError."""
    return _class()(Answering(job))


class Answering:
    """Answers the messages of one canvas."""

    def __init__(self, job: str) -> None:
        self._path = f"/clary/labeling-jobs/{quote(job)}"
        self._images = ThreadPoolExecutor(_IMAGES, "clary-canvas-image")
        # Comms may come over a subshell, whose thread is not the main one; acts keep their order all the same.
        self._order = threading.Lock()

    def __call__(self, widget: Any, content: Any) -> None:
        """Called by ipywidgets for every message ``{id, method, params}``; the answer has its id."""
        if not isinstance(content, dict) or "id" not in content:
            return
        if content.get("method") == "image":
            self._images.submit(self._image, widget, content)
        else:
            with self._order:
                widget.send({"id": content["id"], **self._answer(content)})

    def _answer(self, content: dict[str, Any]) -> dict[str, Any]:
        asked = {"method": content.get("method"), "params": content.get("params") or {}}
        status, body, _ = _exchange("POST", f"{self._path}/canvas", asked)
        return _document(status, body)

    def _image(self, widget: Any, content: dict[str, Any]) -> None:
        params = content.get("params") or {}
        size = f"?size={quote(str(params['size']))}" if params.get("size") else ""
        place = f"{self._path}/objects/{quote(str(params.get('object')), safe='')}/image"
        status, body, kind = _exchange("GET", place + size)
        if status >= 400:
            widget.send({"id": content["id"], **_document(status, body)})
        else:
            widget.send({"id": content["id"], "result": {"type": kind}}, [body])


def _exchange(method: str, path: str, document: Any = None) -> tuple[int, bytes, str]:
    """(status, body, content type)."""
    from clary.api.http_types import Headers, Request

    where, _, query = path.partition("?")
    body = b"" if document is None else json.dumps(document).encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body))})
    response = api.exchange(Request(method, where, query=query, headers=headers, body=body, service="clary"))
    return response.status, response.content(), response.headers.get("Content-Type", "")


def _document(status: int, body: bytes) -> dict[str, Any]:
    """``{"result"}`` or ``{"error"}``, also where something else has answered than the session."""
    try:
        document = json.loads(body)
    except ValueError:
        document = {}
    if "result" in document or "error" in document:
        return dict(document)
    error = api.error_of(status, "", body)
    return {
        "error": {
            "code": "BadRequest" if status < 500 else "Unreachable",
            "message": error.message,
            "retry": status >= 500,
        }
    }
