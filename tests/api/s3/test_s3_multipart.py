from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from clary.api.engine import Engine

MEGABYTE = 2**20


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def file_of(path: Path, megabytes: int) -> str:
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for _ in range(megabytes):
            data = os.urandom(MEGABYTE)
            digest.update(data)
            file.write(data)
    return digest.hexdigest()


def digest_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.slow
def test_a_hundred_megabytes_go_up_and_down_through_the_transfer_manager(s3: Any, tmp_path: Path) -> None:
    digest = file_of(tmp_path / "up", 100)
    s3.upload_file(
        str(tmp_path / "up"), "box", "deep/k", ExtraArgs={"Metadata": {"a": "b"}, "ContentType": "x/y"}
    )
    head = s3.head_object(Bucket="box", Key="deep/k")
    assert (head["ContentLength"], head["Metadata"], head["ContentType"]) == (
        100 * MEGABYTE,
        {"a": "b"},
        "x/y",
    )
    assert head["ETag"].endswith('-13"')
    s3.download_file("box", "deep/k", str(tmp_path / "down"))
    assert digest_of(tmp_path / "down") == digest
    s3.copy(
        {"Bucket": "box", "Key": "deep/k"},
        "box",
        "copy",
        Config=TransferConfig(multipart_threshold=10 * MEGABYTE),
    )
    s3.download_file("box", "copy", str(tmp_path / "down"))
    assert digest_of(tmp_path / "down") == digest
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="box")


def test_parts_are_listed_completed_and_checked(s3: Any) -> None:
    upload = s3.create_multipart_upload(
        Bucket="box", Key="k", Metadata={"a": "b"}, ChecksumAlgorithm="SHA256"
    )["UploadId"]
    bodies = {1: b"a" * 5 * MEGABYTE, 2: b"b" * 10, 3: b"never used"}
    sent = {
        number: s3.upload_part(
            Bucket="box", Key="k", UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256"
        )
        for number, body in bodies.items()
    }
    pages = s3.get_paginator("list_parts").paginate(
        Bucket="box", Key="k", UploadId=upload, PaginationConfig={"PageSize": 2}
    )
    parts = [part for page in pages for part in page["Parts"]]
    assert [(part["PartNumber"], part["Size"]) for part in parts] == [(1, 5 * MEGABYTE), (2, 10), (3, 10)]
    assert [one["Key"] for one in s3.list_multipart_uploads(Bucket="box")["Uploads"]] == ["k"]
    chosen = [
        {"PartNumber": number, "ETag": sent[number]["ETag"], "ChecksumSHA256": sent[number]["ChecksumSHA256"]}
        for number in (1, 2)
    ]
    done = s3.complete_multipart_upload(
        Bucket="box", Key="k", UploadId=upload, MultipartUpload={"Parts": chosen}
    )
    assert done["ChecksumSHA256"].endswith("-2")
    assert done["ChecksumType"] == "COMPOSITE"
    got = s3.get_object(Bucket="box", Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == bodies[1] + bodies[2]
    assert (got["ETag"], got["Metadata"]) == (done["ETag"], {"a": "b"})


def test_a_checksum_of_the_whole_object_is_verified(s3: Any) -> None:
    def begin() -> tuple[str, list[dict[str, Any]]]:
        upload = s3.create_multipart_upload(
            Bucket="box", Key="k", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
        )["UploadId"]
        part = s3.upload_part(
            Bucket="box", Key="k", UploadId=upload, PartNumber=1, Body=b"123456789", ChecksumAlgorithm="CRC32"
        )
        return upload, [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}]

    upload, parts = begin()
    with pytest.raises(ClientError) as error:
        s3.complete_multipart_upload(
            Bucket="box", Key="k", UploadId=upload, MultipartUpload={"Parts": parts}, ChecksumCRC32="AAAAAA=="
        )
    assert code_of(error) == "BadDigest"
    done = s3.complete_multipart_upload(
        Bucket="box", Key="k", UploadId=upload, MultipartUpload={"Parts": parts}, ChecksumCRC32="y/Q5Jg=="
    )
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == ("y/Q5Jg==", "FULL_OBJECT")


