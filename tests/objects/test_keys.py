from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.objects import Objects
from clary.objects.errors import BadKey, KeyConflict, KeyTooLong, NoSuchKey
from clary.objects.names import split, to_name, to_part


@pytest.mark.parametrize(
    "key",
    [
        "../x",
        "a/../x",
        "a/..",
        "..",
        ".",
        "./x",
        "a/./b",
        "/etc/passwd",
        "/",
        "//x",
        "a\0b",
        "",
        "a/../../x/",
        "\ud800",
    ],
)
def test_a_key_that_could_leave_its_bucket_is_refused_everywhere(objects: Objects, key: str) -> None:
    outside = objects.root / "x"
    outside.write_text("secret")
    for attempt in (
        lambda: objects.put("box", key, b"y"),
        lambda: objects.open("box", key),
        lambda: objects.head("box", key),
        lambda: objects.delete("box", key),
        lambda: objects.copy("box", key, "box", "k"),
        lambda: objects.resolve(f"s3://box/{key}") if key else objects.put("box", key, b""),
    ):
        with pytest.raises(BadKey):
            attempt()
    assert outside.read_text() == "secret"


def test_percent_encoded_dots_are_plain_characters_of_a_key(objects: Objects) -> None:
    objects.put("box", "%2e%2e/%2e%2e/x", b"y")
    assert (objects.root / "box" / "%2e%2e" / "%2e%2e" / "x").read_bytes() == b"y"


def test_keys_too_long_for_s3_or_the_file_system_are_refused(objects: Objects) -> None:
    with pytest.raises(KeyTooLong):
        objects.put("box", "é" * 513, b"")
    with pytest.raises(KeyTooLong, match="255"):
        objects.put("box", "a/" + "b" * 256, b"")
    deep = "/".join(["d" * 101] * 10)
    objects.put("box", deep, b"x")
    assert objects.read("box", deep) == b"x"


def test_the_empty_parts_that_s3_keeps_are_kept(objects: Objects) -> None:
    keys = ["a//b", "a/%/b", "a/b", "a///c", "x//", "%"]
    for key in keys:
        objects.put("box", key, b"" if key.endswith("/") else key.encode())
    assert sorted(keys) == [one.key for one in objects.list("box").objects]
    assert objects.read("box", "a//b") == b"a//b"


@given(st.text(alphabet="ab%./\u00e9 \n", min_size=0, max_size=6))
def test_names_and_parts_translate_back_and_forth(part: str) -> None:
    assert to_part(to_name(part)) == part
    assert to_name(part) != ""


@given(st.text(min_size=1, max_size=30))
def test_every_key_is_refused_or_stays_inside(key: str) -> None:
    try:
        names, _ = split(key)
    except (BadKey, KeyTooLong):
        return
    path = os.path.normpath(os.path.join("/bucket", *names))
    assert path.startswith("/bucket/")
    assert all(name not in ("", ".", "..") and "/" not in name and "\0" not in name for name in names)


def test_an_object_cannot_also_be_a_folder(objects: Objects) -> None:
    objects.put("box", "a", b"1")
    with pytest.raises(KeyConflict, match="'a' is an object"):
        objects.put("box", "a/b", b"2")
    with pytest.raises(KeyConflict):
        objects.put("box", "a/", b"")
    objects.put("box", "d/e", b"3")
    with pytest.raises(KeyConflict, match="keys below 'd/'"):
        objects.put("box", "d", b"4")
    assert [one.key for one in objects.list("box").objects] == ["a", "d/e"]
    with pytest.raises(NoSuchKey):
        objects.open("box", "a/b")
    with pytest.raises(NoSuchKey):
        objects.open("box", "d")


def test_an_empty_folder_left_by_hand_is_not_in_the_way(objects: Objects) -> None:
    (objects.root / "box" / "a").mkdir()
    objects.put("box", "a", b"1")
    assert objects.read("box", "a") == b"1"


def test_a_folder_marker_is_an_object_until_it_is_deleted(objects: Objects) -> None:
    objects.put("box", "dir/", b"")
    assert (objects.root / "box" / "dir").is_dir()
    assert objects.head("box", "dir/").size == 0
    objects.put("box", "dir/x", b"1")
    objects.delete("box", "dir/x")
    assert [one.key for one in objects.list("box").objects] == ["dir/"]
    with pytest.raises(BadKey, match="cannot have contents"):
        objects.put("box", "dir2/", b"text")
    assert objects.delete("box", "dir/")
    assert not (objects.root / "box" / "dir").exists()
    with pytest.raises(NoSuchKey):
        objects.head("box", "dir/")


def test_links_in_a_bucket_are_never_followed(objects: Objects, tmp_path: Path) -> None:
    secret = tmp_path / "outside"
    secret.mkdir()
    (secret / "file").write_text("secret")
    os.symlink(secret, objects.root / "box" / "folder")
    os.symlink(secret / "file", objects.root / "box" / "link")
    for key in ("folder/file", "link"):
        with pytest.raises(NoSuchKey):
            objects.open("box", key)
        with pytest.raises(BadKey, match="symbolic link"):
            objects.path("box", key)
    with pytest.raises(BadKey, match="'folder' is a symbolic link"):
        objects.put("box", "folder/file", b"overwritten")
    assert not objects.delete("box", "folder/file")
    assert not objects.delete("box", "link")
    assert objects.list("box").objects == []
    objects.put("box", "link", b"an object of its own")
    assert (secret / "file").read_text() == "secret"
    assert not (objects.root / "box" / "link").is_symlink()


def test_a_fifo_in_a_bucket_is_no_object_and_nobody_waits_for_it(objects: Objects) -> None:
    os.mkfifo(objects.root / "box" / "pipe")
    with pytest.raises(NoSuchKey):
        objects.open("box", "pipe")
    assert objects.list("box").objects == []


def test_deleting_the_last_key_of_a_folder_removes_the_folder(objects: Objects) -> None:
    objects.put("box", "a/b/c/d", b"1")
    objects.put("box", "a/x", b"1")
    assert objects.delete("box", "a/b/c/d")
    assert not (objects.root / "box" / "a" / "b").exists()
    assert (objects.root / "box" / "a" / "x").exists()
    assert not objects.delete("box", "a/b/c/d")
