"""What is wrong with input data, in words for its owner."""

from __future__ import annotations

import errno


class DataError(ValueError):
    """Input that cannot be used; the text is a whole sentence that names the place and what to do."""


def nothing_found(uri: str, region: str) -> DataError:
    """AWS's own words for a prefix under which there is nothing, and for a bucket or an object that is not there."""
    bucket = uri.partition("://")[2].partition("/")[0]
    return DataError(
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists in the'
        f' selected region ({region}), that objects exist under that S3 prefix, and that the role has "s3:ListBucket"'
        f' permissions on bucket "{bucket}".'
    )


def disk_text(channel: str, error: OSError) -> str:
    """Why the operating system would not store a channel."""
    text = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text += ". Please free space on the disk that holds Clary's home, or use FastFile mode, which copies nothing"
    elif error.filename:
        text += f": {error.filename}"
    return f"{text} (channel {channel!r})."
