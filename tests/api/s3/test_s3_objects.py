from __future__ import annotations

import base64
import datetime
import hashlib
import io
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clary.api.engine import Engine


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_object_comes_back_with_all_that_was_said_about_it(s3: Any) -> None:
    put = s3.put_object(
        Bucket="box",
        Key="a/b c+d=é&<>'\"%41.txt",
        Body=b"text",
        ContentType="text/plain",
        Metadata={"owner": "ada", "two-words": "x y"},
        CacheControl="no-store",
        ContentEncoding="gzip",
        ContentDisposition="attachment",
        Tagging="team=a%20b&x=",
    )
    assert put["ETag"] == f'"{hashlib.md5(b"text").hexdigest()}"'
    got = s3.get_object(Bucket="box", Key="a/b c+d=é&<>'\"%41.txt")
    assert got["Body"].read() == b"text"
    head = s3.head_object(Bucket="box", Key="a/b c+d=é&<>'\"%41.txt")
    for answer in (got, head):
        assert answer["ContentLength"] == 4
        assert answer["ContentType"] == "text/plain"
        assert answer["Metadata"] == {"owner": "ada", "two-words": "x y"}
        assert (answer["CacheControl"], answer["ContentEncoding"]) == ("no-store", "gzip")
        assert answer["ContentDisposition"] == "attachment"
        assert answer["ETag"] == put["ETag"]
        assert answer["TagCount"] == 2
    tags = s3.get_object_tagging(Bucket="box", Key="a/b c+d=é&<>'\"%41.txt")["TagSet"]
    assert tags == [{"Key": "team", "Value": "a b"}, {"Key": "x", "Value": ""}]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="box")["Contents"]] == ["a/b c+d=é&<>'\"%41.txt"]


@pytest.mark.parametrize(
    "key", ["a b", "a+b", "a%20b", "ä/ö", "a//b", "a/", "~-_.*", "a?b#c", "\U0001f600", "a\nb", "@:,;="]
)
def test_every_key_makes_the_whole_journey(s3: Any, key: str) -> None:
    s3.put_object(Bucket="box", Key=key, Body=b"")
    assert s3.get_object(Bucket="box", Key=key)["ContentLength"] == 0
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="box")["Contents"]] == [key]
    s3.copy_object(Bucket="box", Key="copy", CopySource={"Bucket": "box", "Key": key})
    answer = s3.delete_objects(Bucket="box", Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    assert [one["Key"] for one in answer["Deleted"]] == [key, "copy"]
    assert s3.list_objects_v2(Bucket="box")["KeyCount"] == 0


def test_a_missing_key_is_told(s3: Any) -> None:
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="box", Key="none")
    with pytest.raises(ClientError) as error:
        s3.head_object(Bucket="box", Key="none")
    assert code_of(error) == "404"
    s3.delete_object(Bucket="box", Key="none")
    s3.get_waiter("object_not_exists").wait(Bucket="box", Key="none")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", b"0"),
        ("bytes=2-4", b"234"),
        ("bytes=7-", b"789"),
        ("bytes=-3", b"789"),
        ("bytes=-100", b"0123456789"),
        ("bytes=5-500", b"56789"),
        ("bytes=0-1,3-4", b"0123456789"),
        ("nonsense", b"0123456789"),
        ("bytes=4-2", b"0123456789"),
        ("items=0-1", b"0123456789"),
    ],
)
def test_a_range_of_an_object_can_be_read(s3: Any, asked: str, expected: bytes) -> None:
    s3.put_object(Bucket="box", Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket="box", Key="k", Range=asked)
    assert got["Body"].read() == expected
    partial = len(expected) < 10 or asked == "bytes=-100"
    assert got["ResponseMetadata"]["HTTPStatusCode"] == (206 if partial else 200)
    assert ("ContentRange" in got) == partial
    head = s3.head_object(Bucket="box", Key="k", Range=asked)
    assert head["ContentLength"] == len(expected)


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_outside_the_object_is_refused(s3: Any, asked: str) -> None:
    s3.put_object(Bucket="box", Key="k", Body=b"0123456789")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket="box", Key="k", Range=asked)
    assert code_of(error) == "InvalidRange"
    assert error.value.response["Error"]["ActualObjectSize"] == "10"


