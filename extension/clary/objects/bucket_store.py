"""Writing objects into their buckets' folders: whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from clary.home import Home
from clary.objects.errors import BadKey, KeyConflict, NoSuchKey, PreconditionFailed, disk_errors
from clary.objects.folders import Pruned, file_status, made, opened
from clary.objects.incoming import Incoming, Source, reading, sweep
from clary.objects.info import ObjectInfo, make_info
from clary.objects.locations import Locations
from clary.objects.multipart import Uploads
from clary.objects.names import split
from clary.objects.side import Properties, Record, derived

_TRIES = 100


class Objects(Locations):
    """The buckets and objects of one home. Every method may be called from many threads and processes at
    once."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self._temporary = self.side.root / "tmp"
        self._swept = False
        self._sweeping = threading.Lock()

    @cached_property
    def uploads(self) -> Uploads:
        """Multipart uploads."""
        return Uploads(self)

    def incoming(self) -> Incoming:
        """A temporary file on the buckets' file system. The first one asked for sweeps away those of
        writers that were killed."""
        with self._sweeping:
            first, self._swept = not self._swept, True
        if first:
            sweep(self._temporary)
        return Incoming(self._temporary)

    def put(
        self,
        bucket: str,
        key: str,
        source: Source,
        properties: Properties | Callable[[], Properties] = Properties(),  # noqa: B008 - frozen
        *,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectInfo:
        """Store `source` (bytes, a path, or anything with `read`), streamed; readers see the old object or
        the new one.

        `properties` may be a function that is called once all bytes were read. Raises NoSuchBucket, BadKey,
        KeyTooLong, KeyConflict, PreconditionFailed, NoSpace, NotPermitted; and what reading the source
        raises. Nothing stays then.
        """
        names, marker = split(key)
        self._folder(bucket)
        with disk_errors(f"storing s3://{bucket}/{key}"), self.incoming() as incoming:
            with reading(source) as readable:
                incoming.receive(readable)
            said = properties() if callable(properties) else properties
            if marker:
                return self._put_marker(bucket, key, names, incoming, said)
            return self.commit(
                bucket, key, names, incoming, incoming.md5, said, if_absent=if_absent, if_match=if_match
            )

    def write_uri(self, uri: str, source: Source) -> None:
        """Store `source` at an ``s3://`` or ``file://`` place, whole or not at all.

        Raises what `resolve` and `put` do.
        """
        location = self.resolve(uri)
        if location.kind == "s3":
            self.put(location.bucket, location.key, source)
            return
        with disk_errors(f"writing {uri}"):
            location.path.parent.mkdir(parents=True, exist_ok=True)
            with Incoming(location.path.parent, ".") as incoming, reading(source) as readable:
                incoming.receive(readable)
                incoming.finish()
                os.replace(incoming.path, location.path)

    def commit(
        self,
        bucket: str,
        key: str,
        names: Sequence[str],
        incoming: Incoming,
        etag: str,
        properties: Properties,
        *,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectInfo:
        """Rename a filled temporary file into place as the object `key`; for `put` and multipart uploads."""
        root = self._folder(bucket)
        status = incoming.finish()
        record = Record(status.st_size, status.st_mtime_ns, etag, properties)
        for _ in range(_TRIES):
            try:
                with self.side.lock(bucket, key), made(root, names[:-1], key) as parent:
                    replaced = file_status(root, names)
                    self._check(bucket, key, replaced, if_absent, if_match)
                    self._make_room(parent, bucket, key, names[-1])
                    self.side.write(bucket, key, record, replaced)
                    _rename(incoming.path, names[-1], parent, key)
                    os.fsync(parent)
                    return make_info(bucket, key, record)
            except Pruned:
                continue
        raise OSError(errno.EAGAIN, f"the folders of s3://{bucket}/{key} were removed again and again")

    def _check(
        self, bucket: str, key: str, present: os.stat_result | None, if_absent: bool, if_match: str | None
    ) -> None:
        if if_absent and present is not None:
            raise PreconditionFailed("If-None-Match")
        if if_match is None:
            return
        if present is None:
            raise NoSuchKey(bucket, key)
        record = self.side.find(bucket, key, present) or derived(key, present)
        if if_match not in ("*", record.etag):
            raise PreconditionFailed("If-Match")

    def _make_room(self, parent: int, bucket: str, key: str, name: str) -> None:
        """Removes an empty folder that is in a file's way; raises KeyConflict when it is more than that."""
        try:
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(mode):
            return
        try:
            if not self.side.has_marker(bucket, f"{key}/"):
                os.rmdir(name, dir_fd=parent)
                return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        raise KeyConflict(
            f"The key {key!r} cannot be stored: there are keys below '{key}/' in this bucket."
            " Buckets are folders here, and one name cannot be a file and a folder at once; choose another"
            " key."
        )

    def _put_marker(
        self, bucket: str, key: str, names: Sequence[str], incoming: Incoming, properties: Properties
    ) -> ObjectInfo:
        if incoming.size:
            raise BadKey(key, "it ends with '/', which names a folder, so it cannot have contents.")
        record = Record(0, time.time_ns(), incoming.md5, properties)
        for _ in range(_TRIES):
            try:
                with self.side.lock(bucket, key), made(self._folder(bucket), names, key):
                    self.side.write(bucket, key, record, None)
                return make_info(bucket, key, record)
            except Pruned:
                continue
        raise OSError(errno.EAGAIN, f"the folders of s3://{bucket}/{key} were removed again and again")

    def delete(self, bucket: str, key: str) -> bool:
        """Remove an object and the folders that are empty without it; whether there was one. Raises
        NoSuchBucket, BadKey."""
        names, marker = split(key)
        root = self._folder(bucket)
        with disk_errors(f"deleting s3://{bucket}/{key}"), self.side.lock(bucket, key):
            if marker:
                existed = self.side.has_marker(bucket, key)
            else:
                existed = file_status(root, names) is not None
                if existed:
                    with opened(root, names[:-1]) as parent:
                        os.unlink(names[-1], dir_fd=parent)
                        os.fsync(parent)
            self.side.forget(bucket, key)
        if existed:
            self._prune(root, key, names if marker else names[:-1])
        return existed

    def _prune(self, root: Path, key: str, names: Sequence[str]) -> None:
        parts = key.split("/")
        for depth in range(len(names), 0, -1):
            folder = "/".join(parts[:depth]) + "/"
            with self.side.lock(root.name, folder):
                if self.side.has_marker(root.name, folder):
                    return
                try:
                    with opened(root, names[: depth - 1]) as parent:
                        os.rmdir(names[depth - 1], dir_fd=parent)
                except OSError:
                    return  # not empty, or somebody else was faster

    def copy(
        self,
        source_bucket: str,
        source_key: str,
        bucket: str,
        key: str,
        properties: Callable[[ObjectInfo], Properties] | None = None,
    ) -> ObjectInfo:
        """Copy an object; with the source's properties unless `properties` makes new ones. Raises as `open`
        and `put` do."""
        names, marker = split(key)
        with self.open(source_bucket, source_key) as source:
            said = properties(source.info) if properties else source.info.properties
            with disk_errors(f"storing s3://{bucket}/{key}"), self.incoming() as incoming:
                if "-" in source.info.etag or marker or source_key.endswith("/"):
                    # The tag of an object made of parts is no MD5, and a copy is made in one piece.
                    incoming.receive(source.file)
                    if marker:
                        return self._put_marker(bucket, key, names, incoming, said)
                    return self.commit(bucket, key, names, incoming, incoming.md5, said)
                incoming.append_file(source.file.fileno(), source.info.size)
                return self.commit(bucket, key, names, incoming, source.info.etag, said)

    def retag(self, bucket: str, key: str, tags: dict[str, str]) -> None:
        """Replace an object's tags. Raises NoSuchBucket, NoSuchKey, BadKey."""
        names, marker = split(key)
        with disk_errors(f"tagging s3://{bucket}/{key}"), self.side.lock(bucket, key):
            info = self.head(bucket, key)
            status = None if marker else file_status(self._folder(bucket), names)
            size, mtime = (status.st_size, status.st_mtime_ns) if status else (0, int(info.modified * 1e9))
            properties = info.properties.merged(tags=tags)
            self.side.write(bucket, key, Record(size, mtime, info.etag, properties), None)


def _rename(path: Path, name: str, parent: int, key: str) -> None:
    try:
        os.rename(path, name, dst_dir_fd=parent)
    except FileNotFoundError:
        raise Pruned from None
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise KeyConflict(
                f"The key {key!r} cannot be stored: its folder is a mount point of another disk."
            ) from None
        raise
