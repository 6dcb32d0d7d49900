"""The API engine: a library that any process may run, on one home."""

from __future__ import annotations

import errno
import logging
import os
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from clary import signing
from clary.api import auth, errors, registry
from clary.api.addressing import path_style, service_of
from clary.api.errors import ApiError
from clary.api.http_types import Request, Response
from clary.config import Config
from clary.home import Home

if TYPE_CHECKING:
    from clary.objects import Objects
    from clary.runner import Runner
    from clary.serving import Endpoints
    from clary.store import Store

log = logging.getLogger("clary.api")
_T = TypeVar("_T")


class Engine:
    """Answers the SageMaker API and its neighbours on one home. Thread-safe; cheap to make, parts are made on
    first use.
    """

    def __init__(self, home: Home | None = None) -> None:
        self.home = home or Home.locate()
        self._lock = threading.RLock()
        self._parts: dict[str, Any] = {}

    @classmethod
    def shared(cls) -> Engine:
        """The engine that all of this process shares; another one after a fork, or when CLARY_HOME has
        changed.
        """
        key = (os.getpid(), os.environ.get("CLARY_HOME", ""))
        engine = _shared.get(key)
        if engine is None:
            with _shared_lock:
                engine = _shared.get(key) or _shared.setdefault(key, cls())
        return engine

    @property
    def config(self) -> Config:
        return self._part("config", lambda: Config.load(self.home))

    @property
    def credentials(self) -> signing.Credentials:
        return self._part("credentials", lambda: signing.load_or_mint(self.home))

    @property
    def store(self) -> Store:
        from clary.store import Store

        return self._part("store", lambda: Store(self.home))

    @property
    def objects(self) -> Objects:
        from clary.objects import Objects

        return self._part("objects", lambda: Objects(self.home))

    @property
    def runner(self) -> Runner:
        from clary.runner import Runner

        return self._part("runner", lambda: Runner(self.home, self.config, self.store))

    @property
    def endpoints(self) -> Endpoints:
        from clary.serving import Endpoints

        return self._part("endpoints", lambda: Endpoints(self.home, self.config, self.store, self.runner))

    def _part(self, name: str, make: Callable[[], _T]) -> _T:
        part: _T | None = self._parts.get(name)
        if part is None:
            with self._lock:
                part = self._parts.get(name)
                if part is None:
                    part = self._parts[name] = make()
        return part

    def call(self, service: str, operation: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run one operation of a JSON service (sagemaker, sagemaker-runtime, logs) as a function call.

        Checks `params` and the result against botocore's model. Timestamps may be datetimes or epoch seconds,
        and come back as aware datetimes. Raises ApiError.
        """
        from clary.api.wire import wire_for

        wire = wire_for(service)
        function = registry.find(service, operation)
        if function is None:
            raise errors.not_offered(service, operation)
        checked = wire.check(operation, dict(params or {}))
        return wire.to_python(operation, function(self, checked) or {})

    def handle(self, request: Request, authenticated: bool = False) -> Response:
        """Answer a request as AWS would. Never raises: every fault becomes a response.

        `authenticated` is True where the front has already made sure who asks (in process, Jupyter's login).
        """
        request.request_id = request.request_id or str(uuid.uuid4())
        service = ""
        try:
            service = service_of(request)
            # The annotators' portal knows one login alone, the secret of a link, and looks at it itself.
            if not authenticated and service != "portal":
                auth.check(request, service, self.credentials)
            response = self._answer(service, request)
        except Exception as error:
            response = self._failure(service, request, error)
        if request.method == "HEAD":
            if not isinstance(response.body, bytes) and hasattr(response.body, "close"):
                response.body.close()
            response.body = b""
        return response

    def authorize(self, request: Request) -> Response | None:
        """Judge a request by its head alone, before its body comes; a Response refuses it."""
        request.request_id = request.request_id or str(uuid.uuid4())
        service = ""
        try:
            service = service_of(request)
            if service == "portal":
                from clary.api import portal

                portal.bearer(self, request)
            elif service == "s3" or auth.states_digest(request) or "authorization" not in request.headers:
                auth.check(request, service, self.credentials, body_known=False)
        except Exception as error:
            return self._failure(service, request, error)
        return None

    def refusal(self, request: Request, error: Exception) -> Response:
        """The response that refuses a request, in the protocol of the service it is for."""
        request.request_id = request.request_id or str(uuid.uuid4())
        try:
            service = service_of(request)
        except ApiError:
            service = ""
        return self._failure(service, request, error)

    def _answer(self, service: str, request: Request) -> Response:
        handler = registry.service_handler(service)
        if handler is not None:
            if service == "s3":
                path_style(request)
            return handler(self, request)
        from clary.api.wire import wire_for

        wire = wire_for(service)
        name = wire.operation_of(request)
        function = registry.find(service, name)
        if function is None:
            raise errors.not_offered(service, name)
        if service == "sagemaker-runtime" and len(request.content()) > self.config.max_body_mb * 2**20:
            raise errors.too_large(self.config.max_body_mb * 2**20)
        params = wire.parse(name, request)
        return wire.serialize(name, function(self, params) or {}, request.request_id)

    def _failure(self, service: str, request: Request, error: Exception) -> Response:
        known = _known(error)
        if known is None:
            log.error(
                "Request %s (%s %s) failed", request.request_id, service or "?", request.path, exc_info=error
            )
            known = errors.internal(
                f"Clary failed: {type(error).__name__}: {error} (request {request.request_id})"
            )
        if service == "portal":
            from clary.api import portal

            return portal.failure(request, known)
        service = service or _guessed_protocol(request)
        if service == "s3" and known.code == "ResourceLimitExceeded":
            # The one word S3's clients know for a full disk; with 507 because they would repeat 500 and 503.
            known = ApiError("InternalError", known.message, 507)
        if service == "monitoring":
            from clary.api import cloudwatch_wire

            return cloudwatch_wire.failure(request, known)
        if service in ("sagemaker", "sagemaker-runtime", "sagemaker-metrics", "logs") and known.status < 500:
            from clary.api.wire import wire_for

            known.status = wire_for(service).status_of(known)
        return errors.render(service, known, request.request_id, request.path)


_shared: dict[tuple[int, str], Engine] = {}
_shared_lock = threading.Lock()


def _known(error: Exception) -> ApiError | None:
    """The error to tell the caller, when it is not Clary's fault."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return errors.limit_exceeded(
            "No space is left on the disk that holds Clary's home. Free some and try again."
        )
    from clary.objects.errors import NoSpace, ObjectsError

    if isinstance(error, NoSpace):
        return errors.limit_exceeded(str(error))
    if isinstance(error, ObjectsError):
        return errors.validation(str(error))
    return None


def _guessed_protocol(request: Request) -> str:
    """Which protocol the caller of an unknown service most likely speaks."""
    if "x-amz-target" in request.headers:
        return "sagemaker"
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        return "sts"
    return "sagemaker-runtime" if "json" in request.headers.get("content-type", "") else "s3"
