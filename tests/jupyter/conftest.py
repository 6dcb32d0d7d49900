"""A Jupyter server in this process with Clary's extension, on the test's own home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403


@pytest.fixture(autouse=True)
def door() -> Iterator[None]:
    """The extension closes the in-process door; other tests of this process find it as it was."""
    from clary.api import transport

    was_open = transport._attached
    yield
    (transport.attach if was_open else transport.detach)()


@pytest.fixture
def jp_server_config(home_path: Path) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"clary.jupyter": True}},
        "ClaryExtension": {"home": str(home_path)},
    }


@pytest.fixture
def extension(jp_serverapp: Any) -> Any:
    """The linked ClaryExtension, not started."""
    return next(iter(jp_serverapp.extension_manager.extension_apps["clary.jupyter"]))


@pytest.fixture
def started(extension: Any, jp_serverapp: Any, jp_asyncio_loop: Any) -> Iterator[Any]:
    """The extension, started as in a running Jupyter server, and stopped afterwards."""

    async def start() -> None:
        await jp_serverapp.extension_manager.start_all_extensions()
        await extension.live._starting

    jp_asyncio_loop.run_until_complete(start())
    yield extension
    jp_asyncio_loop.run_until_complete(extension.stop_extension())


@pytest.fixture
def ask(jp_asyncio_loop: Any, jp_serverapp: Any, http_server_client: Any) -> Callable[..., Any]:
    """`ask(method, path, headers, body)`: a request as given, without a login, whatever the status."""

    def send(method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> Any:
        url = urljoin(jp_serverapp.base_url, path)
        request = http_server_client.fetch(
            url,
            method=method,
            headers=headers or {},
            body=body if body is not None or method in ("GET", "HEAD", "OPTIONS", "DELETE") else b"",
            allow_nonstandard_methods=True,
            raise_error=False,
            follow_redirects=False,
        )
        return jp_asyncio_loop.run_until_complete(request)

    return send


@pytest.fixture
def token(jp_serverapp: Any) -> dict[str, str]:
    """Headers of a request that is logged in by token."""
    return {"Authorization": f"token {jp_serverapp.identity_provider.token}"}
