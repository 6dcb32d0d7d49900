"""Who answers what: operations by name, whole services by handler.

An operation is a function ``f(engine, params) -> dict`` under the decorator `operation`; every module of
`clary.api.operations` is imported when sagemaker or sagemaker-runtime is first asked for something, so that a
new family of operations is one new file there. A service that speaks a protocol of its own is a handler
``handle(engine, request) -> Response``, given as "module:function" and imported on first use.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from clary.api.engine import Engine
    from clary.api.http_types import Request, Response

Operation = Callable[["Engine", dict[str, Any]], "dict[str, Any] | None"]
Handler = Callable[["Engine", "Request"], "Response"]
_F = TypeVar("_F", bound=Operation)

_operations: dict[tuple[str, str], Operation] = {}
_services: dict[str, str | Handler] = {
    "s3": "clary.api.s3:handle",
    "sts": "clary.api.sts:handle",
    "iam": "clary.api.iam:handle",
    "monitoring": "clary.api.cloudwatch_wire:handle",
    "clary": "clary.api.extras:handle",
    "portal": "clary.api.portal:handle",
}
_MODULES: dict[str, tuple[str, ...]] = {
    "sagemaker": ("clary.api.operations",),
    "sagemaker-runtime": ("clary.api.operations",),
    "logs": ("clary.api.logs",),
    "cloudwatch": ("clary.api.cloudwatch", "clary.api.cloudwatch_list", "clary.api.cloudwatch_put"),
    "sagemaker-metrics": ("clary.api.metrics",),
}
_loaded: set[str] = set()
_lock = threading.RLock()


def operation(service: str, name: str) -> Callable[[_F], _F]:
    """Register a function as `name` (AWS's spelling, "CreateModel") of `service` ("sagemaker").

    It receives the engine and the checked parameters (timestamps are aware datetimes, absent members are
    absent), and returns the output's members (timestamps as datetimes or epoch seconds, None counts as
    absent). It may raise `errors.ApiError`; anything else it raises is answered as InternalFailure.
    """

    def register(function: _F) -> _F:
        _operations[service, name] = function
        return function

    return register


def find(service: str, name: str) -> Operation | None:
    """The function that answers an operation, or None when Clary does not offer it."""
    if service not in _loaded:
        _load(service)
    return _operations.get((service, name))


def offered(service: str) -> list[str]:
    """The names of the operations that Clary offers of a service, sorted."""
    find(service, "")
    return sorted(name for known, name in _operations if known == service)


def services() -> set[str]:
    """All services that Clary answers for."""
    return {*_MODULES, *_services}


def register_service(name: str, handler: str | Handler) -> None:
    """Let `handler` ("module:function", or the function) answer every request to the service `name`."""
    _services[name] = handler


def service_handler(name: str) -> Handler | None:
    """The handler of a service that owns its whole handling, or None."""
    handler = _services.get(name)
    if isinstance(handler, str):
        module, _, attribute = handler.partition(":")
        found: Any = getattr(importlib.import_module(module), attribute)
        handler = found if callable(found) else found.handle
        _services[name] = handler
    return handler


def _load(service: str) -> None:
    with _lock:
        for name in _MODULES.get(service, ()):
            module = importlib.import_module(name)
            for entry in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
                importlib.import_module(entry.name)
        _loaded.add(service)
