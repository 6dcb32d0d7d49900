"""Where a proxy is set, boto3 would ask it for this machine's own address, which it cannot reach."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


def past(address: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables with which clients in ``environ`` go straight to the server at ``address``; none where they do anyway."""
    if not any(environ.get(name) for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")):
        return {}
    host = urlsplit(address).hostname or "127.0.0.1"
    known = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if host in (name.strip() for name in known.split(",")):
        return {}
    value = f"{known},{host}" if known else host
    return {"NO_PROXY": value, "no_proxy": value}
