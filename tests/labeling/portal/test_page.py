"""The portal's page and the canvas's modules: open to everybody, under a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any


def test_the_page_runs_its_own_scripts_and_no_others(front: Any) -> None:
    status, headers, body = front.ask("GET", "/clary/portal/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(one.split(" ", 1) for one in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert "blob:" in policy["img-src"]
    assert "'unsafe-inline'" not in policy["script-src"]
    for script in re.findall(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", body, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
        assert f"'sha256-{digest}'" in policy["script-src"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"


def test_the_address_without_its_last_slash_leads_to_the_page(front: Any) -> None:
    status, headers, _ = front.ask("GET", "/clary/portal")
    assert (status, headers["location"]) == (308, "portal/")


def test_modules_are_kept_and_asked_for_again(front: Any) -> None:
    for path, login in (("/clary/portal/canvas/canvas.js", {}), ("/clary/canvas/canvas.js", front.login)):
        status, headers, body = front.ask("GET", path, login)
        assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert b"export" in body
        again = front.ask("GET", path, {**login, "If-None-Match": headers["etag"]})
        assert (again[0], again[2]) == (304, b"")
        assert front.ask("GET", path.replace("canvas.js", "none.js"), login)[0] == 404
    assert front.ask("GET", "/clary/canvas/canvas.js")[0] == 403
