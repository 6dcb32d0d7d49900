"""Multipart uploads: parts are files outside the bucket until all of them together become one object."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.objects.errors import (
    InvalidPart,
    InvalidPartOrder,
    NoSuchUpload,
    ObjectsError,
    PartTooSmall,
    disk_errors,
)
from clary.objects.incoming import Incoming, Source, reading
from clary.objects.names import check_bucket, split
from clary.objects.side import Properties, write_whole

if TYPE_CHECKING:
    from clary.objects.bucket_store import Objects
    from clary.objects.info import ObjectInfo

SMALLEST_PART = 5 * 2**20
"""Bytes; only the last part may be smaller."""
MOST_PARTS = 10_000
_ID = re.compile(r"[0-9a-f]{48}")


class BadPartNumber(ObjectsError):
    code = "InvalidArgument"


@dataclass(frozen=True)
class Upload:
    """An upload that was begun and neither completed nor aborted."""

    id: str
    bucket: str
    key: str
    initiated: float
    properties: Properties
    checksum_algorithm: str = ""
    checksum_type: str = ""


@dataclass(frozen=True)
class Part:
    """One uploaded part; `etag` is the MD5 of its bytes, `file` its file in the upload's folder."""

    number: int
    size: int
    etag: str
    modified: float
    file: str
    checksums: Mapping[str, str] = field(default_factory=dict)


