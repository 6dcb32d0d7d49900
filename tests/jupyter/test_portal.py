"""The annotators' portal inside a Jupyter server: open to secrets, closed to everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[..., Any]


@pytest.fixture
def anna(ask: Ask, token: dict[str, str]) -> dict[str, str]:
    """Headers of an annotator."""
    answer = ask("POST", "clary/workteams/default/members", token, b'{"name": "Anna"}')
    assert answer.code == 200, answer.body
    link = json.loads(answer.body)["link"]
    assert "/clary/portal/#" in link
    return {"X-Clary-Annotator": link.partition("#")[2]}


def test_the_portal_asks_for_the_secret_and_not_for_jupyters_login(ask: Ask, anna: dict[str, str]) -> None:
    assert ask("GET", "clary/portal/").code == 200
    assert ask("GET", "clary/portal/canvas/canvas.js").code == 200
    assert ask("GET", "clary/portal/me").code == 403
    assert json.loads(ask("GET", "clary/portal/me", anna).body) == {"name": "Anna", "jobs": []}
    # A page of another origin cannot send the header; there is no token to forge, and none is asked for.
    answer = ask("POST", "clary/portal/jobs/none/canvas", anna, b'{"method": "open"}')
    assert (answer.code, json.loads(answer.body)["error"]["code"]) == (404, "NotFound")


def test_the_pages_policy_is_the_portals_own(ask: Ask) -> None:
    policy = ask("GET", "clary/portal/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self' blob:" in policy
    assert "sandbox" not in policy


def test_jupyters_login_is_no_secret(ask: Ask, token: dict[str, str]) -> None:
    assert ask("GET", "clary/portal/me", token).code == 403


def test_a_secret_opens_nothing_of_jupyters(
    ask: Ask, anna: dict[str, str], jp_serverapp: Any, jp_base_url: str
) -> None:
    """Every route that the server has, with a path that leads to it: the answer is the one that strangers get."""
    secret = anna["X-Clary-Annotator"]
    paths = set()
    for rule in jp_serverapp.web_app.wildcard_router.rules:
        path = getattr(rule.matcher, "_path", None)
        if path is not None:
            paths.add(path.replace("%s", "x").removeprefix(jp_base_url).lstrip("/"))
    paths |= {
        "clary/environment",
        "clary/aws/",
        "clary/labeling-jobs/x/events",
        "api/contents",
        "api/kernels",
        "tree",
    }
    checked = 0
    for path in sorted(path for path in paths if not path.startswith("clary/portal")):
        stranger = ask("GET", path)
        for headers in (anna, {**anna, "Authorization": f"token {secret}"}):
            answer = ask("GET", path, headers)
            assert answer.code == stranger.code, path
            assert secret.encode() not in answer.body
        assert ask("GET", f"{path}?token={secret}").code == stranger.code, path
        checked += 1
    assert checked > 30
