from __future__ import annotations

import os
from pathlib import Path

import pytest

from clary.objects import Objects
from clary.objects.errors import BadBucketName, BucketAlreadyOwnedByYou, BucketNotEmpty, NoSuchBucket


def test_a_bucket_is_a_folder_under_the_home(objects: Objects) -> None:
    assert (objects.root / "box").is_dir()
    assert [bucket.name for bucket in objects.buckets()] == ["box"]


def test_a_folder_made_by_hand_is_a_bucket(objects: Objects) -> None:
    (objects.root / "by-hand").mkdir()
    (objects.root / "Not A Bucket").mkdir()
    assert [bucket.name for bucket in objects.buckets()] == ["box", "by-hand"]
    assert objects.head_bucket("by-hand").region == ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "a" * 64,
        "Upper",
        "under_score",
        ".clary",
        "..",
        "a..b",
        "-a1",
        "a1-",
        "10.0.0.1",
        "a/b",
        "a\0b",
        "é11",
        "xn--abc",
    ],
)
def test_a_name_that_s3_refuses_is_refused(objects: Objects, name: str) -> None:
    with pytest.raises(BadBucketName):
        objects.create_bucket(name)
    with pytest.raises(BadBucketName):
        objects.put(name, "k", b"")


def test_a_bucket_is_created_once(objects: Objects) -> None:
    with pytest.raises(BucketAlreadyOwnedByYou):
        objects.create_bucket("box")


def test_a_missing_bucket_is_named_in_the_error(objects: Objects) -> None:
    for attempt in (
        lambda: objects.head_bucket("none"),
        lambda: objects.put("none", "k", b""),
        lambda: objects.open("none", "k"),
        lambda: objects.list("none"),
        lambda: objects.delete("none", "k"),
        lambda: objects.delete_bucket("none"),
        lambda: objects.path("none", "k"),
    ):
        with pytest.raises(NoSuchBucket, match="none"):
            attempt()
    assert not (objects.root / "none").exists()


def test_only_an_empty_bucket_can_be_deleted(objects: Objects) -> None:
    objects.put("box", "a/b/c", b"x")
    with pytest.raises(BucketNotEmpty):
        objects.delete_bucket("box")
    objects.delete("box", "a/b/c")
    (objects.root / "box" / "empty" / "below").mkdir(parents=True)
    objects.delete_bucket("box")
    assert not (objects.root / "box").exists()
    assert objects.buckets() == []


def test_a_bucket_that_holds_only_a_link_is_not_deleted_and_the_link_survives(
    objects: Objects, tmp_path: Path
) -> None:
    os.symlink(tmp_path, objects.root / "box" / "link")
    with pytest.raises(BucketNotEmpty, match="link"):
        objects.delete_bucket("box")
    assert (objects.root / "box" / "link").is_symlink()


def test_a_link_in_place_of_a_bucket_is_no_bucket(objects: Objects, tmp_path: Path) -> None:
    os.symlink(tmp_path, objects.root / "elsewhere")
    assert [bucket.name for bucket in objects.buckets()] == ["box"]
    with pytest.raises(NoSuchBucket):
        objects.put("elsewhere", "k", b"x")
    assert not (tmp_path / "k").exists()


def test_a_new_bucket_of_an_old_name_knows_nothing_of_the_old_objects(objects: Objects) -> None:
    objects.put("box", "folder/", b"")
    objects.delete("box", "folder/")
    objects.delete_bucket("box")
    objects.create_bucket("box")
    assert objects.list("box").objects == []
