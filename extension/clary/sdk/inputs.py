"""What a training job reads: channels, each a place and how it is brought to the job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.sdk import packing

Place = str | Path


@dataclass(frozen=True)
class Input:
    """One channel of a training job, where more than its place matters.

    ``source``: a local file or folder (copied into the default bucket), ``s3://...``, or ``file:///...`` (read in
    place). ``mode``: File, FastFile or Pipe; the job's own if None. ``distribution``: FullyReplicated, or
    ShardedByS3Key for several hosts. ``data_type``: S3Prefix, ManifestFile or AugmentedManifestFile.
    """

    source: Place
    mode: str | None = None
    distribution: str = "FullyReplicated"
    data_type: str = "S3Prefix"
    content_type: str | None = None

    def channel(self, name: str, address: str) -> dict[str, Any]:
        """The channel as CreateTrainingJob takes it; ``address`` is where the source is now."""
        data = {
            "S3DataType": self.data_type,
            "S3Uri": address,
            "S3DataDistributionType": self.distribution,
        }
        channel: dict[str, Any] = {"ChannelName": name, "DataSource": {"S3DataSource": data}}
        if self.mode:
            channel["InputMode"] = self.mode
        if self.content_type:
            channel["ContentType"] = self.content_type
        return channel


Inputs = Mapping[str, Input | Place] | Input | Place | None


def named(inputs: Inputs) -> dict[str, Input]:
    """Channels by name; one alone is the channel ``training``."""
    if inputs is None:
        return {}
    if not isinstance(inputs, Mapping):
        inputs = {"training": inputs}
    return {name: value if isinstance(value, Input) else Input(value) for name, value in inputs.items()}


def uploaded(inputs: Inputs, job: str) -> list[dict[str, Any]]:
    """InputDataConfig of a job; local files and folders are copied into the default bucket first."""
    return [
        one.channel(name, packing.upload_input(one.source, f"{job}/input/{name}"))
        for name, one in named(inputs).items()
    ]