def test_parts_can_be_copied_from_objects(s3: Any) -> None:
    s3.put_object(Bucket="box", Key="source", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket="box", Key="k")["UploadId"]
    copied = s3.upload_part_copy(
        Bucket="box",
        Key="k",
        UploadId=upload,
        PartNumber=1,
        CopySource="box/source",
        CopySourceRange="bytes=2-5",
    )
    etag = copied["CopyPartResult"]["ETag"]
    for bad, code in (
        ({"CopySource": "box/source", "CopySourceRange": "bytes=20-30"}, "InvalidRange"),
        ({"CopySource": "box/source", "CopySourceRange": "all"}, "InvalidArgument"),
        ({"CopySource": "box/none"}, "NoSuchKey"),
        ({"CopySource": "box/source", "CopySourceIfMatch": '"x"'}, "PreconditionFailed"),
    ):
        with pytest.raises(ClientError) as error:
            s3.upload_part_copy(Bucket="box", Key="k", UploadId=upload, PartNumber=1, **bad)
        assert code_of(error) == code
    s3.complete_multipart_upload(
        Bucket="box", Key="k", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    assert s3.get_object(Bucket="box", Key="k")["Body"].read() == b"2345"


def test_an_aborted_upload_is_gone(s3: Any, engine: Engine) -> None:
    upload = s3.create_multipart_upload(Bucket="box", Key="k")["UploadId"]
    s3.upload_part(Bucket="box", Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket="box", Key="k", UploadId=upload)
    for attempt in (
        lambda: s3.upload_part(Bucket="box", Key="k", UploadId=upload, PartNumber=1, Body=b"x"),
        lambda: s3.list_parts(Bucket="box", Key="k", UploadId=upload),
        lambda: s3.abort_multipart_upload(Bucket="box", Key="k", UploadId="../../box"),
        lambda: s3.complete_multipart_upload(
            Bucket="box",
            Key="k",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]},
        ),
    ):
        with pytest.raises(ClientError) as error:
            attempt()
        assert code_of(error) == "NoSuchUpload"
    assert list((engine.home.s3 / ".clary" / "uploads" / "box").iterdir()) == []


def test_a_completion_that_does_not_fit_is_refused(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="box", Key="k")["UploadId"]
    etags = [
        s3.upload_part(Bucket="box", Key="k", UploadId=upload, PartNumber=number, Body=b"x")["ETag"]
        for number in (1, 2)
    ]
    for parts, code in (
        ([(1, etags[0]), (2, etags[1])], "EntityTooSmall"),
        ([(2, etags[1]), (1, etags[0])], "InvalidPartOrder"),
        ([(1, '"x"')], "InvalidPart"),
        ([(9, etags[0])], "InvalidPart"),
        ([], "MalformedXML"),
    ):
        with pytest.raises(ClientError) as error:
            s3.complete_multipart_upload(
                Bucket="box",
                Key="k",
                UploadId=upload,
                MultipartUpload={"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in parts]},
            )
        assert code_of(error) == code
    for number in (0, 10_001):
        with pytest.raises(ClientError) as error:
            s3.upload_part(Bucket="box", Key="k", UploadId=upload, PartNumber=number, Body=b"x")
        assert code_of(error) == "InvalidArgument"


def test_a_body_that_is_no_completion_is_refused(raw: Callable[..., Any], engine: Engine) -> None:
    engine.objects.create_bucket("box")
    for body in (
        b"",
        b"<a",
        b"<Other/>",
        b"<CompleteMultipartUpload><Part><PartNumber>x</PartNumber><ETag/></Part></CompleteMultipartUpload>",
    ):
        status, _, answer = raw("POST", f"/box/k?uploadId={'0' * 48}", body)
        assert (status, b"MalformedXML" in answer) == (400, True)
    status, _, answer = raw("PUT", f"/box/k?uploadId={'0' * 48}", b"x")
    assert (status, b"InvalidArgument" in answer) == (400, True)


def test_uploads_under_way_come_in_pages(s3: Any) -> None:
    for key in ("b", "a", "a", "c", "p/x"):
        s3.create_multipart_upload(Bucket="box", Key=key)
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket="box", PaginationConfig={"PageSize": 2}
    )
    assert [one["Key"] for page in pages for one in page["Uploads"]] == ["a", "a", "b", "c", "p/x"]
    found = s3.list_multipart_uploads(Bucket="box", Prefix="p/")["Uploads"]
    assert [one["Key"] for one in found] == ["p/x"]
