"""The parts of input channels by themselves, on inputs of every kind."""

from __future__ import annotations

import io
import json
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.objects import Objects
from clary.toolkits.training.channels import DataError, Order, Share, Source, find, recordio
from clary.toolkits.training.channels.augmented import AugmentedManifest
from clary.toolkits.training.channels.json_list import elements
from clary.toolkits.training.channels.manifests import objects_of


@given(st.lists(st.integers()), st.integers(1, 9), st.none() | st.integers(0, 99), st.integers(0, 5))
def test_hosts_share_all_items_among_them_and_none_twice(
    items: list[int], hosts: int, seed: int | None, epoch: int
) -> None:
    parts = [Order(Share(host, hosts), seed).of(items, epoch) for host in range(hosts)]
    assert sorted(item for part in parts for item in part) == sorted(items)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    if seed is None:
        assert [list(part) for part in parts] == [items[host::hosts] for host in range(hosts)]


def decoded(stream: bytes) -> list[bytes]:
    """RecordIO as mxnet's documentation of the format has it."""
    file, found = io.BytesIO(stream), []
    while head := file.read(8):
        magic, length = struct.unpack("<II", head)
        assert magic == 0xCED7230A
        assert length >> 29 == 0  # not split
        found.append(file.read(length))
        file.read((4 - length % 4) % 4)
    return found


@given(st.lists(st.binary(max_size=70) | st.just(struct.pack("<I", recordio.MAGIC) * 3)))
def test_records_come_out_as_they_went_in(data: list[bytes]) -> None:
    out = io.BytesIO()
    for record in data:
        recordio.write(out, io.BytesIO(record), len(record), "it")
    assert len(out.getvalue()) % 4 == 0
    assert decoded(out.getvalue()) == data


def test_what_no_record_can_hold_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="huge has 536870912 bytes"):
        recordio.write(io.BytesIO(), io.BytesIO(), 1 << 29, "huge")


class Slow(io.StringIO):
    """Gives a few characters at a time, however many are asked for."""

    def __init__(self, text: str, step: int) -> None:
        super().__init__(text)
        self._step = step

    def read(self, size: int | None = -1, /) -> str:
        return super().read(self._step)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(VALUES, max_size=6), st.integers(1, 9), st.sampled_from([None, 1]))
def test_a_list_is_read_as_a_whole_parser_reads_it_wherever_the_chunks_end(
    values: list[Any], step: int, indent: int | None
) -> None:
    text = json.dumps(values, indent=indent)
    assert list(elements(Slow(text, step))) == values


@given(st.lists(VALUES, min_size=1, max_size=4), st.integers(1, 9), st.data())
def test_a_broken_list_is_told_from_a_whole_one(values: list[Any], step: int, data: st.DataObject) -> None:
    text = json.dumps(values)
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(json.JSONDecodeError):
        list(elements(Slow(text[:cut], step)))
    with pytest.raises(json.JSONDecodeError):
        list(elements(Slow(text + "x", step)))


def test_the_place_of_an_error_is_that_in_the_whole_text() -> None:
    text = '[\n"a",\n' + '"b",\n' * 400_000 + "nonsense]"
    with pytest.raises(json.JSONDecodeError, match="line 400003 column 1"):
        list(elements(io.StringIO(text)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"prefix": "s3://bucket/d/"}, "a"', "is not valid JSON: Expecting ',' or ']': line 1 column 35"),
        ('[{"prefix": "s3://bucket/d/"},\n "a", oops]', "is not valid JSON: Expecting value: line 2 column 7"),
        ("", "a list must begin with"),
        ('{"prefix": "s3://bucket/d/"}', "a list must begin with"),
        ("[]", "whose first element is"),
        ('["a"]', 'whose first element is {"prefix": "s3://bucket/some/prefix/"}, but that is "a"'),
        ('[{"prefix": "bucket/d/"}, "a"]', "whose first element is"),
        ('[{"prefix": "s3://bucket/d/"}]', "names no objects"),
        ('[{"prefix": "s3://bucket/d/"}, "a", {"b": 1}]', 'Entry 3 of the manifest "s3://bucket/m" is {"b": 1}'),
        ('[{"prefix": "s3://bucket/d/"}, "a", "no"]', 'Entry 3 of the manifest "s3://bucket/m" names "s3://bucket/d/no"'),
        ('[{"prefix": "s3://bucket/d/"}, "deep"]', "there is no such object"),
        ('[{"prefix": "s3://bucket/d/"}, "../../x"]', "which cannot be used: The key 'd/../../x' is refused"),
        ('[{"prefix": "s3://none/d/"}, "a"]', "which cannot be used: The specified bucket does not exist: none"),
        ('[{"prefix": "s3://bucket/d/"}, "link"]', "is a symbolic link"),
        ('[{"prefix": "s3://bucket/"}, "linked/x"]', "symbolic link"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_wrong_says_where(
    objects: Objects, tmp_path: Path, text: str | bytes, words: str
) -> None:
    for key in ("d/a", "d/deep/b"):
        objects.put("bucket", key, b"1")
    (tmp_path / "x").write_text("secret")
    (objects.root / "bucket" / "d" / "link").symlink_to(tmp_path / "x")
    (objects.root / "bucket" / "linked").symlink_to(tmp_path)
    objects.put("bucket", "m", text.encode() if isinstance(text, str) else text)
    with pytest.raises(DataError) as error:
        find(Source("s3://bucket/m", "ManifestFile"), objects)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"a": 1', "line 2 is not valid JSON"),
        ("[1]", "line 2 is no JSON object"),
        ('{"b": 1}', "line 2 has no attribute 'a', which is in AttributeNames"),
        ('{"a": 1, "x-ref": 5}', "line 2 has no S3 URI in 'x-ref'"),
        ('{"a": 1, "x-ref": "s3://bucket/gone"}', 'names "s3://bucket/gone", and there is no such object'),
        ('{"a": 1, "x-ref": "ftp://x"}', "which cannot be used"),
    ],
)
def test_an_augmented_manifest_that_is_wrong_says_in_which_line(
    objects: Objects, line: str, words: str
) -> None:
    objects.put("bucket", "x", b"1")
    objects.put("bucket", "m", f'{{"a": 1, "x-ref": "s3://bucket/x"}}\n{line}\n'.encode())
    with pytest.raises(DataError) as error:
        list(AugmentedManifest("s3://bucket/m", ["a", "x-ref"], objects).lines())
    assert words in str(error.value)


def test_a_manifest_of_100_000_entries_is_gone_through_in_seconds(objects: Objects) -> None:
    folder = objects.root / "bucket" / "d"
    folder.mkdir()
    for number in range(1000):
        (folder / f"{number}").touch()
    keys = [str(number % 1000) for number in range(100_000)]
    objects.put("bucket", "m", json.dumps([{"prefix": "s3://bucket/d/"}, *keys]).encode())
    begun = time.process_time()
    assert [entry.name for entry in objects_of("s3://bucket/m", objects)] == keys
    assert time.process_time() - begun < 5
