"""The in-process door: every botocore client of this process is answered by the engine in this process.

A handler for botocore's ``before-send`` event hands the finished request to `Engine.handle` and its answer
back, in place of the network: the same bytes as over HTTP, with no port, no key and no server. Works for
boto3 and for the SageMaker SDKs, because it sits under both, in every session that is made after `attach`.
"""

from __future__ import annotations

import io
import sys
import threading
import uuid
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.session import Session

    from clary.api.http_types import Response

_SERVICES = {
    "sagemaker": "sagemaker",
    "sagemaker-runtime": "sagemaker-runtime",
    "s3": "s3",
    "sagemaker-metrics": "sagemaker-metrics",
    "cloudwatch-logs": "logs",
    "cloudwatch": "monitoring",
    "sts": "sts",
    "iam": "iam",
}
_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_HANDLER_ID = "clary-door"
# A client waits this long (seconds) between two looks at a job in process, where a look costs a millisecond.
_POLL_S = 0.5
_attached = False
_lock = threading.Lock()


def attach() -> None:
    """Open the door for every session made from now on, and for boto3's default session if there is one
    already.

    Cheap, and free of effect when the door is open; imports nothing of botocore but its empty front room.
    """
    global _attached
    import botocore

    with _lock:
        if not _attached:
            botocore.register_initializer(_initialize)
            _attached = True
    boto3: Any = sys.modules.get("boto3")
    if boto3 is not None and boto3.DEFAULT_SESSION is not None:
        _initialize(boto3.DEFAULT_SESSION._session)


def detach() -> None:
    """Close the door: sessions made from now on, and boto3's default session, go over the network as
    usual.
    """
    global _attached
    import botocore

    with _lock:
        if _attached:
            botocore.unregister_initializer(_initialize)
            _attached = False
    boto3: Any = sys.modules.get("boto3")
    if boto3 is not None:
        boto3.DEFAULT_SESSION = None


def _initialize(session: Session) -> None:
    """Called by botocore at the end of each session's making; what a user then sets explicitly still wins."""
    from clary.api.engine import Engine

    _forget_missing_profile(session)
    engine = Engine.shared()
    credentials = engine.credentials
    # Not checked in here, but addresses presigned in this process must hold over HTTP, too.
    session.set_credentials(credentials.access_key, credentials.secret_key)
    session.set_config_variable("region", engine.config.region)
    door: Any = _before_send
    session.register("before-send", door, unique_id=_HANDLER_ID)
    waiters: Any = _shorten_waiters
    session.register("creating-client-class.sagemaker", waiters, unique_id=f"{_HANDLER_ID}-waiters")


def _forget_missing_profile(session: Session) -> None:
    """AWS_PROFILE may name a profile that this machine does not have; nothing here needs one."""
    from botocore.configprovider import InstanceVarProvider
    from botocore.exceptions import ProfileNotFound

    try:
        session.get_scoped_config()
    except ProfileNotFound:
        # What is left is a profile given to the session itself: that one has to exist.
        provider = InstanceVarProvider("profile", session)
        session.get_component("config_store").set_config_provider("profile", provider)


def _before_send(request: AWSPreparedRequest, event_name: str = "", **others: Any) -> AWSResponse | None:
    """Answer `request`, or return None (so that botocore sends it) when it goes to an address that is not
    AWS's.
    """
    from botocore.awsrequest import AWSResponse

    from clary.api.engine import Engine
    from clary.api.http_types import Headers, Request

    url = urlsplit(request.url)
    if not (url.hostname or "").endswith(_AWS_HOSTS):
        return None  # an endpoint_url was given: whoever did that means it
    _event, service, operation = event_name.split(".", 2)
    if service not in _SERVICES:
        raise _refusal(service, operation)
    headers = Headers((name, _text(value)) for name, value in request.headers.items())
    if "host" not in headers:
        headers["Host"] = url.netloc
    answer = Engine.shared().handle(
        Request(
            request.method or "GET",
            url.path or "/",
            url.query,
            headers,
            _body(request.body),
            service=_SERVICES[service],
            request_id=str(uuid.uuid4()),
        ),
        authenticated=True,
    )
    return AWSResponse(request.url, answer.status, dict(answer.headers.items()), _Raw(answer))


def _refusal(service: str, operation: str) -> Exception:
    from botocore.exceptions import ClientError

    from clary.api.errors import service_not_offered

    error = service_not_offered(service)
    answer: Any = {"Error": {"Code": error.code, "Message": f"{error.message} Asked for: {operation}."}}
    refusal: Exception = ClientError(answer, operation)
    return refusal


def _body(body: Any) -> Any:
    from clary.api.http_types import SpooledFile

    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    if hasattr(body, "read"):
        return SpooledFile(body)
    return b"".join(body)


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


class _Raw(io.RawIOBase):
    """An answer's body as botocore expects urllib3's: a readable stream that also has `stream`."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        body = response.body
        self._chunks: Iterator[bytes] = iter((body,) if isinstance(body, bytes) else body)
        self._source: bytes | Iterable[bytes] = body
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = chunk
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    def read(self, size: int | None = -1) -> bytes:
        """`size` bytes, fewer only at the end: what urllib3 does, and what readers of a StreamingBody count
        on.
        """
        if size is None or size < 0:
            left, self._left = self._left, b""
            return b"".join((left, *self._chunks))
        parts, missing = [], size
        while missing:
            if not self._left:
                chunk = next(self._chunks, None)
                if chunk is None:
                    break
                self._left = chunk
            parts.append(self._left[:missing])
            self._left = self._left[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)

    def stream(self, amt: int | None = 65_536, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk

    def close(self) -> None:
        if not self.closed:
            close = getattr(self._source, "close", None)
            if close is not None:
                close()
        super().close()

    def release_conn(self) -> None:
        self.close()


def _shorten_waiters(base_classes: list[type], **_: Any) -> None:
    """SageMaker's waiters look every 15 to 120 seconds, which is for a service far away that counts
    requests.
    """
    base_classes.insert(0, _QuickWaiters)


class _QuickWaiters:
    def get_waiter(self, waiter_name: str) -> Any:
        waiter: Any = super().get_waiter(waiter_name)  # type: ignore[misc]
        config = waiter.config
        quick = min(config.delay, _POLL_S)
        # As long in all as before.
        config.max_attempts = int(config.max_attempts * config.delay / quick)
        config.delay = quick
        return waiter
