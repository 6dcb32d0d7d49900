from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clary.api.engine import Engine

KEYS = ["a & b/1<>", "a & b/2", "a & b/deep/3", "c", "é+%", "z/1"]


@pytest.fixture
def filled(s3: Any) -> Any:
    for key in KEYS:
        s3.put_object(Bucket="box", Key=key, Body=key.encode())
    return s3


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_pages_make_a_whole(filled: Any, operation: str) -> None:
    pages = list(filled.get_paginator(operation).paginate(Bucket="box", PaginationConfig={"PageSize": 2}))
    assert [len(page["Contents"]) for page in pages] == [2, 2, 2]
    assert [one["Key"] for page in pages for one in page["Contents"]] == sorted(KEYS)
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    one = pages[0]["Contents"][0]
    assert (one["Size"], one["StorageClass"]) == (len(KEYS[0]), "STANDARD")


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_folders_are_folded_across_pages(filled: Any, operation: str) -> None:
    pages = list(
        filled.get_paginator(operation).paginate(
            Bucket="box", Delimiter="/", PaginationConfig={"PageSize": 1}
        )
    )
    assert [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", [])] == ["a & b/", "z/"]
    assert [one["Key"] for page in pages for one in page.get("Contents", [])] == ["c", "é+%"]
    below = getattr(filled, operation)(Bucket="box", Delimiter="/", Prefix="a & b/")
    assert [one["Key"] for one in below["Contents"]] == ["a & b/1<>", "a & b/2"]
    assert [one["Prefix"] for one in below["CommonPrefixes"]] == ["a & b/deep/"]


def test_a_listing_may_start_behind_a_key(filled: Any) -> None:
    got = filled.list_objects_v2(Bucket="box", StartAfter="c", FetchOwner=True)
    assert ([one["Key"] for one in got["Contents"]], got["KeyCount"]) == (["z/1", "é+%"], 2)
    assert got["Contents"][0]["Owner"]["ID"] == "000000000000"
    got = filled.list_objects(Bucket="box", Marker="c")
    assert [one["Key"] for one in got["Contents"]] == ["z/1", "é+%"]
    assert "Contents" not in filled.list_objects_v2(Bucket="box", MaxKeys=0)


def test_the_resource_interface_lists_and_empties_a_bucket(filled: Any, engine: Engine) -> None:
    import boto3

    resource = boto3.resource(
        "s3",
        endpoint_url=filled.meta.endpoint_url,
        config=filled.meta.config,
        aws_access_key_id=engine.credentials.access_key,
        aws_secret_access_key=engine.credentials.secret_key,
        region_name="us-east-1",
    )
    bucket = resource.Bucket("box")
    assert sorted(one.key for one in bucket.objects.filter(Prefix="a")) == sorted(KEYS)[:3]
    bucket.objects.all().delete()
    assert list(bucket.objects.all()) == []
    bucket.delete()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("list-type=2&max-keys=-1", "InvalidArgument"),
        ("list-type=2&max-keys=many", "InvalidArgument"),
        ("list-type=2&max-keys=99999999999", "InvalidArgument"),
        ("list-type=2&continuation-token=%25%25", "InvalidArgument"),
        ("list-type=2&continuation-token=_w==", "InvalidArgument"),
        ("encoding-type=rot13", "InvalidArgument"),
    ],
)
def test_a_listing_that_makes_no_sense_is_refused(
    raw: Callable[..., Any], engine: Engine, query: str, code: str
) -> None:
    engine.objects.create_bucket("box")
    status, _, body = raw("GET", f"/box?{query}")
    assert (status, f"<Code>{code}</Code>".encode() in body) == (400, True)


def test_without_url_encoding_every_key_is_escaped(raw: Callable[..., Any], engine: Engine) -> None:
    engine.objects.create_bucket("box")
    engine.objects.put("box", "<a>&\x01\r\n", b"")
    _, _, body = raw("GET", "/box")
    assert (
        b"<Key>&lt;a&gt;&amp;&#x1;&#xD;&#xA;</Key>" in body
        or b"<Key>&lt;a&gt;&amp;&#x1;&#xD;\n</Key>" in body
    )


def test_a_thousand_keys_are_the_most_of_a_page(s3: Any, engine: Engine) -> None:
    folder = engine.home.s3 / "box"
    for number in range(1001):
        (folder / f"{number:04}").touch()
    got = s3.list_objects_v2(Bucket="box", MaxKeys=5000)
    assert (got["KeyCount"], got["MaxKeys"], got["IsTruncated"]) == (1000, 5000, True)
