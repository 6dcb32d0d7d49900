"""The folders and configuration files of ``/opt/ml`` (contracts section 1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.toolkits.training.cluster import channel_hosts


@dataclass(frozen=True)
class Layout:
    """Where things are below ``base``: ``/opt/ml`` as the script sees it, or the attempt's ``ml`` folder seen from outside."""

    base: Path

    @property
    def code(self) -> Path:
        return self.base / "code"

    @property
    def model(self) -> Path:
        return self.base / "model"

    @property
    def input(self) -> Path:
        return self.base / "input"

    @property
    def config(self) -> Path:
        return self.base / "input" / "config"

    @property
    def data(self) -> Path:
        return self.base / "input" / "data"

    @property
    def output(self) -> Path:
        return self.base / "output"

    @property
    def output_data(self) -> Path:
        return self.base / "output" / "data"

    @property
    def intermediate(self) -> Path:
        return self.base / "output" / "intermediate"

    @property
    def failure(self) -> Path:
        return self.base / "output" / "failure"

    @property
    def success(self) -> Path:
        return self.base / "output" / "success"

    @property
    def checkpoints(self) -> Path:
        return self.base / "checkpoints"

    def channel(self, name: str) -> Path:
        """The folder of one input channel."""
        return self.data / name

    def make(self) -> None:
        """Create every folder that a script may count on."""
        for folder in (self.code, self.model, self.config, self.data, self.output_data, self.intermediate):
            folder.mkdir(parents=True, exist_ok=True)

    def write_config(self, request: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
        """Write hyperparameters.json, inputdataconfig.json and resourceconfig.json (``resources``) for a CreateTrainingJob
        request."""
        self._write("hyperparameters.json", request.get("HyperParameters") or {})
        self._write("inputdataconfig.json", input_data_config(request, resources))
        self._write("resourceconfig.json", resources)

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        (self.config / name).write_text(json.dumps(value), encoding="utf-8")


def input_data_config(request: Mapping[str, Any], resources: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What inputdataconfig.json says of each channel that reaches this host, of which resourceconfig.json says ``resources``.
    FastFile is File there: programs need not know."""
    algorithm_mode = (request.get("AlgorithmSpecification") or {}).get("TrainingInputMode") or "File"
    config: dict[str, dict[str, str]] = {}
    for channel in request.get("InputDataConfig") or ():
        if resources["current_host"] not in channel_hosts(channel, resources):
            continue
        source = (channel.get("DataSource") or {}).get("S3DataSource") or {}
        mode = channel.get("InputMode") or algorithm_mode
        entry = {
            "TrainingInputMode": "File" if mode == "FastFile" else mode,
            "S3DistributionType": source.get("S3DataDistributionType") or "FullyReplicated",
            "RecordWrapperType": channel.get("RecordWrapperType") or "None",
        }
        if channel.get("ContentType"):
            entry["ContentType"] = channel["ContentType"]
        config[channel["ChannelName"]] = entry
    return config
