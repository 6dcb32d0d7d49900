"""The HTTP front, as tornado handlers: for `clary serve` and, with Jupyter's login added, for the Jupyter
server.

The event loop only moves bytes. Judging, parsing and answering happen in a thread pool; bodies from a
megabyte on go to a file.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.log import app_log
from tornado.web import RequestHandler

from clary.api import addressing, waiting
from clary.api.engine import Engine
from clary.api.errors import ApiError, too_large
from clary.api.http_types import Request, Response
from clary.api.limits import Limits
from clary.api.receiving import BodyReceiver
from clary.api.translating import content_length, translated

_T = TypeVar("_T")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Bodies up to here are judged together with their heads, larger ones are not taken from strangers.
_SMALL = 1 << 20


class AwsMixin(RequestHandler):  # type: ignore[misc]
    """Everything but login. Put it before the other base, so that its `prepare` wins::

        class Handler(AwsMixin, JupyterHandler):
            async def signed_in(self) -> bool: ...

    Give the route ``engine``, and ``prefix``: what stands before AWS's path in the address, without the last
    slash.
    """

    _stream_request_body = True

    def initialize(
        self,
        engine: Engine,
        prefix: str = "",
        pool: ThreadPoolExecutor | None = None,
        limits: Limits | None = None,
        stopping: asyncio.Event | None = None,
    ) -> None:
        self._engine = engine
        self._prefix = prefix
        self._pool = pool or _shared_pool()
        self._limits = limits or Limits()
        self._stopping = stopping
        self._receiver: BodyReceiver | None = None
        self._refusal: Response | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._gone = False

    async def signed_in(self) -> bool:
        """Whether another login vouches for this request (asked only when it carries no signature). Override.

        Whoever overrides this must also have refused requests forged by other sites (XSRF).
        """
        return False

    async def prepare(self) -> None:
        self._request = self._translated()
        self._authenticated = not self._signed() and await self.signed_in()
        limit = self._limit()
        length = content_length(self._request.headers)
        stated = self._request.headers.get("x-amz-content-sha256", "")
        # The body's digest is needed unless the request says that it is not signed, or signed in chunks.
        digest = not self._authenticated and not stated.startswith(("UNSIGNED", "STREAMING"))
        self._receiver = BodyReceiver(self._engine.home.root, limit, digest=digest)
        if length is not None and length > limit:
            self._refusal = self._too_large(limit)
        elif (length is None or length > _SMALL) and not self._authenticated and self._has_body():
            self._refusal = await self._in_pool(lambda: self._engine.authorize(self._request))
        self._set_max_body(max(limit, self._limits.drained_bytes))
        if self._refusal is None:
            self._watch()
        elif (length or 0) > self._limits.drained_bytes or "expect" in self._request.headers:
            await self._give_up(self._refusal)

    async def data_received(self, chunk: bytes) -> None:
        receiver = self._receiver
        if receiver is None or self._refusal is not None:
            return
        full = receiver.add(chunk)
        if receiver.over:
            receiver.close()
            self._refusal = self._too_large(receiver.limit)
        elif full:
            try:
                await self._in_pool(receiver.spill)
            except OSError as error:
                receiver.close()
                self._refusal = self._engine.refusal(self._request, error)
        self._watch()

    async def answer(self, *_: str) -> None:
        """Every method ends here, with the whole body received."""
        self._unwatch()
        receiver = self._receiver
        assert receiver is not None
        try:
            if self._refusal is None:
                body = (await self._in_pool(receiver.body)) if receiver.in_file else receiver.body()
                response = await self._handled(body)
            else:
                response = self._refusal
            await self._send(response)
        finally:
            receiver.close()

    get = head = post = put = delete = patch = options = answer

    async def _handled(self, body: Any) -> Response:
        def handle() -> Response:
            self._request.body = body
            return self._engine.handle(self._request, self._authenticated)

        response = await self._in_pool(handle)
        if waiting.is_waiter(self._request):
            response = await waiting.hold(
                response,
                lambda: self._in_pool(handle),
                lambda: self._gone or (self._stopping is not None and self._stopping.is_set()),
                self._limits.hold_s,
            )
        return response

    async def _send(self, response: Response) -> None:
        self.clear()
        self._headers: HTTPHeaders = _Headers(self._headers)
        self.clear_header("Content-Type")
        self.set_header("Server", "Clary")
        self.set_status(response.status)
        for name, value in response.headers.items():
            # Header text is bytes: what is not ASCII goes out as UTF-8, what would end the line not at all.
            self.set_header(name, _CONTROL.sub(" ", value).encode("utf-8", "replace").decode("latin-1"))
        try:
            if isinstance(response.body, bytes):
                await self.finish(response.body or None)
            else:
                await self._stream(response)
        except StreamClosedError:
            self._gone = True

    async def _stream(self, response: Response) -> None:
        chunks: Iterator[bytes] = iter(response.body)  # type: ignore[arg-type]
        try:
            while not self._gone:
                chunk = await self._in_pool(lambda: next(chunks, None))
                if chunk is None:
                    await self.finish()
                    return
                self.write(chunk)
                await self.flush()
        except StreamClosedError:
            raise
        except Exception:
            # The status is out already; only a cut connection tells the client that this is not all.
            app_log.exception("The answer to %s broke off", self._request.path)
            self._close_connection()
        finally:
            close = getattr(response.body, "close", None)
            if close is not None:
                await self._in_pool(close)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What tornado itself refuses (an unknown method, a broken head), in AWS's words."""
        names = {405: "MethodNotAllowed", 403: "AccessDenied"}
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        reason = str(getattr(error, "log_message", None) or self._reason)
        code = names.get(status_code, "InternalFailure" if status_code >= 500 else "BadRequest")
        response = self._engine.refusal(self._translated(), ApiError(code, reason, status_code))
        self.set_header("Server", "Clary")
        for name, value in response.headers.items():
            self.set_header(name, value)
        self.finish(response.content())

    def on_connection_close(self) -> None:
        self._gone = True
        self._unwatch()
        if self._receiver is not None:
            self._receiver.close()
        super().on_connection_close()

    def on_finish(self) -> None:
        self._unwatch()

    def check_xsrf_cookie(self) -> None:
        # A signature cannot be forged by another site; anything else is the login's business.
        if not self._signed():
            super().check_xsrf_cookie()

    def compute_etag(self) -> str | None:
        return None

    def check_etag_header(self) -> bool:
        # S3 answers conditional requests itself.
        return False

    def _translated(self) -> Request:
        """Tornado's request as the engine's. Bytes above ASCII are UTF-8, where tornado takes them for
        Latin-1.
        """
        return translated(self.request, self._prefix)

    def _signed(self) -> bool:
        scheme = self.request.headers.get("Authorization", "").lower()
        return scheme.startswith(("aws4-", "bearer ")) or "Signature=" in self.request.query

    def _limit(self) -> int:
        try:
            service = addressing.service_of(self._request)
        except ApiError:
            return self._limits.request_bytes
        if service == "s3":
            return self._limits.object_bytes
        return (
            self._engine.config.max_body_mb * 2**20
            if service == "sagemaker-runtime"
            else self._limits.request_bytes
        )

    def _has_body(self) -> bool:
        return "content-length" in self._request.headers or "transfer-encoding" in self._request.headers

    def _too_large(self, limit: int) -> Response:
        return self._engine.refusal(self._request, too_large(limit))

    def _set_max_body(self, size: int) -> None:
        connection: Any = self.request.connection
        if hasattr(connection, "set_max_body_size"):
            connection.set_max_body_size(size)

    def _watch(self) -> None:
        self._unwatch()
        self._stall = asyncio.get_running_loop().call_later(self._limits.stall_s, self._stalled)

    def _unwatch(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _stalled(self) -> None:
        error = ApiError(
            "RequestTimeout",
            "Your socket connection to the server was not read from or written to within the timeout period.",
        )
        refusal = self._engine.refusal(self._request, error)
        self._giving_up = asyncio.ensure_future(self._give_up(refusal))

    async def _give_up(self, response: Response) -> None:
        """Answer before the body has come, and close the connection."""
        response.headers["Connection"] = "close"
        await self._send(response)

    def _close_connection(self) -> None:
        connection: Any = self.request.connection
        stream = getattr(connection, "stream", None)
        if stream is not None:
            stream.close()

    def _in_pool(self, work: Callable[[], _T]) -> Awaitable[_T]:
        return asyncio.get_running_loop().run_in_executor(self._pool, work)


class _Headers(HTTPHeaders):  # type: ignore[misc]
    """Tornado capitalises ``X-Amz-Meta-Owner``, but clients take what stands behind the prefix as it comes,
    and S3 sends it in lower case.
    """

    def get_all(self) -> Iterator[tuple[str, str]]:
        for name, value in super().get_all():
            yield (name.lower() if name.startswith("X-Amz-Meta-") else name), value


class AwsHandler(AwsMixin):
    """The front of `clary serve`: signatures (and the bearer token) only."""


@lru_cache(maxsize=1)
def _shared_pool() -> ThreadPoolExecutor:
    # Not the event loop's default pool, which has few threads and is Jupyter's own.
    return ThreadPoolExecutor(16, "clary-api")
