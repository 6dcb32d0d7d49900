"""FastFile mode: the objects in place, read-only, however many and large they are."""

from __future__ import annotations

import os
from pathlib import Path

from clary.objects import Objects
from clary.runner.isolation import Isolation
from clary.toolkits.training.channels.sources import Found


def whole_folder(uri: str, objects: Objects) -> Path | None:
    """The folder that holds what ``uri`` as a prefix means, and nothing else; None where it means more (``train`` means
    ``train-2/x``, too), less, or one object. Reads no more of it than the first key. Raises ObjectsError."""
    location = objects.resolve(uri)
    if not location.path.is_dir():
        return None
    if location.kind == "file":
        return location.path if any(names for _, _, names in os.walk(location.path)) else None
    if not location.key or location.key.endswith("/"):
        keys = objects.walk(location.bucket, location.key)
        return location.path if any(one.status is not None for one in keys) else None
    entries = list(objects.walk(location.bucket, location.key, delimiter="/"))
    if len(entries) == 1 and entries[0].is_prefix and entries[0].key == f"{location.key}/":
        return whole_folder(f"s3://{location.bucket}/{location.key}/", objects)
    return None


def show_folder(folder: Path, target: Path, isolation: Isolation) -> bool:
    """Show a whole folder at ``target``, read-only; False where mounts are not possible."""
    target.mkdir(parents=True, exist_ok=True)
    return isolation.bind_read_only(folder, target)


def show(found: Found, target: Path, isolation: Isolation) -> None:
    """Show single objects: links, to read-only views of their folders where mounts are possible, else to the objects themselves,
    and then only the files' permissions protect them. Raises OSError."""
    target.mkdir(parents=True, exist_ok=True)
    views: dict[Path, Path] = {}
    made: set[Path] = set()
    for name, source in found:
        destination = target / name
        if destination.parent not in made:
            destination.parent.mkdir(parents=True, exist_ok=True)
            made.add(destination.parent)
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
