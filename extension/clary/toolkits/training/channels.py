"""Input channels: what InputDataConfig names, brought to ``/opt/ml/input/data/<channel>`` (contracts section 1)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clary.objects import Objects, ObjectsError
from clary.runner.isolation import Isolation
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.layout import Layout

_FICLONE = 0x40049409  # ioctl of Linux: share the blocks of another file until one of the two is written
Found = list[tuple[str, Path]]


def bring(
    request: Mapping[str, Any],
    layout: Layout,
    objects: Objects,
    isolation: Isolation,
    region: str,
    report: Callable[[str], None],
) -> None:
    """Make every channel of the request readable below ``layout.data``.

    File mode copies (as a reflink where the file system has them); FastFile mode shows the objects themselves,
    read-only. ``report`` is told what is being fetched. Raises JobFailure with AWS's words.
    """
    algorithm_mode = (request.get("AlgorithmSpecification") or {}).get("TrainingInputMode") or "File"
    for channel in request.get("InputDataConfig") or ():
        name = channel["ChannelName"]
        mode = channel.get("InputMode") or algorithm_mode
        if mode not in ("File", "FastFile"):
            raise JobFailure(
                f"ClientError: Channel {name!r} asks for input mode {mode}, which is not offered. Use File or FastFile."
            )
        uri, found = _found(channel, objects, region)
        report(f"Downloading channel {name}: {len(found)} object(s) from {uri}")
        target = layout.channel(name)
        target.mkdir(parents=True, exist_ok=True)
        try:
            if mode == "File":
                _copy(found, target)
            else:
                _show(found, target, uri, objects, isolation)
        except OSError as error:
            raise JobFailure(_disk_text(name, error)) from error


def _disk_text(channel: str, error: OSError) -> str:
    text = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text += ". Please free space on the disk that holds Clary's home, or use FastFile mode, which copies nothing"
    return f"ClientError: Data download failed: {text} (channel {channel!r})."


def _found(channel: Mapping[str, Any], objects: Objects, region: str) -> tuple[str, Found]:
    """The channel's URI, and its objects as (name below the channel's folder, file), in order."""
    source = (channel.get("DataSource") or {}).get("S3DataSource")
    if not source:
        raise JobFailure(
            f"ClientError: Data download failed: Channel {channel['ChannelName']!r} has no S3DataSource, the only source offered."
        )
    uri, kind = source["S3Uri"], source.get("S3DataType") or "S3Prefix"
    try:
        if kind == "S3Prefix":
            found = objects.expand(uri)
        elif kind == "ManifestFile":
            found = _manifest(uri, objects)
        else:
            raise JobFailure(
                f"ClientError: Data download failed: S3DataType {kind} works with Pipe mode only, which is not offered."
            )
    except (ObjectsError, ValueError) as error:
        raise JobFailure(_missing_text(uri, region, error)) from None
    return uri, [(name, path) for name, path in found if _safe(name)]


def _missing_text(uri: str, region: str, error: Exception) -> str:
    code = getattr(error, "code", "")
    if code in ("NoSuchBucket", "NoSuchKey"):
        bucket = uri.removeprefix("s3://").partition("/")[0]
        detail = (
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists in the'
            f' selected region ({region}), that objects exist under that S3 prefix, and that the role has "s3:ListBucket"'
            f' permissions on bucket "{bucket}".'
        )
        if code == "NoSuchBucket":
            detail += f" ({error})"
    else:
        detail = str(error)
    return f"ClientError: Data download failed: {detail}"


def _safe(name: str) -> bool:
    """A key such as ``a//b`` may leave a relative name that is no path below the folder; such objects are not shown."""
    return bool(name) and not name.startswith("/") and ".." not in name.split("/")


def _manifest(uri: str, objects: Objects) -> Found:
    """A ManifestFile: ``[{"prefix": "s3://bucket/x/"}, "relative/key", ...]``."""
    lines = json.loads(objects.read_uri(uri))
    if not isinstance(lines, list) or not lines or not isinstance(lines[0], dict) or "prefix" not in lines[0]:
        raise ValueError(f'the manifest {uri} must be a JSON list that begins with {{"prefix": "s3://..."}}')
    prefix = str(lines[0]["prefix"])
    found: Found = []
    for key in lines[1:]:
        location = objects.resolve(f"{prefix}{key}")
        if not location.path.is_file():
            raise ValueError(f"the manifest {uri} names {prefix}{key}, and there is no such object")
        found.append((str(key), location.path))
    return found


def _copy(found: Found, target: Path) -> None:
    for name, source in found:
        destination = target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        copy_file(source, destination)


def copy_file(source: Path, destination: Path) -> None:
    """Copy bytes and times; shares the blocks where the file system can (btrfs, xfs), so that large data costs nothing."""
    with open(source, "rb") as reader, open(destination, "wb") as writer:
        shared = False
        with contextlib.suppress(OSError):
            fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
            shared = True
        if not shared:
            shutil.copyfileobj(reader, writer, 4 << 20)
    status = source.stat()
    os.utime(destination, ns=(status.st_atime_ns, status.st_mtime_ns))


def _show(found: Found, target: Path, uri: str, objects: Objects, isolation: Isolation) -> None:
    """FastFile: the objects in place. Where mounts are possible the script cannot write to them; elsewhere there are links
    to the objects themselves, and only the files' permissions protect them."""
    folder = _exact_folder(found, uri, objects)
    if folder is not None and isolation.bind_read_only(folder, target):
        return
    # Not a whole folder (a single object, part of a prefix), or no mounts: links, to read-only views where possible.
    views: dict[Path, Path] = {}
    for name, source in found:
        destination = target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.symlink_to(_view(source, target, views, isolation))


def _view(source: Path, target: Path, views: dict[Path, Path], isolation: Isolation) -> Path:
    """``source`` by way of a read-only mount of its folder (one for each folder), else ``source`` itself."""
    parent = source.parent
    if parent not in views:
        place = target.parent / f".{target.name}.source-{len(views)}"
        place.mkdir(exist_ok=True)
        if isolation.bind_read_only(parent, place):
            views[parent] = place
        else:
            place.rmdir()
            views[parent] = parent
    return views[parent] / source.name


def _exact_folder(found: Found, uri: str, objects: Objects) -> Path | None:
    """The folder that holds exactly ``found``, by the same names; None where the prefix is more or less than a folder."""
    folder = objects.resolve(uri).path
    if not folder.is_dir() or not all(folder / name == path for name, path in found):
        return None
    # A prefix "train" also matches "train-2/x": then the folder alone would be too little. "all" above saw to that.
    return folder
