from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path

import pytest

from clary.home import Home
from clary.objects import Objects, Properties
from clary.objects.errors import NoSuchKey, PreconditionFailed


def test_what_was_put_comes_back_with_its_properties(objects: Objects, home: Home) -> None:
    properties = Properties(
        content_type="text/csv", metadata={"owner": "ada"}, headers={"cache-control": "no-store"}
    )
    stored = objects.put("box", "a/b.csv", b"1,2\n", properties)
    assert stored.etag == hashlib.md5(b"1,2\n").hexdigest()
    assert (home.s3 / "box" / "a" / "b.csv").read_bytes() == b"1,2\n"
    again = Objects(home)
    with again.open("box", "a/b.csv") as opened:
        assert opened.info == stored
        assert opened.info.properties == properties
        assert opened.file.read() == b"1,2\n"


def test_bytes_paths_and_streams_can_be_put(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 3_000_000)
    objects.put("box", "path", tmp_path / "file")
    objects.put("box", "stream", io.BytesIO(b"y" * 3_000_000))
    assert objects.head("box", "path").size == objects.head("box", "stream").size == 3_000_000
    assert (objects.root / "box" / "stream").read_bytes() == b"y" * 3_000_000


def test_a_file_dropped_into_the_folder_is_an_object(objects: Objects) -> None:
    (objects.root / "box" / "data").mkdir()
    path = objects.root / "box" / "data" / "table.csv"
    path.write_text("1,2\n")
    info = objects.head("box", "data/table.csv")
    assert info.size == 4
    assert info.properties.content_type == "text/csv"
    assert [one.key for one in objects.list("box").objects] == ["data/table.csv"]
    path.write_text("1,2,3\n")
    assert objects.head("box", "data/table.csv").etag != info.etag
    assert objects.delete("box", "data/table.csv")


def test_a_file_edited_by_hand_loses_what_was_said_about_the_old_one(objects: Objects) -> None:
    objects.put("box", "k.txt", b"old", Properties(metadata={"a": "b"}))
    (objects.root / "box" / "k.txt").write_text("new text")
    info = objects.head("box", "k.txt")
    assert info.size == 8
    assert info.properties.metadata == {}
    assert info.etag != hashlib.md5(b"old").hexdigest()


def test_a_record_torn_by_a_crash_does_not_hide_the_object(objects: Objects) -> None:
    objects.put("box", "k", b"text")
    (record,) = (path for path in (objects.side.root / "records").rglob("*") if path.is_file())
    record.write_bytes(record.read_bytes()[:20])
    assert objects.read("box", "k") == b"text"
    record.write_text(json.dumps([{"size": 4}]))
    assert objects.head("box", "k").size == 4


def test_a_crash_between_record_and_rename_leaves_the_old_object_whole(
    objects: Objects, monkeypatch: pytest.MonkeyPatch, side_files: object
) -> None:
    old = objects.put("box", "k", b"old", Properties(metadata={"version": "1"}))

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", crash)
    with pytest.raises(KeyboardInterrupt):
        objects.put("box", "k", b"newer", Properties(metadata={"version": "2"}))
    monkeypatch.undo()
    assert objects.head("box", "k") == old
    assert objects.put("box", "k", b"newest").size == 6
    assert objects.head("box", "k").properties.metadata == {}


def test_an_overwritten_object_that_is_being_read_stays_readable(objects: Objects) -> None:
    objects.put("box", "k", b"a" * 2_000_000)
    with objects.open("box", "k") as opened:
        first = opened.file.read(1000)
        objects.put("box", "k", b"b" * 10)
        objects.delete("box", "k")
        assert first + opened.file.read() == b"a" * 2_000_000


def test_conditions_on_writing_are_checked_against_what_is_there(objects: Objects) -> None:
    first = objects.put("box", "k", b"1", if_absent=True)
    with pytest.raises(PreconditionFailed):
        objects.put("box", "k", b"2", if_absent=True)
    with pytest.raises(PreconditionFailed):
        objects.put("box", "k", b"2", if_match="0" * 32)
    objects.put("box", "k", b"3", if_match=first.etag)
    with pytest.raises(NoSuchKey):
        objects.put("box", "other", b"2", if_match=first.etag)
    assert objects.read("box", "k") == b"3"


def test_a_source_that_fails_leaves_nothing_behind(objects: Objects, side_files: object) -> None:
    class Broken:
        left = 3

        def read(self, size: int = -1, /) -> bytes:
            self.left -= 1
            if not self.left:
                raise ConnectionResetError("the client went away")
            return b"x" * 100

    with pytest.raises(ConnectionResetError):
        objects.put("box", "k", Broken())
    assert side_files() == 0  # type: ignore[operator]
    assert objects.list("box").objects == []


def test_copies_keep_or_replace_properties(objects: Objects) -> None:
    source = objects.put("box", "k", b"text", Properties(content_type="text/plain", metadata={"a": "b"}))
    objects.create_bucket("other-box")
    copied = objects.copy("box", "k", "other-box", "deep/k")
    assert (copied.etag, copied.properties) == (source.etag, source.properties)
    assert objects.read("other-box", "deep/k") == b"text"
    replaced = objects.copy("box", "k", "box", "k", lambda info: info.properties.merged(metadata={"c": "d"}))
    assert replaced.properties.metadata == {"c": "d"}
    assert objects.read("box", "k") == b"text"
    with pytest.raises(NoSuchKey):
        objects.copy("box", "none", "box", "k")


def test_tags_are_replaced_without_touching_the_object(objects: Objects) -> None:
    before = objects.put("box", "k", b"text", Properties(metadata={"a": "b"}))
    objects.retag("box", "k", {"team": "x"})
    after = objects.head("box", "k")
    assert after.properties.tags == {"team": "x"}
    assert (after.etag, after.modified, after.properties.metadata) == (
        before.etag,
        before.modified,
        {"a": "b"},
    )


def test_orphans_of_killed_writers_are_swept_and_live_ones_are_not(objects: Objects, home: Home) -> None:
    folder = objects.side.root / "tmp"
    with objects.incoming() as incoming:
        orphan = folder / "dead"
        orphan.write_bytes(b"x")
        for path in (orphan, incoming.path):
            os.utime(path, (1, 1))
        young = folder / "young"
        young.write_bytes(b"x")
        with Objects(home).incoming():
            assert incoming.path.exists()
        assert young.exists()
        assert not orphan.exists()
