"""What a job leaves behind, stored where OutputDataConfig says: whole, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from clary.objects import Objects, Properties
from clary.objects.errors import disk_errors
from clary.objects.incoming import Readable
from clary.toolkits.training.packing import PackedStream, members

_GZIP = Properties(content_type="application/x-tar")


def store_archive(objects: Objects, uri: str, folder: Path, on_skipped: Callable[[str], None]) -> str:
    """Store ``folder`` as one tar.gz at ``uri``; returns the URI. Raises ObjectsError, OSError; nothing stays then."""
    with PackedStream(folder, on_skipped) as stream:
        _store(objects, uri, stream)
    return uri


def store_folder(objects: Objects, uri: str, folder: Path) -> str:
    """Store every file of ``folder`` below ``uri``; returns the prefix, with a slash. Raises ObjectsError, OSError;
    files that were stored before the error are removed again."""
    prefix = uri.rstrip("/") + "/"
    stored: list[str] = []
    try:
        for name, path in members(folder):
            if path.is_file():
                stored.append(prefix + name)
                store_file(objects, prefix + name, path)
    except BaseException:
        for one in stored:
            remove(objects, one)
        raise
    return prefix


def store_file(objects: Objects, uri: str, path: Path) -> None:
    """Store one file at ``uri``. Raises ObjectsError, OSError."""
    with open(path, "rb") as source:
        _store(objects, uri, source)


def _store(objects: Objects, uri: str, source: Readable) -> None:
    location = objects.resolve(uri)
    if location.kind == "s3":
        if uri.endswith(".tar.gz"):
            objects.put(location.bucket, location.key, source, _GZIP)
        else:
            objects.put(location.bucket, location.key, source)
        return
    with disk_errors(f"storing {uri}"):
        location.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = location.path.with_name(f".{location.path.name}.{os.urandom(6).hex()}")
        try:
            with open(temporary, "xb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, location.path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def remove(objects: Objects, uri: str) -> None:
    """Remove what was stored at ``uri``, if it was. Raises ObjectsError, OSError."""
    location = objects.resolve(uri)
    if location.kind == "s3":
        objects.delete(location.bucket, location.key)
    else:
        location.path.unlink(missing_ok=True)