def test_conditions_are_obeyed(s3: Any) -> None:
    etag = s3.put_object(Bucket="box", Key="k", Body=b"1")["ETag"]
    now = datetime.datetime.now(datetime.UTC)
    hour = datetime.timedelta(hours=1)
    for good in (
        {"IfMatch": etag},
        {"IfNoneMatch": '"x"'},
        {"IfModifiedSince": now - hour},
        {"IfUnmodifiedSince": now + hour},
        {"IfMatch": etag, "IfUnmodifiedSince": now - hour},
    ):
        assert s3.get_object(Bucket="box", Key="k", **good)["ContentLength"] == 1
    for bad, code in (
        ({"IfMatch": '"x"'}, "PreconditionFailed"),
        ({"IfUnmodifiedSince": now - hour}, "PreconditionFailed"),
        ({"IfNoneMatch": etag}, "304"),
        ({"IfModifiedSince": now + hour}, "304"),
        ({"IfNoneMatch": etag, "IfModifiedSince": now - hour}, "304"),
    ):
        with pytest.raises(ClientError) as error:
            s3.get_object(Bucket="box", Key="k", **bad)
        assert code_of(error) == code
        with pytest.raises(ClientError):
            s3.head_object(Bucket="box", Key="k", **bad)


def test_writes_can_be_conditional(s3: Any) -> None:
    etag = s3.put_object(Bucket="box", Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    for bad in ({"IfNoneMatch": "*"}, {"IfMatch": '"x"'}):
        with pytest.raises(ClientError) as error:
            s3.put_object(Bucket="box", Key="k", Body=b"2", **bad)
        assert code_of(error) == "PreconditionFailed"
    s3.put_object(Bucket="box", Key="k", Body=b"3", IfMatch=etag)
    assert s3.get_object(Bucket="box", Key="k")["Body"].read() == b"3"


def test_an_answers_headers_can_be_overridden(s3: Any) -> None:
    s3.put_object(Bucket="box", Key="k", Body=b"1")
    got = s3.get_object(
        Bucket="box", Key="k", ResponseContentType="text/x", ResponseContentDisposition="inline"
    )
    assert (got["ContentType"], got["ContentDisposition"]) == ("text/x", "inline")


def test_copies_take_or_replace_metadata(s3: Any) -> None:
    s3.put_object(
        Bucket="box", Key="a", Body=b"text", Metadata={"x": "1"}, ContentType="text/csv", Tagging="t=1"
    )
    copied = s3.copy_object(Bucket="box", Key="b", CopySource="box/a", Metadata={"ignored": "1"})
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"text").hexdigest()}"'
    head = s3.head_object(Bucket="box", Key="b")
    assert (head["Metadata"], head["ContentType"], head["TagCount"]) == ({"x": "1"}, "text/csv", 1)
    s3.copy_object(
        Bucket="box",
        Key="a",
        CopySource={"Bucket": "box", "Key": "a"},
        MetadataDirective="REPLACE",
        Metadata={"y": "2"},
    )
    head = s3.head_object(Bucket="box", Key="a")
    assert (head["Metadata"], head["ContentType"]) == ({"y": "2"}, "binary/octet-stream")
    for bad, code in (
        ({"Key": "a", "CopySource": "box/a"}, "InvalidRequest"),
        ({"Key": "c", "CopySource": "box/none"}, "NoSuchKey"),
        ({"Key": "c", "CopySource": "none/a"}, "NoSuchBucket"),
        ({"Key": "c", "CopySource": "box"}, "InvalidArgument"),
        ({"Key": "c", "CopySource": "box/../a"}, "InvalidArgument"),
        ({"Key": "c", "CopySource": "box/%2e%2e/a"}, "NoSuchKey"),
        ({"Key": "c", "CopySource": "box/a?versionId=7"}, "NoSuchVersion"),
        ({"Key": "c", "CopySource": "box/a", "MetadataDirective": "NONE"}, "InvalidArgument"),
        ({"Key": "c", "CopySource": "box/a", "CopySourceIfMatch": '"x"'}, "PreconditionFailed"),
    ):
        with pytest.raises(ClientError) as error:
            s3.copy_object(Bucket="box", **bad)
        assert code_of(error) == code, bad


