"""The folders and configuration files of a processing job's ``/opt/ml`` (contracts section 8)."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = "/opt/ml/processing"
# Members of processingjobconfig.json that are there, as null, even when the request has nothing to say.
_ALWAYS = ("ProcessingInputs", "ProcessingOutputConfig", "Environment", "StoppingCondition", "NetworkConfig")
_CONFIG = (
    "ProcessingJobArn", "ProcessingJobName", "AppSpecification", *_ALWAYS, "ProcessingResources", "RoleArn", "ExperimentConfig",
)  # fmt: skip


def normal(local_path: str) -> str | None:
    """A LocalPath without ``.``, ``..`` and slashes too many; None unless it lies below ``/opt/ml/processing``."""
    path = posixpath.normpath(local_path)
    return path if path.startswith(f"{ROOT}/") and "\0" not in path else None


@dataclass(frozen=True)
class Layout:
    """Where things are below ``base``: ``/opt/ml`` as the script sees it, or the host's ``ml`` folder seen from outside."""

    base: Path

    @property
    def processing(self) -> Path:
        return self.base / "processing"

    @property
    def config(self) -> Path:
        return self.base / "config"

    @property
    def output(self) -> Path:
        return self.base / "output"

    @property
    def message(self) -> Path:
        """What the program wants to be known as ExitMessage."""
        return self.base / "output" / "message"

    def place(self, local_path: str) -> Path:
        """Where a LocalPath (see `normal`) is. Raises ValueError for one outside ``/opt/ml/processing``."""
        path = normal(local_path)
        if path is None:
            raise ValueError(f"{local_path!r} is not below {ROOT}.")
        return self.base / path.removeprefix("/opt/ml/")

    def make(self) -> None:
        """Create every folder that a program may count on."""
        for folder in (self.processing, self.config, self.output):
            folder.mkdir(parents=True, exist_ok=True)

    def write_config(self, request: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
        """Write processingjobconfig.json for a CreateProcessingJob request, and resourceconfig.json (``resources``)."""
        job = {member: request.get(member) for member in _CONFIG if member in request or member in _ALWAYS}
        for name, value in (("processingjobconfig.json", job), ("resourceconfig.json", resources)):
            (self.config / name).write_text(json.dumps(value), encoding="utf-8")
