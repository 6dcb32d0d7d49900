"""The portal's page and the canvas's modules, with the headers that keep them to themselves."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from clary import labeling
from clary.api.errors import ApiError
from clary.api.http_types import Headers, Request, Response
from clary.labeling import canvas

_MODULE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\.js")
_INLINE = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_COMMON = {
    "X-Content-Type-Options": "nosniff",
    # The link's secret stands behind the #, which no browser sends; nor may the rest of the address get out.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def page(request: Request) -> Response:
    """The page of the annotators. It holds no data: what it shows it asks for, with the secret of its address."""
    content, policy = _page()
    headers = {
        **_COMMON,
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(content)),
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "x-amzn-RequestId": request.request_id,
    }
    return Response(200, Headers(headers), content)


def module(request: Request, name: str) -> Response:
    """One of the canvas's ES modules; ``bundle.js`` is all of them as one, for hosts that have no addresses (notebooks)."""
    path = _folder() / name
    if name == "bundle.js":
        content = canvas.bundled().encode()
    elif _MODULE.fullmatch(name) and path.is_file():
        content = path.read_bytes()
    else:
        raise ApiError("ResourceNotFound", f"The canvas has no module {name!r}.", 404)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        **_COMMON,
        "Content-Type": "text/javascript; charset=utf-8",
        # Kept, and asked for again each time: modules of two versions must not meet in one page.
        "Cache-Control": "no-cache",
        "ETag": tag,
        "x-amzn-RequestId": request.request_id,
    }
    if request.headers.get("if-none-match", "").removeprefix("W/") == tag:
        return Response(304, Headers(headers))
    return Response(200, Headers({**headers, "Content-Length": str(len(content))}), content)


@lru_cache(maxsize=1)
def _page() -> tuple[bytes, str]:
    """The page, and the policy under which it runs: its own scripts and the canvas's, and nothing from anywhere else."""
    content = (_folder() / "portal.html").read_bytes()
    own = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in _INLINE.findall(content)
    )
    directives = (
        "default-src 'none'",
        f"script-src 'self' blob: {own}".rstrip(),
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return content, "; ".join(directives)


def _folder() -> Path:
    return Path(labeling.__file__).parent / "canvas"
