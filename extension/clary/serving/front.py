"""Requests of the runtime API: who asks, what for, and which process or variant answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from clary.home import Home
from clary.serving.addresses import active_folder
from clary.serving.answers import error_response
from clary.serving.forwarding import Unreachable, forward
from clary.serving.gate import Gate
from clary.serving.http import Request, status_line
from clary.store import Store

_INVOKE = re.compile(rb"/endpoints/([^/?]+)/invocations(?:\?.*)?$")
_OTHERS = {
    b"async-invocations": "InvokeEndpointAsync",
    b"invocations-response-stream": "InvokeEndpointWithResponseStream",
}
_OTHER = re.compile(rb"/endpoints/[^/?]+/(async-invocations|invocations-response-stream)(?:\?.*)?$")


class Front:
    """What the router and every endpoint process have in common; `invoke` is called for the endpoint of this process.

    Hooks: `ready` answers /ping; `missing` is called when a process that should be there is not; `control` may take an
    order from another process of this home.
    """

    def __init__(
        self, home: Home, gate: Gate, account_id: str, own: str | None, invoke: Callable[[Request], None]
    ) -> None:
        self._home = home
        self._gate = gate
        self._account_id = account_id
        self._own = own
        self._own_url = b"/endpoints/%b/invocations" % own.encode() if own is not None else b"\0"
        self._invoke = invoke
        self._forwards: set[asyncio.Task[None]] = set()
        self.ready: Callable[[], bool] = lambda: True
        self.missing: Callable[[], None] = lambda: None
        self._store = Store(home)
        self.control: Callable[[bytes, Request], bool] = lambda path, request: False

    def handle(self, request: Request) -> None:
        """Answer now or later. Never raises: a bug here must not look like a broken request."""
        try:
            self._handle(request)
        except Exception as error:
            if request.response is None and not request.gone:
                request.reply(*error_response(500, "InternalFailure", f"{type(error).__name__}: {error}"))

    def _handle(self, request: Request) -> None:
        if request.url == b"/ping":
            ok = self.ready()
            request.reply(status_line(200 if ok else 503), b"")
            return
        if not request.trusted:
            refusal = self._gate.refusal(request)
            if refusal is not None:
                request.reply(*error_response(403, *refusal))
                return
        if request.url == self._own_url and request.method == b"POST":
            self._invoke(request)
            return
        self._route(request)

    def _route(self, request: Request) -> None:
        if (
            request.trusted
            and request.url.startswith(b"/control/")
            and self.control(request.url[9:], request)
        ):
            return
        other = _OTHER.match(request.url)
        if other is not None:
            name = _OTHERS[other[1]]
            request.reply(
                *error_response(501, "ValidationError", f"The operation {name} is not offered by Clary.")
            )
            return
        match = _INVOKE.match(request.url)
        if match is None or request.method != b"POST":
            path = request.url.decode("latin-1")[:200]
            method = request.method.decode("latin-1")
            message = f"{method} {path} is nothing this address knows: POST /endpoints/<name>/invocations."
            request.reply(*error_response(404, "UnknownOperationException", message))
            return
        endpoint = unquote(match[1].decode("latin-1"))
        if endpoint == self._own:
            self._invoke(request)
            return
        folder = active_folder(self._home, endpoint)
        if folder is None:
            if self._is_served(endpoint):
                self.missing()
                request.reply(*error_response(503, "ServiceUnavailable", self.unavailable(endpoint)))
            else:
                request.reply(*error_response(400, "ValidationError", self._not_found(endpoint)))
            return
        task = asyncio.get_running_loop().create_task(self._forward(request, endpoint, folder))
        self._forwards.add(task)
        task.add_done_callback(self._forwards.discard)

    async def _forward(self, request: Request, endpoint: str, folder: Path) -> None:
        """A reused connection that names another endpoint; tried again when that endpoint was just replaced."""
        for _ in range(3):
            try:
                status, headers, body = await forward(
                    folder, request.method, request.url, request.headers, request.body
                )
            except Unreachable as error:
                now = active_folder(self._home, endpoint)
                if error.sent or now is None or now == folder:
                    break
                folder = now
                continue
            except Exception as error:
                request.reply(*error_response(500, "InternalFailure", f"{type(error).__name__}: {error}"))
                return
            head = status_line(status) + b"".join(b"%b: %b\r\n" % pair for pair in headers)
            request.reply(head, body)
            return
        self.missing()
        request.reply(*error_response(503, "ServiceUnavailable", self.unavailable(endpoint)))

    def _is_served(self, endpoint: str) -> bool:
        """Whether it ought to have a process: AWS does not find an endpoint before it has been InService, either."""
        document = self._store.documents.find("endpoint", endpoint)
        return (
            document is not None
            and document.status in ("InService", "Updating")
            and "served" in document.body
        )

    def _not_found(self, endpoint: str) -> str:
        return f"Endpoint {endpoint} of account {self._account_id} not found."

    @staticmethod
    def unavailable(endpoint: str) -> str:
        return f"The process of endpoint {endpoint} is not there right now; it is being started again. Try again in a moment."