class Uploads:
    """All multipart uploads of one home."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._side = objects.side

    def begin(
        self,
        bucket: str,
        key: str,
        properties: Properties,
        checksum_algorithm: str = "",
        checksum_type: str = "",
    ) -> Upload:
        """Raises NoSuchBucket, BadKey, KeyTooLong, NoSpace."""
        split(key)
        self._objects.head_bucket(bucket)
        upload = Upload(
            secrets.token_hex(24), bucket, key, time.time(), properties, checksum_algorithm, checksum_type
        )
        with disk_errors(f"beginning an upload to s3://{bucket}/{key}"):
            folder = self._side.uploads / bucket / upload.id
            folder.mkdir(parents=True)
            write_whole(folder / "upload.json", json.dumps(asdict(upload)).encode())
        return upload

    def get(self, bucket: str, key: str, upload_id: str) -> Upload:
        """Raises NoSuchUpload also when the upload is to another key."""
        upload = self._read(bucket, upload_id)
        if upload is None or upload.key != key:
            raise NoSuchUpload(upload_id)
        return upload

    def _folder(self, bucket: str, upload_id: str) -> Path:
        check_bucket(bucket)
        if not _ID.fullmatch(upload_id):
            raise NoSuchUpload(upload_id)
        return self._side.uploads / bucket / upload_id

    def _read(self, bucket: str, upload_id: str) -> Upload | None:
        try:
            stored: dict[str, Any] = json.loads(
                (self._folder(bucket, upload_id) / "upload.json").read_bytes()
            )
        except (FileNotFoundError, ValueError):
            return None
        return Upload(**{**stored, "properties": Properties(**stored["properties"])})

    def put_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        source: Source,
        checksums: Callable[[], Mapping[str, str]] = dict,
    ) -> Part:
        """Store one part, replacing an earlier one of that number; `checksums` is called when all bytes were
        read.

        Raises NoSuchUpload, BadPartNumber, NoSpace, and whatever reading the source raises.
        """
        if not 1 <= number <= MOST_PARTS:
            raise BadPartNumber(
                f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive",
                ArgumentName="partNumber",
                ArgumentValue=str(number),
            )
        self.get(bucket, key, upload_id)
        with (
            disk_errors(f"storing part {number} of s3://{bucket}/{key}"),
            self._objects.incoming() as incoming,
        ):
            with reading(source) as readable:
                incoming.receive(readable)
            return self._keep(bucket, key, upload_id, number, incoming, checksums())

    def _keep(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        incoming: Incoming,
        checksums: Mapping[str, str],
    ) -> Part:
        status = incoming.finish()
        folder = self._folder(bucket, upload_id)
        part = Part(
            number,
            status.st_size,
            incoming.md5,
            status.st_mtime,
            f"{number:05d}.{secrets.token_hex(6)}",
            dict(checksums),
        )
        facts = folder / f"{number:05d}.json"
        with self._side.lock("upload", upload_id):
            self.get(bucket, key, upload_id)
            replaced = _read_part(facts)
            os.rename(incoming.path, folder / part.file)
            write_whole(facts, json.dumps(asdict(part)).encode())
            if replaced is not None:
                (folder / replaced.file).unlink(missing_ok=True)
        return part

    def parts(self, bucket: str, key: str, upload_id: str) -> list[Part]:
        """By part number. Raises NoSuchUpload."""
        self.get(bucket, key, upload_id)
        found = (_read_part(path) for path in self._folder(bucket, upload_id).glob("[0-9]*.json"))
        return sorted((part for part in found if part is not None), key=lambda part: part.number)

    def complete(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        chosen: Sequence[tuple[int, str]],
        check: Callable[[Upload, list[Part], Path], Mapping[str, str]] | None = None,
        *,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectInfo:
        """Make the object of the `chosen` (part number, entity tag) in order, and end the upload.

        `check(upload, parts, file)` may read the assembled file and returns the object's checksums, or
        raises. Raises NoSuchUpload, InvalidPart, InvalidPartOrder, PartTooSmall, PreconditionFailed, NoSpace;
        the upload then stays.
        """
        upload = self.get(bucket, key, upload_id)
        names, _ = split(key)
        parts = self._chosen(upload, chosen)
        folder = self._folder(bucket, upload_id)
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
        etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
        with (
            disk_errors(f"completing the upload of s3://{bucket}/{key}"),
            self._objects.incoming() as incoming,
        ):
            for part in parts:
                try:
                    with open(folder / part.file, "rb") as file:
                        incoming.append_file(file.fileno(), part.size)
                except FileNotFoundError:
                    raise InvalidPart(upload_id, part.number, part.etag) from None
            properties = upload.properties
            if check is not None:
                properties = properties.merged(
                    checksums=check(upload, parts, incoming.path), checksum_type=upload.checksum_type
                )
            info = self._objects.commit(
                bucket, key, names, incoming, etag, properties, if_absent=if_absent, if_match=if_match
            )
        self._remove(folder)
        return info

    def _chosen(self, upload: Upload, chosen: Sequence[tuple[int, str]]) -> list[Part]:
        numbers = [number for number, _ in chosen]
        if any(later <= earlier for earlier, later in pairwise(numbers)):
            raise InvalidPartOrder(upload.id)
        present = {part.number: part for part in self.parts(upload.bucket, upload.key, upload.id)}
        parts = []
        for number, etag in chosen:
            part = present.get(number)
            if part is None or part.etag != etag.strip('"'):
                raise InvalidPart(upload.id, number, etag)
            parts.append(part)
        if not parts:
            raise InvalidPart(upload.id, 0, "")
        for part in parts[:-1]:
            if part.size < SMALLEST_PART:
                raise PartTooSmall(part.number, part.size, SMALLEST_PART)
        return parts

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Raises NoSuchUpload."""
        self.get(bucket, key, upload_id)
        self._remove(self._folder(bucket, upload_id))

    def _remove(self, folder: Path) -> None:
        # upload.json first: from then on the upload is over for everybody, however long the rest takes.
        (folder / "upload.json").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def list(self, bucket: str, prefix: str = "") -> list[Upload]:
        """The uploads under way to keys that begin with `prefix`, by key and then by age. Raises
        NoSuchBucket."""
        self._objects.head_bucket(bucket)
        folder = self._side.uploads / bucket
        names = sorted(os.listdir(folder)) if folder.is_dir() else []
        found = [self._read(bucket, name) for name in names if _ID.fullmatch(name)]
        uploads = [upload for upload in found if upload is not None and upload.key.startswith(prefix)]
        return sorted(uploads, key=lambda upload: (upload.key, upload.initiated))


def _read_part(path: Path) -> Part | None:
    try:
        return Part(**json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
