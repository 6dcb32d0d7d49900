"""Endpoints: a process per generation that holds the sockets and the models, workers for user code, and one router."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clary.serving.endpoints import EndpointError, Endpoints

__all__ = ["EndpointError", "Endpoints"]


def __getattr__(name: str) -> Any:
    """Imported when asked for: an endpoint process needs none of it."""
    if name in __all__:
        from clary.serving import endpoints

        return getattr(endpoints, name)
    raise AttributeError(f"module 'clary.serving' has no attribute {name!r}")
