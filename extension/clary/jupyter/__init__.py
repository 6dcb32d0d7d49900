"""Clary in the Jupyter server: the API under `<base_url>clary/aws/`, its changes on Jupyter's event bus."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Called by Jupyter server, once, when it looks for extensions."""
    from clary.api.transport import detach
    from clary.jupyter.extension import ClaryExtension

    # `import clary` opens the in-process door, but other extensions of this server have a boto3 of their own.
    detach()
    return [{"module": "clary.jupyter", "app": ClaryExtension}]
