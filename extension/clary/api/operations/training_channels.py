"""What CreateTrainingJob accepts as InputDataConfig: checked before the job exists, so that a slip costs no run."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.api.errors import validation
from clary.api.operations.resources import refuse
from clary.objects import Objects, ObjectsError
from clary.toolkits.training import cluster
from clary.toolkits.training.channels.augmented import AugmentedManifest
from clary.toolkits.training.channels.errors import DataError, nothing_found
from clary.toolkits.training.channels.manifests import objects_of
from clary.toolkits.training.channels.sharing import Share
from clary.toolkits.training.channels.sources import Source

if TYPE_CHECKING:
    from clary.api.engine import Engine

# As much of a manifest as is looked at in a moment; the job looks at the rest.
_ENTRIES = 10_000
_BYTES = 32 << 20
_REFUSED_IN_S3 = {"HubAccessConfig": "Name the files with an s3:// or file:// URI."}
_UNCHANGING = ("File", "FastFile")


def check_channels(engine: Engine, request: dict[str, Any]) -> None:
    """Raise the ValidationException for the first channel of a CreateTrainingJob request that cannot be brought to the job."""
    channels = request.get("InputDataConfig", [])
    names = [channel["ChannelName"] for channel in channels]
    if len(set(names)) < len(names):
        raise validation(f"Channel names must be unique in InputDataConfig: {', '.join(names)}.")
    resources = {"instance_groups": cluster.groups(request)}
    for channel in channels:
        mode = channel.get("InputMode", request["AlgorithmSpecification"]["TrainingInputMode"])
        said = _s3_source(channel)
        _check_settings(channel, said, mode)
        _check_groups(channel, said, resources)
        hosts = cluster.channel_hosts(channel, resources)
        _check_data(engine, channel["ChannelName"], Source.of(said), len(hosts))


def _s3_source(channel: dict[str, Any]) -> dict[str, Any]:
    name, source = channel["ChannelName"], channel["DataSource"]
    if name in (".", ".."):
        raise validation(
            f'A channel cannot be named "{name}": its folder would not be below /opt/ml/input/data.'
        )
    if len(source) != 1:
        raise validation(
            f"Channel {name} must have exactly one data source in DataSource, and has {len(source)}."
        )
    if "FileSystemDataSource" in source:
        path = source["FileSystemDataSource"]["DirectoryPath"]
        raise refuse(
            f"FileSystemDataSource (channel {name})",
            f"Use an S3DataSource with a folder of this machine as S3Uri, such as file://{path}.",
        )
    if "S3DataSource" not in source:
        raise refuse(f"{next(iter(source))} (channel {name})", "Name the files with an s3:// or file:// URI.")
    said: dict[str, Any] = source["S3DataSource"]
    for member, instead in _REFUSED_IN_S3.items():
        if member in said:
            raise refuse(f"S3DataSource.{member} (channel {name})", instead)
    return said


def _check_settings(channel: dict[str, Any], said: dict[str, Any], mode: str) -> None:
    name, kind = channel["ChannelName"], said["S3DataType"]
    if kind not in ("S3Prefix", "ManifestFile", "AugmentedManifestFile"):
        raise refuse(f"S3DataType {kind} (channel {name})", "Use S3Prefix.")
    if mode in _UNCHANGING:
        if channel.get("CompressionType", "None") != "None":
            raise validation(
                f"Invalid compression type for channel {name}: {mode} mode only supports NONE, got"
                f" {channel['CompressionType']} instead"
            )
        if channel.get("RecordWrapperType", "None") != "None":
            raise validation(
                f"Invalid record wrapper type for channel {name}: {mode} mode only supports NONE, got"
                f" {channel['RecordWrapperType']} instead"
            )
        if kind == "AugmentedManifestFile":
            raise validation(
                f"Invalid S3 data type for channel {name}: AugmentedManifestFile can only be used if the channel's input mode"
                f" is Pipe, got {mode} instead"
            )
    attributes = said.get("AttributeNames")
    if kind == "AugmentedManifestFile" and not attributes:
        raise validation(f"AttributeNames is required for S3DataType AugmentedManifestFile (channel {name}).")
    if kind != "AugmentedManifestFile" and attributes:
        raise validation(
            f"AttributeNames is only allowed for S3DataType AugmentedManifestFile, got {kind} (channel {name})."
        )


def _check_groups(channel: dict[str, Any], said: dict[str, Any], resources: dict[str, Any]) -> None:
    known = {group["instance_group_name"] for group in resources["instance_groups"]}
    for group in said.get("InstanceGroupNames", []):
        if group not in known:
            raise validation(
                f"Channel {channel['ChannelName']} names the instance group {group} in InstanceGroupNames, and"
                " ResourceConfig.InstanceGroups has no such group."
            )


def _check_data(engine: Engine, name: str, source: Source, hosts: int) -> None:
    try:
        found = _count(engine, source, hosts)
        if found and source.sharded:
            Share(0, hosts).check(found, source.uri)
    except ObjectsError as error:
        raise validation(
            f'The S3 URL "{source.uri}" given in input data source (channel {name}) cannot be used: {error}'
        ) from None
    except DataError as error:
        raise validation(f"{error} (channel {name})") from None
    if not found:
        raise validation(f"{nothing_found(source.uri, engine.config.region)} (channel {name})")


def _count(engine: Engine, source: Source, enough: int) -> int:
    """How many objects or lines there are: not more than ``enough`` of a prefix are counted."""
    if source.kind == "ManifestFile":
        return sum(1 for _ in objects_of(source.uri, engine.objects, _ENTRIES))
    if source.kind == "AugmentedManifestFile":
        manifest = AugmentedManifest(source.uri, source.attributes, engine.objects)
        try:
            return sum(1 for _ in manifest.lines(_ENTRIES, _BYTES))
        finally:
            manifest.close()
    return _objects_under(engine.objects, source.uri, enough if source.sharded else 1)


def _objects_under(objects: Objects, uri: str, enough: int) -> int:
    location = objects.resolve(uri)
    found: Iterator[object]
    if location.kind == "file":
        files = (Path(top, name) for top, _, names in os.walk(location.path) for name in names)
        found = (path for path in itertools.chain([location.path], files) if path.is_file())
    else:
        found = (one for one in objects.walk(location.bucket, location.key) if one.status is not None)
    return sum(1 for _ in itertools.islice(found, enough))
