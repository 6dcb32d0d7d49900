"""Clary in a Jupyter server that lets nobody in anywhere without a login (`allow_unauthenticated_access=False`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LIST = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.ListModels"}


@pytest.fixture
def jp_server_config(home_path: Path) -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"clary.jupyter": True},
            "allow_unauthenticated_access": False,
        },
        "ClaryExtension": {"home": str(home_path)},
    }


def test_the_api_answers_who_is_logged_in(ask: Callable[..., Any], token: dict[str, str]) -> None:
    assert ask("POST", "clary/aws/", {**LIST, **token}, b"{}").code == 200


def test_the_api_refuses_who_is_not(ask: Callable[..., Any]) -> None:
    assert ask("POST", "clary/aws/", LIST, b"{}").code == 403
    assert ask("GET", "clary/doctor").code == 403


def test_the_annotators_portal_has_a_login_of_its_own(ask: Callable[..., Any]) -> None:
    assert ask("GET", "clary/portal/").code == 200
    assert ask("GET", "clary/portal/me").code == 403


def test_clarys_own_keys_still_open_it(ask: Callable[..., Any], extension: Any) -> None:
    bearer = {"Authorization": f"Bearer {extension.engine.credentials.token}"}
    assert ask("GET", "clary/doctor", bearer).code == 200
