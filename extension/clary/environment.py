"""The variables with which boto3 in another shell, container or environment reaches the running server."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

# What a user may have set for the cloud, and what would send a request, or sign it, for somewhere else.
UNSET = (
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL_SAGEMAKER",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SAGEMAKER_METRICS",
    "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
    "AWS_ENDPOINT_URL_CLOUDWATCH",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)


class NoServer(Exception):
    """No server answers for this home."""


def variables(home: str | None = None) -> dict[str, str]:
    """Addresses, keys and region. Raises NoServer, with what to do, when none is running for the home."""
    from clary.api.engine import Engine
    from clary.api.extras import environment
    from clary.api.presence import running
    from clary.config import Config
    from clary.home import Home
    from clary.outside import sdks

    located = Home.locate(home)
    address = running(located)
    if address is None:
        raise NoServer(
            f"No Clary server is running for the home {located.root}. Start one with `clary serve`, "
            "or name another home with CLARY_HOME."
        )
    return {
        **environment(Engine(located), address),
        **_past_the_proxy(address, os.environ),
        **sdks.variables(located, Config.load(located), os.environ),
    }


def _past_the_proxy(address: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Where a proxy is set, boto3 would ask it for this machine's own address, which it cannot reach."""
    if not any(environ.get(name) for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")):
        return {}
    host = urlsplit(address).hostname or "127.0.0.1"
    known = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if host in (name.strip() for name in known.split(",")):
        return {}
    value = f"{known},{host}" if known else host
    return {"NO_PROXY": value, "no_proxy": value}


def shell(values: Mapping[str, str]) -> str:
    """For sh, bash and zsh: ``eval "$(clary env)"``."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([*lines, f"unset {' '.join(UNSET)}"])


def powershell(values: Mapping[str, str]) -> str:
    """For PowerShell: ``clary env --format powershell | Out-String | Invoke-Expression``."""
    lines = [f"$Env:{name} = '{_doubled(value)}'" for name, value in values.items()]
    return "\n".join([*lines, *(f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in UNSET)])


def _doubled(value: str) -> str:
    # PowerShell takes the typographic quotes for quotes, too.
    for quote in "'\u2018\u2019\u201a\u201b":
        value = value.replace(quote, quote * 2)
    return value


def as_json(values: Mapping[str, str]) -> str:
    """For programs: one object, name to value."""
    return json.dumps(values, indent=2)


# For `eval "$(clary env)"` when there is nothing to export: without it eval succeeds, and the cloud's settings stay in use.
FAILURE: Mapping[str, str] = {"shell": "false"}

FORMATS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "shell": shell,
    "powershell": powershell,
    "json": as_json,
}
