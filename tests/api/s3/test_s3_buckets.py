from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clary.api.engine import Engine


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_buckets_are_created_listed_located_and_deleted(s3: Any) -> None:
    s3.create_bucket(Bucket="other.bucket-2")
    listed = s3.list_buckets()
    assert [one["Name"] for one in listed["Buckets"]] == ["box", "other.bucket-2"]
    assert listed["Owner"]["ID"] == "000000000000"
    assert s3.get_bucket_location(Bucket="box")["LocationConstraint"] is None
    assert s3.head_bucket(Bucket="box")["BucketRegion"] == "us-east-1"
    s3.delete_bucket(Bucket="other.bucket-2")
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["box"]
    assert s3.get_bucket_versioning(Bucket="box").get("Status") is None
    assert s3.get_bucket_acl(Bucket="box")["Grants"][0]["Permission"] == "FULL_CONTROL"


def test_buckets_come_in_pages(s3: Any) -> None:
    for number in range(5):
        s3.create_bucket(Bucket=f"page-{number}")
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix="page-", PaginationConfig={"PageSize": 2}))
    assert [len(page["Buckets"]) for page in pages] == [2, 2, 1]


def test_a_second_creation_succeeds_only_where_it_does_on_aws(s3: Any) -> None:
    s3.create_bucket(Bucket="box")
    elsewhere = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="european", CreateBucketConfiguration=elsewhere)
    assert s3.get_bucket_location(Bucket="european")["LocationConstraint"] == "eu-west-1"
    with pytest.raises(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket="european", CreateBucketConfiguration=elsewhere)


def test_a_wrong_location_is_refused(s3: Any) -> None:
    with pytest.raises(ClientError) as error:
        s3.create_bucket(Bucket="new-box", CreateBucketConfiguration={"LocationConstraint": "us-east-1"})
    assert code_of(error) == "InvalidLocationConstraint"


def test_a_missing_bucket_is_told_by_every_operation(s3: Any) -> None:
    for attempt in (
        lambda: s3.list_objects_v2(Bucket="none"),
        lambda: s3.list_objects(Bucket="none"),
        lambda: s3.put_object(Bucket="none", Key="k", Body=b"x"),
        lambda: s3.get_object(Bucket="none", Key="k"),
        lambda: s3.delete_object(Bucket="none", Key="k"),
        lambda: s3.delete_objects(Bucket="none", Delete={"Objects": [{"Key": "k"}]}),
        lambda: s3.delete_bucket(Bucket="none"),
        lambda: s3.get_bucket_location(Bucket="none"),
        lambda: s3.create_multipart_upload(Bucket="none", Key="k"),
        lambda: s3.list_multipart_uploads(Bucket="none"),
        lambda: s3.copy_object(Bucket="none", Key="k", CopySource="box/k"),
    ):
        with pytest.raises(ClientError) as error:
            attempt()
        assert code_of(error) in ("NoSuchBucket", "NoSuchKey"), attempt
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(ClientError) as error:
        s3.head_bucket(Bucket="none")
    assert code_of(error) == "404"


def test_a_bucket_with_objects_stays(s3: Any) -> None:
    s3.put_object(Bucket="box", Key="a", Body=b"")
    with pytest.raises(ClientError) as error:
        s3.delete_bucket(Bucket="box")
    assert code_of(error) == "BucketNotEmpty"


def test_somebody_elses_bucket_is_refused(s3: Any) -> None:
    s3.head_bucket(Bucket="box", ExpectedBucketOwner="000000000000")
    with pytest.raises(ClientError) as error:
        s3.list_objects_v2(Bucket="box", ExpectedBucketOwner="123456789012")
    assert code_of(error) == "AccessDenied"


def test_an_operation_that_is_not_offered_is_named(s3: Any) -> None:
    with pytest.raises(ClientError, match="policy") as error:
        s3.get_bucket_policy(Bucket="box")
    assert code_of(error) == "NotImplemented"
    with pytest.raises(ClientError) as error:
        s3.put_bucket_versioning(Bucket="box", VersioningConfiguration={"Status": "Enabled"})
    assert code_of(error) == "MethodNotAllowed"


@pytest.mark.parametrize("name", ["UPPER", "a_b", ".clary", "..", "%2e%2e", "10.0.0.1", "ab", "x" * 64])
def test_a_bad_bucket_name_is_refused(raw: Callable[..., Any], name: str, engine: Engine) -> None:
    status, _, body = raw("PUT", f"/{name}")
    assert (status, b"<Code>InvalidBucketName</Code>" in body) == (400, True)
    assert {path.name for path in Path(engine.home.s3).iterdir()} <= {".clary"}


@pytest.mark.parametrize(
    "body",
    [
        b"<not xml",
        b"<Other/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><CreateBucketConfiguration>&x;</CreateBucketConfiguration>',
        b"\xff\xfe",
        b'<?xml version="1.0" encoding="nonsense"?><CreateBucketConfiguration/>',
    ],
)
def test_a_document_that_is_none_is_refused(raw: Callable[..., Any], body: bytes) -> None:
    status, _, answer = raw("PUT", "/new-box", body)
    assert (status, b"<Code>MalformedXML</Code>" in answer) == (400, True)


def test_an_unknown_method_is_refused_in_s3s_words(raw: Callable[..., Any]) -> None:
    status, _, body = raw("POST", "/box")
    assert (status, b"<Code>MethodNotAllowed</Code>" in body) == (405, True)


def test_a_request_without_or_with_a_wrong_signature_is_refused(
    raw: Callable[..., Any], over_http: Callable[..., Any], engine: Engine
) -> None:
    status, _, body = raw("GET", "/box", signed=False)
    assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)
    with pytest.raises(ClientError) as error:
        over_http(
            aws_secret_access_key="x" * 40, aws_access_key_id=engine.credentials.access_key
        ).list_buckets()
    assert code_of(error) == "SignatureDoesNotMatch"


def test_a_bucket_may_stand_in_the_host_name(raw: Callable[..., Any], engine: Engine) -> None:
    engine.objects.create_bucket("box")
    engine.objects.put("box", "a/b", b"text")
    status, _, body = raw("GET", "/a/b", headers={"Host": "box.s3.us-east-1.amazonaws.com"})
    assert (status, body) == (200, b"text")
    status, _, body = raw("GET", "/a/b", headers={"Host": "box.localhost:1234"})
    assert (status, body) == (200, b"text")