def test_keys_that_climb_out_are_refused(s3: Any, engine: Engine) -> None:
    (engine.home.s3 / "outside").write_text("secret")
    for key in ("../outside", "a/../../outside", "/outside", "..", "./x", "a\0b"):
        for attempt in (
            lambda key=key: s3.get_object(Bucket="box", Key=key),
            lambda key=key: s3.put_object(Bucket="box", Key=key, Body=b"x"),
            lambda key=key: s3.delete_object(Bucket="box", Key=key),
            lambda key=key: s3.create_multipart_upload(Bucket="box", Key=key),
        ):
            with pytest.raises(ClientError) as error:
                attempt()
            assert code_of(error) == "InvalidArgument", key
        failed = (
            s3.delete_objects(Bucket="box", Delete={"Objects": [{"Key": key}]}) if "\0" not in key else None
        )
        assert failed is None or failed["Errors"][0]["Code"] == "InvalidArgument"
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="box", Key="k" * 1025, Body=b"")
    assert code_of(error) == "KeyTooLongError"
    assert (engine.home.s3 / "outside").read_text() == "secret"


@pytest.mark.parametrize(
    "path", ["/box/%2e%2e/outside", "/box/..%2foutside", "/box/../outside", "/box/%00", "/box//etc/passwd"]
)
def test_encoded_ways_out_are_refused(raw: Callable[..., Any], engine: Engine, path: str) -> None:
    engine.objects.create_bucket("box")
    (engine.home.s3 / "outside").write_text("secret")
    for method in ("GET", "PUT", "DELETE"):
        status, _, body = raw(method, path)
        assert status == 400, (method, body)
        assert b"secret" not in body
    assert (engine.home.s3 / "outside").read_text() == "secret"


def test_a_path_that_is_not_utf8_is_refused(raw: Callable[..., Any], engine: Engine) -> None:
    engine.objects.create_bucket("box")
    status, _, body = raw("PUT", "/box/%ff%fe")
    assert (status, b"<Code>InvalidURI</Code>" in body) == (400, True)


def test_wrong_digests_are_refused_and_nothing_is_kept(s3: Any, engine: Engine) -> None:
    wrong_md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    for bad, code in (
        ({"ContentMD5": wrong_md5}, "BadDigest"),
        ({"ContentMD5": "nonsense"}, "InvalidDigest"),
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
        ({"ChecksumSHA256": base64.b64encode(bytes(32)).decode()}, "BadDigest"),
        ({"ChecksumSHA1": "AAAA"}, "InvalidRequest"),
    ):
        with pytest.raises(ClientError) as error:
            s3.put_object(Bucket="box", Key="k", Body=b"text", **bad)
        assert code_of(error) == code, bad
    assert s3.list_objects_v2(Bucket="box")["KeyCount"] == 0
    assert list((engine.home.s3 / ".clary" / "tmp").iterdir()) == []


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_kept_and_told(s3: Any, algorithm: str) -> None:
    put = s3.put_object(Bucket="box", Key="k", Body=io.BytesIO(b"text"), ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket="box", Key="k", ChecksumMode="ENABLED")
    assert put[f"Checksum{algorithm}"] == head[f"Checksum{algorithm}"]
    assert head["ChecksumType"] == "FULL_OBJECT"
    ranged = s3.get_object(Bucket="box", Key="k", Range="bytes=0-1", ChecksumMode="ENABLED")
    assert ranged["Body"].read() == b"te"


def test_a_checksum_that_python_cannot_compute_is_kept(raw: Callable[..., Any], engine: Engine) -> None:
    engine.objects.create_bucket("box")
    status, headers, _ = raw("PUT", "/box/k", b"123456789", {"x-amz-checksum-crc32c": "4waSgw=="})
    assert (status, headers["x-amz-checksum-crc32c"]) == (200, "4waSgw==")


