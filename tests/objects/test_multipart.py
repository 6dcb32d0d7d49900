from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest

from clary.objects import Objects, Properties
from clary.objects.errors import (
    InvalidPart,
    InvalidPartOrder,
    NoSuchBucket,
    NoSuchUpload,
    PartTooSmall,
    PreconditionFailed,
)
from clary.objects.multipart import SMALLEST_PART, BadPartNumber

FIRST = b"a" * SMALLEST_PART


def test_parts_in_order_become_one_object(objects: Objects, side_files: Any) -> None:
    uploads = objects.uploads
    upload = uploads.begin("box", "deep/k", Properties(metadata={"a": "b"}))
    second = uploads.put_part("box", "deep/k", upload.id, 7, io.BytesIO(b"end"))
    first = uploads.put_part("box", "deep/k", upload.id, 2, FIRST)
    assert objects.list("box").objects == []
    assert [part.number for part in uploads.parts("box", "deep/k", upload.id)] == [2, 7]
    info = uploads.complete("box", "deep/k", upload.id, [(2, first.etag), (7, f'"{second.etag}"')])
    digests = hashlib.md5(FIRST).digest() + hashlib.md5(b"end").digest()
    assert info.etag == f"{hashlib.md5(digests).hexdigest()}-2"
    assert info.properties.metadata == {"a": "b"}
    assert objects.read("box", "deep/k") == FIRST + b"end"
    assert uploads.list("box") == []
    assert side_files() == 0
    assert list((objects.side.uploads / "box").iterdir()) == []
    assert objects.copy("box", "deep/k", "box", "copy").etag == hashlib.md5(FIRST + b"end").hexdigest()


def test_a_part_sent_again_replaces_the_first_try(objects: Objects) -> None:
    uploads = objects.uploads
    upload = uploads.begin("box", "k", Properties())
    old = uploads.put_part("box", "k", upload.id, 1, b"old")
    new = uploads.put_part("box", "k", upload.id, 1, b"new")
    with pytest.raises(InvalidPart):
        uploads.complete("box", "k", upload.id, [(1, old.etag)])
    assert len(list((objects.side.uploads / "box" / upload.id).glob("00001.*"))) == 2
    uploads.complete("box", "k", upload.id, [(1, new.etag)])
    assert objects.read("box", "k") == b"new"


def test_what_cannot_be_completed_is_refused_and_the_upload_stays(objects: Objects, side_files: Any) -> None:
    uploads = objects.uploads
    upload = uploads.begin("box", "k", Properties())
    one, two = (uploads.put_part("box", "k", upload.id, number, b"x") for number in (1, 2))
    for chosen, error in (
        ([(2, two.etag), (1, one.etag)], InvalidPartOrder),
        ([(1, one.etag), (1, one.etag)], InvalidPartOrder),
        ([(3, one.etag)], InvalidPart),
        ([], InvalidPart),
        ([(1, one.etag), (2, two.etag)], PartTooSmall),
    ):
        with pytest.raises(error):
            uploads.complete("box", "k", upload.id, chosen)
    objects.put("box", "k", b"there")
    with pytest.raises(PreconditionFailed):
        uploads.complete("box", "k", upload.id, [(1, one.etag)], if_absent=True)
    assert objects.read("box", "k") == b"there"
    assert side_files() == 0
    assert uploads.complete("box", "k", upload.id, [(1, one.etag)]).size == 1


@pytest.mark.parametrize("number", [0, -1, 10_001])
def test_part_numbers_have_limits(objects: Objects, number: int) -> None:
    upload = objects.uploads.begin("box", "k", Properties())
    with pytest.raises(BadPartNumber):
        objects.uploads.put_part("box", "k", upload.id, number, b"x")


def test_an_upload_that_is_not_there_is_refused(objects: Objects, side_files: Any) -> None:
    uploads = objects.uploads
    upload = uploads.begin("box", "k", Properties())
    uploads.put_part("box", "k", upload.id, 1, b"x")
    uploads.abort("box", "k", upload.id)
    for upload_id in (upload.id, "", "..", "../../box", "f" * 48, "x\0y"):
        for attempt in (
            lambda upload_id=upload_id: uploads.put_part("box", "k", upload_id, 1, b"x"),
            lambda upload_id=upload_id: uploads.parts("box", "k", upload_id),
            lambda upload_id=upload_id: uploads.complete("box", "k", upload_id, [(1, "x")]),
            lambda upload_id=upload_id: uploads.abort("box", "k", upload_id),
        ):
            with pytest.raises(NoSuchUpload):
                attempt()
    other = uploads.begin("box", "k", Properties())
    with pytest.raises(NoSuchUpload):
        uploads.put_part("box", "another-key", other.id, 1, b"x")
    with pytest.raises(NoSuchBucket):
        uploads.begin("none", "k", Properties())
    assert side_files() == 0


def test_uploads_under_way_are_listed_by_key_and_go_with_their_bucket(objects: Objects) -> None:
    for key in ("b", "a", "a", "c/d"):
        objects.uploads.begin("box", key, Properties())
    assert [one.key for one in objects.uploads.list("box")] == ["a", "a", "b", "c/d"]
    assert [one.key for one in objects.uploads.list("box", "c/")] == ["c/d"]
    objects.delete_bucket("box")
    objects.create_bucket("box")
    assert objects.uploads.list("box") == []
