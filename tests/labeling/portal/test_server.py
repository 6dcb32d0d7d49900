"""`clary portal`: the portal alone, for people outside of this machine."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.api import portal_address
from clary.api.engine import Engine
from clary.api.http_types import Request
from clary.api.presence import Presence


@pytest.fixture
def portal(home_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Starts `clary portal`; the process, and the first line that it prints."""
    started = []

    def start(*options: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "clary.cli", "portal", "--port", "0", *options],
            env={**os.environ, "CLARY_HOME": str(home_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_serves_the_portal_and_nothing_else(portal: Any, engine: Engine, job: Any) -> None:
    job()
    process, line = portal()
    url = line.split("with ")[1].split()[0]
    assert url.endswith("/clary/portal/")
    host = url.split("/")[2]

    def ask(method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(host, timeout=20)
        connection.request(method, path, None, headers)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    members = Request("POST", "/clary/workteams/default/members", service="clary", body=b'{"name": "Anna"}')
    invited = json.loads(engine.handle(members, authenticated=True).content())
    assert invited["link"].startswith(f"{url}#")
    assert invited["serving"] is True
    anna = {"X-Clary-Annotator": invited["link"].partition("#")[2]}
    assert ask("GET", "/clary/portal/", {})[0] == 200
    assert b"mood" in ask("GET", "/clary/portal/me", anna)[1]
    # Not even with Clary's own token.
    login = {"Authorization": f"Bearer {engine.credentials.token}"}
    for path in (
        "/",
        "/clary/environment",
        "/clary/workteams/default/members",
        "/clary/canvas/canvas.js",
        "/data",
    ):
        for headers in ({}, anna, login):
            assert ask("GET", path, headers)[0] == 403, path
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert portal_address.find(engine, Request("GET", "/"))[1] is False


def test_links_begin_with_the_address_that_the_owner_gives(portal: Any, engine: Engine) -> None:
    _, line = portal("--public-url", "https://label.example.org/x/")
    assert "https://label.example.org/x/clary/portal/" in line
    assert portal_address.find(engine, Request("GET", "/")) == (
        "https://label.example.org/x/clary/portal/",
        True,
    )
    team = engine.call("sagemaker", "DescribeWorkteam", {"WorkteamName": "default"})["Workteam"]
    assert team["SubDomain"] == "label.example.org/x/clary/portal"


def test_an_address_that_cannot_be_is_refused(portal: Any) -> None:
    process, line = portal("--public-url", "label.example.org")
    assert (line, process.wait(10)) == ("", 2)
    assert "is no http or https address" in process.stderr.read()


def test_links_lead_to_the_server_that_is_asked_or_to_any_other(engine: Engine, front: Any) -> None:
    asked = Request(
        "POST", "/x", headers={"Host": "lab.example.org", "X-Forwarded-Proto": "https"}, remote="10.0.0.9"
    )  # type: ignore[arg-type]
    assert portal_address.find(engine, asked) == ("https://lab.example.org/clary/portal/", True)
    asked.prefix = "/user/anna/clary/aws"
    assert portal_address.find(engine, asked) == ("https://lab.example.org/user/anna/clary/portal/", True)
    assert portal_address.find(engine, Request("POST", "/x")) == (f"{front.url}/clary/portal/", True)
    jupyter = Presence(engine.home, f"{front.url}/base/clary/aws")
    assert portal_address.find(engine, Request("POST", "/x")) == (f"{front.url}/base/clary/portal/", True)
    jupyter.leave()
    assert portal_address.reachable("http://127.0.0.1:80") == "http://127.0.0.1:80"
    assert "0.0.0.0" not in portal_address.reachable("http://0.0.0.0:80/a")
