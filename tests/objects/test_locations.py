from __future__ import annotations

from pathlib import Path

import pytest

from clary.objects import Objects
from clary.objects.errors import BadBucketName, BadKey, BadUri, NoSuchBucket, NothingFound


@pytest.mark.parametrize(
    "uri",
    [
        "s3://box/a/b c.txt",
        "https://box.s3-us-west-2.amazonaws.com/a/b%20c.txt",
        "https://box.s3.us-west-2.amazonaws.com/a/b%20c.txt",
        "https://box.s3.amazonaws.com/a/b%20c.txt",
        "https://s3-us-west-2.amazonaws.com/box/a/b%20c.txt",
        "https://s3.us-west-2.amazonaws.com/box/a/b%20c.txt",
        "https://s3.amazonaws.com/box/a/b%20c.txt",
        "https://s3.cn-north-1.amazonaws.com.cn/box/a/b%20c.txt",
    ],
)
def test_every_form_of_an_address_leads_to_the_same_object(objects: Objects, uri: str) -> None:
    location = objects.resolve(uri)
    assert (location.kind, location.bucket, location.key) == ("s3", "box", "a/b c.txt")
    assert location.path == objects.root / "box" / "a" / "b c.txt"


def test_a_bucket_alone_is_its_folder(objects: Objects) -> None:
    assert objects.resolve("s3://box").path == objects.resolve("s3://box/").path == objects.root / "box"


def test_a_file_uri_is_a_path_of_this_machine(objects: Objects, tmp_path: Path) -> None:
    location = objects.resolve(f"file://{tmp_path}/a%20b")
    assert (location.kind, location.path) == ("file", tmp_path / "a b")
    assert objects.resolve("file://localhost/x").path == Path("/x")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "box/key",
        "/etc/passwd",
        "ftp://x/y",
        "file://other-host/x",
        "file:relative",
        "https://example.com/x",
        "file:///a%00b",
    ],
)
def test_what_is_no_place_is_refused(objects: Objects, uri: str) -> None:
    with pytest.raises(BadUri):
        objects.resolve(uri)


def test_a_uri_that_climbs_out_is_refused(objects: Objects) -> None:
    for uri in (
        "s3://box/../x",
        "https://box.s3.amazonaws.com/%2e%2e/x",
        "https://s3.amazonaws.com/box//etc",
    ):
        with pytest.raises(BadKey):
            objects.resolve(uri)
    with pytest.raises(BadBucketName):
        objects.resolve("s3://../x")
    with pytest.raises(NoSuchBucket):
        objects.resolve("s3://none/x")


def test_a_prefix_expands_to_the_objects_below_it(objects: Objects) -> None:
    for key in (
        "data/train/a.csv",
        "data/train/deep/b.csv",
        "data/train1.csv",
        "data/other",
        "data/train/sub/",
    ):
        objects.put("box", key, b"")
    assert [name for name, _ in objects.expand("s3://box/data/train/")] == ["a.csv", "deep/b.csv"]
    assert [name for name, _ in objects.expand("s3://box/data/train")] == [
        "a.csv",
        "deep/b.csv",
        "train1.csv",
    ]
    assert objects.expand("s3://box")[0][0] == "data/other"
    ((name, path),) = objects.expand("s3://box/data/train/a.csv")
    assert (name, path) == ("a.csv", objects.root / "box/data/train/a.csv")


def test_an_expansion_of_nothing_says_so(objects: Objects, tmp_path: Path) -> None:
    objects.put("box", "folder/", b"")
    for uri in ("s3://box/none", "s3://box/folder/", f"file://{tmp_path}/none"):
        with pytest.raises(NothingFound, match="No S3 objects found"):
            objects.expand(uri)


def test_a_folder_of_this_machine_expands_like_a_prefix(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "in/a").write_text("1")
    (tmp_path / "in/deep/b").write_text("2")
    assert [name for name, _ in objects.expand(f"file://{tmp_path}/in")] == ["a", "deep/b"]
    assert objects.expand(f"file://{tmp_path}/in/a") == [("a", tmp_path / "in/a")]


def test_results_can_be_written_to_both_kinds_of_places(objects: Objects, tmp_path: Path) -> None:
    for uri in ("s3://box/out/model.tar.gz", f"file://{tmp_path}/out/deep/model.tar.gz"):
        objects.write_uri(uri, b"model")
        assert objects.read_uri(uri) == b"model"
    assert [path.name for path in (tmp_path / "out/deep").iterdir()] == ["model.tar.gz"]
