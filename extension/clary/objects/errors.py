"""What can go wrong with buckets and objects; each class is named by the code that S3 answers for it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator


class ObjectsError(Exception):
    """Base of all errors of `clary.objects`. `code` is S3's error code; `details` are the extra members of
    its answer."""

    code = "InternalError"

    def __init__(self, message: str, **details: str) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class BadUri(ObjectsError):
    """A text that names no place in a bucket or on this machine."""

    code = "InvalidURI"


class BadBucketName(ObjectsError):
    code = "InvalidBucketName"

    def __init__(self, bucket: str, why: str = "") -> None:
        reason = f" ({bucket!r}: {why})" if why else ""
        super().__init__(f"The specified bucket is not valid.{reason}", BucketName=bucket)


class BadKey(ObjectsError):
    """A key that cannot be a file in the bucket's folder: it climbs out, is absolute, holds NUL, ..."""

    code = "InvalidArgument"

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"The key {key!r} is refused: {why}", ArgumentName="key", ArgumentValue=key)


class KeyTooLong(ObjectsError):
    code = "KeyTooLongError"


class NoSuchBucket(ObjectsError):
    code = "NoSuchBucket"

    def __init__(self, bucket: str) -> None:
        super().__init__("The specified bucket does not exist", BucketName=bucket)
        self.bucket = bucket

    def __str__(self) -> str:
        return f"The specified bucket does not exist: {self.bucket}"


class BucketAlreadyOwnedByYou(ObjectsError):
    code = "BucketAlreadyOwnedByYou"

    def __init__(self, bucket: str) -> None:
        super().__init__(
            "Your previous request to create the named bucket succeeded and you already own it.",
            BucketName=bucket,
        )


class BucketNotEmpty(ObjectsError):
    code = "BucketNotEmpty"

    def __init__(self, bucket: str, why: str = "") -> None:
        super().__init__("The bucket you tried to delete is not empty" + why, BucketName=bucket)


class NoSuchKey(ObjectsError):
    code = "NoSuchKey"

    def __init__(self, bucket: str, key: str) -> None:
        super().__init__("The specified key does not exist.", Key=key)
        self.uri = f"s3://{bucket}/{key}"

    def __str__(self) -> str:
        return f"The specified key does not exist: {self.uri}"


class NothingFound(ObjectsError):
    """A prefix or a folder under which there is nothing."""

    code = "NoSuchKey"


class KeyConflict(ObjectsError):
    """A folder cannot hold both a file `a` and a folder `a`, so a bucket cannot hold both keys `a` and
    `a/b`."""

    code = "InvalidRequest"


class PreconditionFailed(ObjectsError):
    code = "PreconditionFailed"

    def __init__(self, condition: str) -> None:
        super().__init__("At least one of the pre-conditions you specified did not hold", Condition=condition)


class NoSuchUpload(ObjectsError):
    code = "NoSuchUpload"

    def __init__(self, upload: str) -> None:
        super().__init__(
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been"
            " aborted or completed.",
            UploadId=upload,
        )


class InvalidPart(ObjectsError):
    code = "InvalidPart"

    def __init__(self, upload: str, part: int, etag: str) -> None:
        super().__init__(
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or"
            " the specified entity tag may not match the part's entity tag.",
            UploadId=upload,
            PartNumber=str(part),
            ETag=etag,
        )


class InvalidPartOrder(ObjectsError):
    code = "InvalidPartOrder"

    def __init__(self, upload: str) -> None:
        super().__init__(
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
            UploadId=upload,
        )


class PartTooSmall(ObjectsError):
    code = "EntityTooSmall"

    def __init__(self, part: int, size: int, smallest: int) -> None:
        super().__init__(
            "Your proposed upload is smaller than the minimum allowed size",
            ProposedSize=str(size),
            MinSizeAllowed=str(smallest),
            PartNumber=str(part),
        )


class BadDigest(ObjectsError):
    """The bytes that arrived are not the bytes that the sender's checksum was made of."""

    code = "BadDigest"


class NoSpace(ObjectsError):
    """The disk under Clary's home is full; nothing of the object was kept."""

    code = "InternalError"


class NotPermitted(ObjectsError):
    """The operating system does not let this user touch the file."""

    code = "AccessDenied"


_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turns the operating system's refusals during `doing` into NoSpace, NotPermitted and KeyTooLong."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpace(
                f"no space left on the disk under Clary's home while {doing}; nothing was stored. Free some"
                " space, then try again."
            ) from error
        if error.errno in _DENIED:
            raise NotPermitted(f"{os.strerror(error.errno or 0)} while {doing}: {error.filename}") from error
        if error.errno == errno.ENAMETOOLONG:
            raise KeyTooLong(
                "Your key is too long: it does not fit into a path of this file system."
            ) from error
        raise
