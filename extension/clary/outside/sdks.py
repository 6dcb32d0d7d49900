"""Variables for the SageMaker SDKs (2 and 3), which ask some things of hosts that they name themselves.

They call STS at ``https://sts.<region>.amazonaws.com`` whatever boto3's endpoint variables say (for the account in the default
bucket's name, and in `get_execution_role`), and report their use to a bucket of AWS's. So they get a configuration file of
theirs with the default bucket's name and without telemetry, and boto3 a plug-in that sends those calls to Clary, too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from clary.config import Config
from clary.home import Home, atomic_write

_CONFIGURATION = "SAGEMAKER_ADMIN_CONFIG_OVERRIDE"
_PLUGINS = "BOTOCORE_EXPERIMENTAL__PLUGINS"
_PLUGIN = "clary=clary_sts"
# Nothing else lies there, so it hides nothing of the user's.
_FOLDER = Path(__file__).parent / "path"
_TEXT = """# Written by Clary for the SageMaker Python SDK, which reads it before the user's own file.
SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: {bucket}
"""


def variables(home: Home, config: Config, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables to set beside those of boto3. ``environ``: where they will be set; what is there is kept and added to."""
    return {
        **_configuration(home, config, environ),
        "PYTHONPATH": _with(str(_FOLDER), environ.get("PYTHONPATH"), os.pathsep),
        _PLUGINS: _with(_PLUGIN, environ.get(_PLUGINS), ","),
    }


def _configuration(home: Home, config: Config, environ: Mapping[str, str]) -> dict[str, str]:
    own = home.root / "sagemaker-sdk.yaml"
    if environ.get(_CONFIGURATION, str(own)) != str(own):
        return {}  # an administrator's
    text = _TEXT.format(bucket=f"sagemaker-{config.region}-{config.account_id}").encode()
    if not own.exists() or own.read_bytes() != text:
        atomic_write(own, text)
    return {_CONFIGURATION: str(own)}


def _with(entry: str, value: str | None, separator: str) -> str:
    """The list ``value`` with ``entry`` as its last, once."""
    others = [one for one in (value or "").split(separator) if one and one != entry]
    return separator.join([*others, entry])
