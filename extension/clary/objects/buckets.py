"""Buckets: the folders right below ``<home>/s3``."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

from clary.home import Home
from clary.objects.errors import BadKey, BucketAlreadyOwnedByYou, BucketNotEmpty, NoSuchBucket, disk_errors
from clary.objects.folders import link_on
from clary.objects.info import Bucket
from clary.objects.listing import Walk
from clary.objects.names import check_bucket, is_bucket, split
from clary.objects.side import Side


class Buckets:
    """The buckets of one home."""

    def __init__(self, home: Home) -> None:
        self.root = home.s3
        self.side = Side(home.s3)

    def create_bucket(self, bucket: str, region: str = "") -> Bucket:
        """Raises BadBucketName, BucketAlreadyOwnedByYou, NoSpace."""
        check_bucket(bucket)
        with disk_errors(f"creating bucket {bucket}"):
            try:
                (self.root / bucket).mkdir()
            except FileExistsError:
                raise BucketAlreadyOwnedByYou(bucket) from None
            self.side.write_bucket_facts(bucket, {"created": time.time(), "region": region})
        return self.head_bucket(bucket)

    def head_bucket(self, bucket: str) -> Bucket:
        """Raises BadBucketName, NoSuchBucket."""
        folder = self._folder(bucket)
        facts = self.side.bucket_facts(bucket)
        return Bucket(bucket, facts.get("created") or folder.stat().st_mtime, facts.get("region", ""))

    def buckets(self) -> list[Bucket]:
        """All buckets by name; folders that a person made are among them."""
        names = [entry.name for entry in os.scandir(self.root) if entry.is_dir(follow_symlinks=False)]
        return [self.head_bucket(name) for name in sorted(names) if is_bucket(name)]

    def delete_bucket(self, bucket: str) -> None:
        """Raises NoSuchBucket, and BucketNotEmpty while there is anything but empty folders in it."""
        folder = self._folder(bucket)
        for _ in Walk(folder, self.side):
            raise BucketNotEmpty(bucket)
        for path, _, _ in os.walk(folder, topdown=False):
            try:
                os.rmdir(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                raise BucketNotEmpty(bucket, f"; {path} still holds files or links") from None
        self.side.forget_bucket(bucket)

    def _folder(self, bucket: str) -> Path:
        folder = self.root / check_bucket(bucket)
        try:
            mode = os.lstat(folder).st_mode
        except FileNotFoundError:
            raise NoSuchBucket(bucket) from None
        if not stat.S_ISDIR(mode):
            raise NoSuchBucket(bucket)
        return folder

    def path(self, bucket: str, key: str = "") -> Path:
        """Where `key` is or would be on disk (the bucket's folder for an empty key).

        Raises NoSuchBucket, BadKey (also for a key that leads over a symbolic link) and KeyTooLong.
        """
        folder = self._folder(bucket)
        if not key:
            return folder
        names, _ = split(key)
        link = link_on(folder, names)
        if link is not None:
            raise BadKey(key, f"{link!r} is a symbolic link, and links are not followed out of a bucket.")
        return folder.joinpath(*names)
