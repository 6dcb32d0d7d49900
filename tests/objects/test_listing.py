from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clary.objects import Objects
from clary.objects.errors import KeyConflict


def keys(objects: Objects, **options: object) -> list[str]:
    return [one.key for one in objects.list("box", **options).objects]  # type: ignore[arg-type]


def test_keys_come_in_the_order_of_their_utf8_bytes(objects: Objects) -> None:
    names = ["a.txt", "a/b", "a0", "ab/c", "a-/d", "Z", "é", "z", "\U0001f600", "\uffee", "a b", "a/b.c"]
    for name in names:
        objects.put("box", name, b"")
    assert keys(objects) == sorted(names, key=str.encode)


def test_a_delimiter_folds_folders(objects: Objects) -> None:
    for name in ("top", "a/1", "a/2", "a/b/3", "c/4", "c.txt"):
        objects.put("box", name, b"")
    (objects.root / "box" / "empty").mkdir()
    page = objects.list("box", delimiter="/")
    assert ([one.key for one in page.objects], page.prefixes) == (["c.txt", "top"], ["a/", "c/"])
    page = objects.list("box", prefix="a/", delimiter="/")
    assert ([one.key for one in page.objects], page.prefixes) == (["a/1", "a/2"], ["a/b/"])
    page = objects.list("box", prefix="a", delimiter="/")
    assert (page.objects, page.prefixes) == ([], ["a/"])


def test_any_text_can_be_the_delimiter(objects: Objects) -> None:
    for name in ("2026-01-a", "2026-01-b", "2026-02-a", "x", "2026/y-1"):
        objects.put("box", name, b"")
    page = objects.list("box", delimiter="-")
    assert ([one.key for one in page.objects], page.prefixes) == (["x"], ["2026-", "2026/y-"])
    page = objects.list("box", prefix="2026-", delimiter="-")
    assert page.prefixes == ["2026-01-", "2026-02-"]


@pytest.mark.parametrize("prefix", ["../", "..", ".", "/", "a\0", "a/../", "no/such/"])
def test_a_prefix_that_leads_nowhere_finds_nothing(objects: Objects, prefix: str) -> None:
    objects.put("box", "a/b", b"")
    (objects.root / "outside").write_text("x")
    assert keys(objects, prefix=prefix) == []


def test_file_names_that_are_no_text_are_left_out(objects: Objects) -> None:
    with open(os.fsencode(objects.root / "box") + b"/\xff\xfe", "wb"):
        pass
    objects.put("box", "k\nl\x01", b"")
    assert keys(objects) == ["k\nl\x01"]


def test_no_page_reads_more_than_it_must(objects: Objects) -> None:
    for number in range(30):
        objects.put("box", f"d{number:02}/k", b"")
    page = objects.list("box", limit=10)
    assert page.next == "d09/k"
    assert objects.list("box", limit=0).next == ""
    assert objects.list("box", start_after="d28/k").objects[0].key == "d29/k"


names = st.text(alphabet="ab-/.0", min_size=1, max_size=7).filter(
    lambda key: not key.startswith("/") and not {"", ".", ".."} & set(key.split("/"))
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stored=st.sets(names, max_size=14),
    prefix=st.text(alphabet="ab-/", max_size=3),
    delimiter=st.sampled_from(["", "/", "-", "a/"]),
    limit=st.integers(1, 5),
)
def test_pages_together_are_what_s3_defines(
    objects: Objects, stored: set[str], prefix: str, delimiter: str, limit: int
) -> None:
    for one in objects.list("box").objects:
        objects.delete("box", one.key)
    present = set()
    for key in sorted(stored):
        try:
            objects.put("box", key, b"")
            present.add(key)
        except KeyConflict:
            continue
    expected: list[str] = []
    for key in sorted(present):
        if not key.startswith(prefix):
            continue
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        entry = key if cut < 0 else key[: cut + len(delimiter)]
        if entry not in expected:
            expected.append(entry)
    found: list[str] = []
    after = ""
    while True:
        page = objects.list("box", prefix, delimiter, after, limit)
        entries = sorted([one.key for one in page.objects] + page.prefixes)
        assert len(entries) <= limit
        found += entries
        if not page.next:
            break
        after = page.next
    assert found == expected


def test_a_large_folder_that_is_remembered_is_never_out_of_date(objects: Objects) -> None:
    folder = objects.root / "box"
    for number in range(1500):
        (folder / f"{number:04}").touch()
    os.utime(folder, (1000, 1000))
    assert len(keys(objects, limit=5000)) == 1500
    os.utime(folder, (2000, 2000))
    assert len(keys(objects, limit=5000)) == 1500
    objects.put("box", "new", b"")
    assert len(keys(objects, limit=5000)) == 1501
    objects.delete("box", "0000")
    objects.put("box", "0000/below", b"")
    found = keys(objects, limit=5000)
    assert (len(found), found[0], found[-1]) == (1501, "0000/below", "new")
    (folder / "0001").write_text("grown")
    assert objects.list("box", prefix="0001").objects[0].size == 5
