"""What ProcessingInputs name, brought to their LocalPath."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.objects import Objects, ObjectsError
from clary.toolkits.processing.layout import Layout
from clary.toolkits.processing.pipes import Pipe
from clary.toolkits.training.channels import copy_file
from clary.toolkits.training.errors import JobFailure

Found = list[tuple[str, Path]]


def bring(
    request: Mapping[str, Any],
    layout: Layout,
    objects: Objects,
    host: str,
    hosts: Sequence[str],
    report: Callable[[str], None],
) -> list[Pipe]:
    """Make every input of the request readable on ``host``, one of ``hosts``; returns the inputs of mode Pipe, which are to be
    served once the program runs. ``report`` is told what is being fetched. Raises JobFailure."""
    pipes = []
    inputs = [one for one in request.get("ProcessingInputs") or () if not one.get("AppManaged")]
    # An input may lie in another's folder: the outer one comes first.
    for one in sorted(inputs, key=lambda one: str(layout.place(one["S3Input"]["LocalPath"]))):
        source = one["S3Input"]
        name, uri, place = one["InputName"], source["S3Uri"], layout.place(source["LocalPath"])
        found = _shard(_found(name, source, objects), source, host, hosts)
        report(f"Downloading input {name}: {len(found)} object(s) from {uri}")
        try:
            if source.get("S3InputMode") == "Pipe":
                unzip = source.get("S3CompressionType") == "Gzip"
                pipes.append(Pipe.prepared(name, place, [path for _, path in found], unzip=unzip))
            else:
                _copy(found, place)
        except OSError as error:
            raise JobFailure(_disk_text(name, error)) from error
    return pipes


def _found(name: str, source: Mapping[str, Any], objects: Objects) -> Found:
    """The input's objects as (name below LocalPath, file), in order."""
    uri = source["S3Uri"]
    try:
        found = manifest(uri, objects) if source["S3DataType"] == "ManifestFile" else objects.expand(uri)
    except (ObjectsError, ValueError) as error:
        raise JobFailure(f"ClientError: Failed to download data. Input {name!r}: {error}") from None
    # A key such as a//b leaves a relative name that is no path below the folder.
    return [
        (key, path) for key, path in found if key and not key.startswith("/") and ".." not in key.split("/")
    ]


def manifest(uri: str, objects: Objects) -> Found:
    """A ManifestFile: ``[{"prefix": "s3://bucket/x/"}, "relative/key", ...]``. Raises ValueError, ObjectsError."""
    try:
        lines = json.loads(objects.read_uri(uri))
    except ValueError as error:
        raise ValueError(f"the manifest {uri} is not JSON: {error}.") from None
    if not isinstance(lines, list) or not lines or not isinstance(lines[0], dict) or "prefix" not in lines[0]:
        raise ValueError(f'the manifest {uri} must be a JSON list that begins with {{"prefix": "s3://..."}}.')
    prefix = str(lines[0]["prefix"])
    found: Found = []
    for number, key in enumerate(lines[1:], 2):
        if not isinstance(key, str):
            raise ValueError(f"entry {number} of the manifest {uri} is {json.dumps(key)[:80]}, not a key.")
        location = objects.resolve(f"{prefix}{key}")
        if not location.path.is_file():
            raise ValueError(f"the manifest {uri} names {prefix}{key}, and there is no such object.")
        found.append((key, location.path))
    return found


def _shard(found: Found, source: Mapping[str, Any], host: str, hosts: Sequence[str]) -> Found:
    """The part of one host; those beyond the number of objects get none, as on SageMaker."""
    if source.get("S3DataDistributionType") != "ShardedByS3Key":
        return found
    return found[list(hosts).index(host) :: len(hosts)]


def _copy(found: Found, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name, source in found:
        destination = place / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        copy_file(source, destination)


def _disk_text(name: str, error: OSError) -> str:
    text = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text += ". Please free space on the disk that holds Clary's home, or use S3InputMode Pipe, which copies nothing"
    return f"ClientError: Failed to download data. Input {name!r}: {text}."