def test_several_objects_are_deleted_at_once(s3: Any) -> None:
    for number in range(3):
        s3.put_object(Bucket="box", Key=f"<{number}>&", Body=b"")
    asked = {"Objects": [{"Key": f"<{number}>&"} for number in range(3)] + [{"Key": "none"}, {"Key": "../x"}]}
    answer = s3.delete_objects(Bucket="box", Delete=asked)
    assert [one["Key"] for one in answer["Deleted"]] == ["<0>&", "<1>&", "<2>&", "none"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("../x", "InvalidArgument")]
    assert "Deleted" not in s3.delete_objects(Bucket="box", Delete={"Objects": [{"Key": "x"}], "Quiet": True})
    with pytest.raises(ClientError) as error:
        s3.delete_objects(Bucket="box", Delete={"Objects": [{"Key": str(number)} for number in range(1001)]})
    assert code_of(error) == "MalformedXML"


def test_tags_are_put_read_and_removed(s3: Any) -> None:
    s3.put_object(Bucket="box", Key="k", Body=b"x", Metadata={"a": "b"})
    s3.put_object_tagging(Bucket="box", Key="k", Tagging={"TagSet": [{"Key": "<k>", "Value": "&v"}]})
    assert s3.get_object_tagging(Bucket="box", Key="k")["TagSet"] == [{"Key": "<k>", "Value": "&v"}]
    assert s3.head_object(Bucket="box", Key="k")["Metadata"] == {"a": "b"}
    s3.delete_object_tagging(Bucket="box", Key="k")
    assert s3.get_object_tagging(Bucket="box", Key="k")["TagSet"] == []
    for tags in (
        [{"Key": "a" * 129, "Value": "x"}],
        [{"Key": "a", "Value": "1"}] * 2,
        [{"Key": "a", "Value": "x" * 257}],
    ):
        with pytest.raises(ClientError) as error:
            s3.put_object_tagging(Bucket="box", Key="k", Tagging={"TagSet": tags})
        assert code_of(error) == "InvalidTag"
    with pytest.raises(ClientError) as error:
        s3.put_object(
            Bucket="box", Key="k", Body=b"", Tagging="&".join(f"k{number}=v" for number in range(11))
        )
    assert code_of(error) == "BadRequest"


def test_too_much_metadata_is_refused(s3: Any) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="box", Key="k", Body=b"", Metadata={"a": "x" * 2048})
    assert code_of(error) == "MetadataTooLarge"


def test_presigned_addresses_work_without_a_client(
    over_http: Callable[..., Any], engine: Engine, raw: Callable[..., Any], url: str
) -> None:
    from botocore.config import Config

    client = over_http(config=Config(signature_version="s3v4"))
    client.create_bucket(Bucket="box")
    put = client.generate_presigned_url("put_object", Params={"Bucket": "box", "Key": "a b"})
    status, _, _ = raw("PUT", put.removeprefix(url), b"text", signed=False)
    assert status == 200
    get = client.generate_presigned_url(
        "get_object", Params={"Bucket": "box", "Key": "a b", "ResponseContentType": "text/x"}
    )
    status, headers, body = raw("GET", get.removeprefix(url), signed=False)
    assert (status, headers["content-type"], body) == (200, "text/x", b"text")
    status, _, body = raw("GET", get.removeprefix(url).replace("a%20b", "other"), signed=False)
    assert (status, b"SignatureDoesNotMatch" in body) == (403, True)
    status, _, body = raw("DELETE", get.removeprefix(url), signed=False)
    assert status == 403


def test_a_large_object_is_streamed_and_a_reader_may_leave_early(s3: Any, engine: Engine) -> None:
    data = bytes(range(256)) * 20_000
    s3.put_object(Bucket="box", Key="k", Body=io.BytesIO(data))
    body = s3.get_object(Bucket="box", Key="k")["Body"]
    assert body.read(1000) == data[:1000]
    body.close()
    got = s3.get_object(Bucket="box", Key="k")["Body"]
    assert zlib.crc32(b"".join(got.iter_chunks())) == zlib.crc32(data)


def test_object_level_resources_work_too(s3: Any) -> None:
    s3.put_object(Bucket="box", Key="k", Body=b"x")
    assert s3.get_object_acl(Bucket="box", Key="k")["Owner"]["ID"] == "000000000000"
    with pytest.raises(ClientError) as error:
        s3.get_object_torrent(Bucket="box", Key="k")
    assert code_of(error) == "NotImplemented"
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket="box", Key="k", VersionId="abc")
    assert code_of(error) == "NoSuchVersion"
