"""A home that cannot be used takes Clary out of the Jupyter server, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "file").write_text("not a folder")
    return {
        "ServerApp": {"jpserver_extensions": {"clary.jupyter": True}},
        "ClaryExtension": {"home": str(tmp_path / "file" / "home")},
    }


def test_the_server_goes_on_without_clary(
    extension: Any, jp_serverapp: Any, jp_asyncio_loop: Any, ask: Callable[..., Any], token: dict[str, str]
) -> None:
    assert ask("GET", "api/status", token).code == 200
    assert ask("GET", "clary/doctor", token).code == 404
    run = jp_asyncio_loop.run_until_complete
    run(extension._start_jupyter_server_extension(jp_serverapp))
    run(extension.stop_extension())
