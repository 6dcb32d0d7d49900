"""Which bucket names and keys there may be, and how a key becomes a path inside its bucket's folder."""

from __future__ import annotations

import re

from clary.objects.errors import BadBucketName, BadKey, KeyTooLong

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_PREFIXES = ("xn--", "sthree-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
LONGEST_KEY = 1024
LONGEST_NAME = 255
"""Bytes: S3's limit for a key, and the file system's for what stands between two slashes."""


def check_bucket(bucket: str) -> str:
    """`bucket` itself when S3 would allow a bucket of that name; raises BadBucketName."""
    if not _BUCKET.fullmatch(bucket):
        raise BadBucketName(
            bucket,
            "it must be 3 to 63 lowercase letters, digits, dots and hyphens, a letter or digit at both ends",
        )
    if ".." in bucket or _ADDRESS.fullmatch(bucket):
        raise BadBucketName(bucket, "two dots in a row, or written like an IP address")
    if bucket.startswith(_RESERVED_PREFIXES) or bucket.endswith(_RESERVED_SUFFIXES):
        raise BadBucketName(bucket, "a prefix or suffix that is reserved")
    return bucket


def is_bucket(name: str) -> bool:
    """Whether a folder of this name can be a bucket."""
    try:
        check_bucket(name)
    except BadBucketName:
        return False
    return True


def split(key: str) -> tuple[list[str], bool]:
    """The file names that lead to `key` from its bucket's folder, and whether it is a folder marker
    (``a/b/``).

    Raises BadKey for what could leave the folder or cannot be a path, KeyTooLong for what is longer than S3
    or the file system takes. Nothing is normalised: a key either is a path as it stands, or it is refused.
    """
    if not key:
        raise BadKey(key, "it is empty.")
    if "\0" in key:
        raise BadKey(key, "it holds a NUL character.")
    try:
        encoded = key.encode()
    except UnicodeEncodeError:
        raise BadKey(key, "it is not valid UTF-8.") from None
    if len(encoded) > LONGEST_KEY:
        raise KeyTooLong("Your key is too long", Size=str(len(encoded)), MaxSizeAllowed=str(LONGEST_KEY))
    if key.startswith("/"):
        raise BadKey(
            key, "it begins with '/'. Buckets are folders here, and an absolute path would leave them."
        )
    marker = key.endswith("/")
    parts = (key[:-1] if marker else key).split("/")
    if any(part in (".", "..") for part in parts):
        raise BadKey(key, "a part of it is '.' or '..', which would leave its folder.")
    names = [to_name(part) for part in parts]
    if any(len(name.encode()) > LONGEST_NAME for name in names):
        raise KeyTooLong(
            "Your key is too long: between two slashes stands a file name here, of at most 255 bytes.",
            MaxSizeAllowed=str(LONGEST_NAME),
        )
    return names, marker


def to_name(part: str) -> str:
    """The file name for one part of a key.

    S3 keeps the empty part of ``a//b``, and a file name cannot be empty: it becomes ``%``. To keep the two
    apart, a part that itself consists of percent signs gets one more.
    """
    return part + "%" if not part.strip("%") else part


def to_part(name: str) -> str:
    """`to_name` backwards."""
    return name[:-1] if not name.strip("%") else name
