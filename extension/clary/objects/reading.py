"""Reading objects: opening them, asking about them, listing them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from itertools import islice

from clary.objects.buckets import Buckets
from clary.objects.errors import NoSuchBucket, NoSuchKey, disk_errors
from clary.objects.folders import file_status, is_absent, open_file, opened
from clary.objects.info import Listing, ObjectInfo, Opened, make_info
from clary.objects.listing import Found, Walk, grouped
from clary.objects.names import split
from clary.objects.side import derived

_TRIES = 100


class Reading(Buckets):
    """The reading half of `Objects`."""

    def open(self, bucket: str, key: str) -> Opened:
        """Open an object for reading. Raises NoSuchBucket, NoSuchKey, BadKey, NotPermitted."""
        names, marker = split(key)
        if marker:
            return Opened(self.head(bucket, key), io.BytesIO())
        root = self._folder(bucket)
        with disk_errors(f"reading s3://{bucket}/{key}"):
            for _ in range(_TRIES):
                try:
                    file = os.fdopen(open_file(root, names), "rb")
                except OSError as error:
                    if is_absent(error):
                        raise NoSuchKey(bucket, key) from None
                    raise
                status = os.fstat(file.fileno())
                record = self.side.find(bucket, key, status)
                now = file_status(root, names) if record is None else None
                if now is not None and now.st_ino != status.st_ino:
                    file.close()  # replaced twice since: its record is gone, the newer file's is there
                    continue
                return Opened(make_info(bucket, key, record or derived(key, status)), file)
        raise NoSuchKey(bucket, key)

    def head(self, bucket: str, key: str) -> ObjectInfo:
        """What is known of an object. Raises NoSuchBucket, NoSuchKey, BadKey."""
        names, marker = split(key)
        root = self._folder(bucket)
        if marker:
            record = self.side.marker(bucket, key)
            try:
                with opened(root, names):
                    pass
            except OSError as error:
                if not is_absent(error):
                    raise
                record = None
            if record is None:
                raise NoSuchKey(bucket, key)
            return make_info(bucket, key, record)
        with self.open(bucket, key) as one:
            return one.info

    def exists(self, bucket: str, key: str) -> bool:
        try:
            self.head(bucket, key)
        except (NoSuchBucket, NoSuchKey):
            return False
        return True

    def read(self, bucket: str, key: str) -> bytes:
        """All bytes of a small object."""
        with self.open(bucket, key) as one:
            return one.file.read()

    def list(
        self, bucket: str, prefix: str = "", delimiter: str = "", start_after: str = "", limit: int = 1000
    ) -> Listing:
        """One page of at most `limit` keys and common prefixes that come after `start_after`. Raises
        NoSuchBucket."""
        if limit <= 0:
            self._folder(bucket)
            return Listing([], [], "")
        found = list(islice(self.walk(bucket, prefix, delimiter, start_after), limit + 1))
        page = found[:limit]
        objects = [self._found(bucket, one) for one in page if not one.is_prefix]
        return Listing(
            [one for one in objects if one is not None],
            [one.key for one in page if one.is_prefix],
            page[-1].key if len(found) > limit else "",
        )

    def walk(
        self, bucket: str, prefix: str = "", delimiter: str = "", start_after: str = ""
    ) -> Iterator[Found]:
        """All keys in order, without a record read for any of them."""
        walk = Walk(
            self._folder(bucket), self.side, prefix, start_after, delimiter if delimiter == "/" else ""
        )
        return iter(walk) if delimiter in ("", "/") else grouped(iter(walk), prefix, delimiter, start_after)

    def _found(self, bucket: str, one: Found) -> ObjectInfo | None:
        if one.status is None:
            record = self.side.marker(bucket, one.key)
            return make_info(bucket, one.key, record) if record else None
        return make_info(
            bucket, one.key, self.side.find(bucket, one.key, one.status) or derived(one.key, one.status)
        )
