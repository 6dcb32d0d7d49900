"""What S3 knows about an object beside its bytes, kept outside the bucket's folder.

The truth about an object is its file: a person may drop one into the folder, edit it, remove it. So a record
here names the size and the modification time (nanoseconds) of the file it was written for, and counts only
while they agree. A writer stores its record *beside* the record of the file that it is about to replace, and
then renames the file: a reader, and a crash, find a record that fits at every moment.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import mimetypes
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

DEFAULT_CONTENT_TYPE = "binary/octet-stream"


@dataclass(frozen=True)
class Properties:
    """What a writer says about an object. Header and metadata names are in lower case."""

    content_type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """cache-control, content-disposition, content-encoding, content-language, expires"""
    checksums: Mapping[str, str] = field(default_factory=dict)
    """Algorithm (``crc32``, ...) to the base64 text that S3 answers"""
    checksum_type: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def merged(self, **changes: Any) -> Properties:
        return replace(self, **changes)


@dataclass(frozen=True)
class Record:
    """A stored record: for which file (size in bytes, modification time in ns), its entity tag and its
    properties."""

    size: int
    mtime_ns: int
    etag: str
    properties: Properties

    def fits(self, status: os.stat_result) -> bool:
        return self.size == status.st_size and self.mtime_ns == status.st_mtime_ns


def derived(key: str, status: os.stat_result) -> Record:
    """A record for a file that nobody uploaded.

    Its entity tag changes with the file but is no MD5 of it (reading a large file only to list it would be
    too slow); like a multipart upload's it ends in a part count, so that clients do not take it for an MD5.
    """
    text = f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    guessed = mimetypes.guess_type(key.rsplit("/", 1)[-1], strict=False)[0]
    return Record(
        status.st_size,
        status.st_mtime_ns,
        f"{digest}-1",
        Properties(content_type=guessed or DEFAULT_CONTENT_TYPE),
    )


class Side:
    """The folder of records, temporary files and locks: ``<home>/s3/.clary``."""

    def __init__(self, s3: Path) -> None:
        self.root = s3 / ".clary"
        self.uploads = self.root / "uploads"
        self._records = self.root / "records"
        self._locks = self.root / "locks"
        self._buckets = self.root / "buckets"

    @contextlib.contextmanager
    def lock(self, *what: str) -> Iterator[None]:
        """Exclusive among all threads and processes for the same `what`. Not re-entrant; held for instants
        only."""
        name = hashlib.sha256("\0".join(what).encode()).hexdigest()[:2]
        path = self._locks / name
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            self._locks.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _path(self, bucket: str, key: str) -> Path:
        # By digest, because a key may be longer than a file name, and "a" and "a/b" must both have a record.
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self._records / bucket / digest[:2] / digest[2:]

    def find(self, bucket: str, key: str, status: os.stat_result) -> Record | None:
        """The record of the object `key` whose file has this `status`, None when none fits."""
        return next((record for record in self._load(bucket, key) if record.fits(status)), None)

    def write(self, bucket: str, key: str, record: Record, replaced: os.stat_result | None) -> None:
        """Store `record` for a file about to be renamed into place; `replaced` is the file that is there
        now."""
        kept = self.find(bucket, key, replaced) if replaced is not None else None
        records = [record, kept] if kept is not None else [record]
        path = self._path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps([asdict(one) for one in records], separators=(",", ":")).encode())

    def forget(self, bucket: str, key: str) -> None:
        self._path(bucket, key).unlink(missing_ok=True)

    def _load(self, bucket: str, key: str) -> list[Record]:
        try:
            stored = json.loads(self._path(bucket, key).read_bytes())
            return [Record(**{**one, "properties": Properties(**one["properties"])}) for one in stored]
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            # A record torn by a power failure is worth as much as none: the file itself is still the object.
            return []

    def has_marker(self, bucket: str, key: str) -> bool:
        """Whether the folder marker `key` (``a/b/``) was uploaded."""
        return os.path.exists(self._path(bucket, key))

    def marker(self, bucket: str, key: str) -> Record | None:
        """The record of an uploaded folder marker."""
        records = self._load(bucket, key)
        return records[0] if records else None

    def bucket_facts(self, bucket: str) -> dict[str, Any]:
        """What was said when the bucket was created: ``{"created": epoch s, "region": ...}``; empty if made
        by hand."""
        try:
            facts = json.loads((self._buckets / f"{bucket}.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def write_bucket_facts(self, bucket: str, facts: Mapping[str, Any]) -> None:
        self._buckets.mkdir(parents=True, exist_ok=True)
        write_whole(self._buckets / f"{bucket}.json", json.dumps(facts).encode())

    def forget_bucket(self, bucket: str) -> None:
        (self._buckets / f"{bucket}.json").unlink(missing_ok=True)
        shutil.rmtree(self._records / bucket, ignore_errors=True)
        shutil.rmtree(self.uploads / bucket, ignore_errors=True)


def write_whole(path: Path, data: bytes) -> None:
    """tmp + fsync + rename in the same folder; the temporary file does not survive a failure."""
    temporary = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
