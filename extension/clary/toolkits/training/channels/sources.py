"""From an S3DataSource to the objects that it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.objects import Objects
from clary.toolkits.training.channels import manifests

Found = list[tuple[str, Path]]
"""Objects as (name below the channel's folder, file), in the order of their keys or of the manifest."""


@dataclass(frozen=True)
class Source:
    """Where data comes from. ``kind``: S3Prefix, ManifestFile or AugmentedManifestFile; ``attributes``: of the latter, in the
    order in which they are passed on."""

    uri: str
    kind: str = "S3Prefix"
    sharded: bool = False
    attributes: tuple[str, ...] = ()

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Source:
        """From an S3DataSource, or the S3Input of a processing job."""
        return cls(
            said["S3Uri"],
            said.get("S3DataType") or "S3Prefix",
            said.get("S3DataDistributionType") == "ShardedByS3Key",
            tuple(said.get("AttributeNames") or ()),
        )


def find(source: Source, objects: Objects) -> Found:
    """The objects of an S3Prefix or a ManifestFile. Raises DataError, ObjectsError."""
    if source.kind == "ManifestFile":
        return [(entry.name, entry.path) for entry in manifests.objects_of(source.uri, objects) if entry.name]
    return [(name, path) for name, path in objects.expand(source.uri) if _safe(name)]


def _safe(name: str) -> bool:
    """Whether a name is a path below a folder; no key that a bucket can hold leads to any other."""
    return bool(name) and not name.startswith("/") and ".." not in name.split("/")
