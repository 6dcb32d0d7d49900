"""The variables with which boto3 in another shell, container or environment reaches the running server."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Mapping

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
    from clary.outside import proxies, sdks

    located = Home.locate(home)
    address = running(located)
    if address is None:
        raise NoServer(
            f"No Clary server is running for the home {located.root}. Start one with `clary serve`, "
            "or name another home with CLARY_HOME."
        )
    return {
        **environment(Engine(located), address),
        **proxies.past(address, os.environ),
        **sdks.variables(located, Config.load(located), os.environ),
    }


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
