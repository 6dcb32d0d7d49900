"""The default bucket and what the SDK puts into it, through the API's S3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote, unquote

from clary.sdk.api import account, region, send
from clary.sdk.errors import ClaryError


def default_bucket() -> str:
    """``clary-<region>-<account>``, made when it is first needed."""
    from clary.api.http_types import Request

    name = f"clary-{region()}-{account()}"
    try:
        send(Request("HEAD", f"/{name}", service="s3"))
    except ClaryError:
        try:
            send(Request("PUT", f"/{name}", service="s3"))
        except ClaryError as error:
            if error.code not in {
                "BucketAlreadyOwnedByYou",
                "BucketAlreadyExists",
            }:  # another process was faster
                raise
    return name


def put(bucket: str, key: str, data: bytes | Path) -> str:
    """Store bytes or a file as an object; returns its ``s3://`` address. Raises ClaryError."""
    from clary.api.http_types import Headers, Request, SpooledFile

    path = f"/{bucket}/{quote(key)}"
    if isinstance(data, bytes):
        headers = Headers({"Content-Length": str(len(data))})
        send(Request("PUT", path, headers=headers, body=data, service="s3"))
    else:
        size = data.stat().st_size
        with data.open("rb") as file:
            # No `path`: that would allow the store to move the user's file instead of copying it.
            body = SpooledFile(file, length=size)
            send(
                Request("PUT", path, headers=Headers({"Content-Length": str(size)}), body=body, service="s3")
            )
    return f"s3://{bucket}/{key}"


def exists(address: str) -> bool:
    """Whether there is an object of this ``s3://`` address; of a prefix (``.../``) it is taken to be so."""
    from clary.api.http_types import Request

    bucket, _, key = address.removeprefix("s3://").partition("/")
    if key.endswith("/"):
        return True
    try:
        send(Request("HEAD", f"/{bucket}/{quote(key)}", service="s3"))
    except ClaryError:
        return False
    return True


def get(address: str) -> bytes:
    """The bytes of an object (``s3://``), or of a file (``file://``). Raises ClaryError or FileNotFoundError."""
    return _read(address, {})


def beginning(address: str, size: int = 200_000) -> bytes:
    """The first ``size`` bytes of an object or a file, or all of it where it has less."""
    return _read(address, {"Range": f"bytes=0-{size - 1}"})[:size]


def _read(address: str, headers: dict[str, str]) -> bytes:
    from clary.api.http_types import Headers, Request

    if address.startswith("file://"):
        return Path(unquote(address.removeprefix("file://"))).read_bytes()
    bucket, _, key = address.removeprefix("s3://").partition("/")
    path = f"/{bucket}/{quote(key)}"
    return send(Request("GET", path, headers=Headers(headers), service="s3")).content()


def objects(address: str) -> Iterator[str]:
    """The ``s3://`` addresses of all objects under a prefix, in order. Raises ClaryError for a bucket that is not there."""
    from clary.api.http_types import Request

    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    token = ""
    while True:
        query = f"list-type=2&prefix={quote(prefix, safe='')}" + (
            f"&continuation-token={token}" if token else ""
        )
        text = send(Request("GET", f"/{bucket}", query=query, service="s3")).content().decode()
        yield from (f"s3://{bucket}/{key}" for key in _texts("Key", text) if not key.endswith("/"))
        more = _texts("NextContinuationToken", text)
        if not more:
            return
        token = quote(more[0], safe="")


def children(address: str, limit: int = 50) -> list[str]:
    """What an ``s3://`` address can be completed to: buckets, then folders (ending in ``/``) and objects of one level.

    Raises ClaryError for a bucket that is not there.
    """
    from clary.api.http_types import Request

    bucket, slash, prefix = address.removeprefix("s3://").partition("/")
    if not slash:
        text = send(Request("GET", "/", service="s3")).content().decode()
        return [f"s3://{name}/" for name in _texts("Name", text) if name.startswith(bucket)][:limit]
    query = f"list-type=2&delimiter=%2F&max-keys={limit}&prefix={quote(prefix, safe='')}"
    text = send(Request("GET", f"/{bucket}", query=query, service="s3")).content().decode()
    keys = [key for key in _texts("Key", text) if key != prefix]
    folders = [found for found in _texts("Prefix", text) if found != prefix and found.endswith("/")]
    return [f"s3://{bucket}/{name}" for name in [*folders, *keys]]


def _texts(tag: str, document: str) -> list[str]:
    return [unescape(found) for found in re.findall(rf"<{tag}>(.*?)</{tag}>", document, re.DOTALL)]
