"""Input manifests: AWS's rules, and words for whatever is wrong."""

from __future__ import annotations

import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as examined
from hypothesis import strategies as st

from clary.labeling import manifest, tasks
from clary.labeling.manifest import ManifestError, Source, check_attribute, read, read_all, with_label

GOOD = b'{"source-ref":"s3://b/a.jpg"}'


def words(data: bytes, source: Source | None = None) -> str:
    with pytest.raises(ManifestError) as refused:
        read_all(data, source)
    return str(refused.value)


def test_lines_are_read_whatever_their_ends_are() -> None:
    data = b'\xef\xbb\xbf{"source":"a \\u00e9"}\r\n\n  \n{"source" : "\xc3\xa9", "id": 1e2}\n{"source":"c"}'
    lines = read_all(data, "source")
    assert [one.number for one in lines] == [1, 4, 5]
    assert [one.value["source"] for one in lines] == ["a é", "é", "c"]
    assert lines[1].raw == b'{"source" : "\xc3\xa9", "id": 1e2}'
    assert manifest.sources(lines) == ["a é", "é", "c"]


@pytest.mark.parametrize(
    ("line", "source", "said"),
    [
        (b'{"source": "a"', None, "Line 2 of the manifest is no valid JSON (column"),
        (b"{'source': 'a'}", None, "is no valid JSON (column 2"),
        (b'{"source": NaN}', None, "is no valid JSON"),
        (b'{"source": "\\ud800"}', None, "is no valid JSON"),
        (b'{"source": "\xff"}', None, "is not UTF-8 (byte 13)"),
        (b'["s3://b/a.jpg"]', None, "must be an object with 'source' or 'source-ref'"),
        (b"7", None, "is 7: it must be an object"),
        (b'{"id": 1}', None, "has no 'source' or 'source-ref'"),
        (b'{"id": 1}', "source-ref", "has no 'source-ref': it names no object"),
        (b'{"source": "a"}', "source-ref", "has 'source', a text; this task labels images"),
        (GOOD, "source", "has 'source-ref'; this task labels texts"),
        (b'{"source": "a", "source-ref": "s3://b/a"}', None, "has both 'source' and 'source-ref'"),
        (b'{"source": "  "}', None, "must be a text that is not empty"),
        (b'{"source-ref": 3}', None, "has 3 as its 'source-ref'"),
        (b'{"source-ref": null}', None, "has no 'source' or 'source-ref'"),
        (b'{"source": "a", "$x": 1}', None, "an attribute '$x': names may not begin with '$'"),
        (b'{"source": "%s"}' % (b"a" * 20_001), None, "has 20,001 characters under 'source'; 20,000 is the most"),
        (b'{"source": "a", "b": [%s1]}' % (b"1," * 10_000), None, "characters under 'b'; 20,000"),
        (b'{"source": "a"%s}' % b"".join(b', "x%d": "%s"' % (n, b"b" * 19_000) for n in range(6)), None, "100,000 is the most"),
    ],
)  # fmt: skip
def test_a_broken_line_is_told_by_its_number_and_fault(line: bytes, source: Source | None, said: str) -> None:
    told = words(
        b'{"source-ref": "s3://b/0"}\n' + line if source != "source" else b'{"source": "x"}\n' + line, source
    )
    assert said in told
    assert told.startswith("Line 2 of the manifest ")
    assert len(told) < 400


def test_length_counts_characters_not_bytes() -> None:
    assert len(read_all(('{"source": "%s"}' % ("é" * 20_000)).encode())) == 1


def test_labels_of_earlier_jobs_may_have_any_length_and_other_attributes_not() -> None:
    label = {"boxes": ["x" * 90_000], "boxes-metadata": {"objects": [0] * 30_000}}
    assert len(read_all(json.dumps({"source": "a", **label}).encode())) == 1
    told = words(json.dumps({"source": "a", **label, "more": "b" * 20_001}).encode())
    assert (
        told
        == "Line 1 of the manifest has 20,001 characters under 'more'; 20,000 is the most for an attribute."
    )
    rest = {f"x{n}": "b" * 19_000 for n in range(6)}
    assert "has 114,062 characters besides its labels; 100,000 is the most" in words(
        json.dumps({"source": "a", **label, **rest}).encode()
    )
    source = json.dumps({"source": "b" * 20_001, "source-metadata": {}}).encode()
    assert "20,001 characters under 'source'" in words(source)
    assert len(list(read(source, any_length=True))) == 1


def test_several_faults_are_told_together() -> None:
    told = words(GOOD + b"\n{}\n" + GOOD + b"\nx\n[]")
    assert "- Line 2 of the manifest has no" in told
    assert "- Line 4 of the manifest is no valid JSON" in told
    assert "- Line 5 of the manifest is []" in told
    assert "There are more." in words(b"{}\n" * 50)
    assert words(b"\n\n") == "The manifest has no lines: there is nothing to label."


def test_lines_that_repeat_are_objects_of_their_own() -> None:
    lines = read_all(GOOD + b"\n" + GOOD + b'\n{"source-ref":"s3://b/b.jpg"}')
    assert len(lines) == 3
    assert manifest.repeated(lines) == {"s3://b/a.jpg": 2}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=4
)


@given(st.dictionaries(st.text(min_size=1), JSON, max_size=4), st.booleans())
@examined(max_examples=80, deadline=None)
def test_other_attributes_pass_through_and_the_label_comes_last(more: dict[str, Any], compact: bool) -> None:
    value = {name: one for name, one in more.items() if not name.startswith("$")} | {"source": "a"}
    value = {name: one for name, one in value.items() if name != "source-ref"}
    raw = json.dumps(value, separators=(",", ":") if compact else None).encode()
    (line,) = read(raw)
    out = with_label(line, "pets", 1, {"class-name": "<b>"})
    assert list(orjson.loads(out).items())[-2:] == [("pets", 1), ("pets-metadata", {"class-name": "<b>"})]
    again = with_label(out, "pets", 2, {})
    assert orjson.loads(again) == {**value, "pets": 2, "pets-metadata": {}}
    if "pets" not in value and "pets-metadata" not in value:
        assert out.startswith(raw[:-1])


def test_a_label_of_before_is_replaced_also_under_an_escaped_name() -> None:
    out = with_label(rb'{"source":"a","p\u0065ts":7}', "pets", 1, {})
    assert orjson.loads(out) == {"source": "a", "pets": 1, "pets-metadata": {}}


def test_whether_a_line_has_a_label_is_told() -> None:
    assert manifest.labelled({"pets": 0, "pets-metadata": {}}, "pets")
    assert not manifest.labelled({"pets-metadata": {}}, "pets")
    assert not manifest.labelled({"pets": None}, "pets")


@pytest.mark.parametrize(
    ("name", "task", "mode", "audited", "said"),
    [
        ("pets-metadata", None, "label", "", "may not end in '-metadata'"),
        ("source", None, "label", "", "names the object itself"),
        ("source-ref", "semantic-segmentation", "label", "", "names the object itself"),
        ("a b", None, "label", "", "is not valid"),
        ("-a", None, "label", "", "is not valid"),
        ("a" * 128, None, "label", "", "is not valid"),
        ("streets", "semantic-segmentation", "label", "", "must end in '-ref'"),
        ("streets", "semantic-segmentation", "adjust", "x-ref", "must end in '-ref'"),
        ("good-ref", "semantic-segmentation", "verify", "x-ref", "may not end in '-ref'"),
        ("pets-ref", "image-classification", "label", "", "may not end in '-ref'"),
        ("boxes", "bounding-box", "adjust", "boxes", "needs another one"),
    ],
)
def test_a_label_attribute_has_to_follow_the_rules(
    name: str, task: str | None, mode: Any, audited: str, said: str
) -> None:
    with pytest.raises(ManifestError, match=said):
        check_attribute(name, tasks.find(task) if task else None, mode, audited)


def test_good_label_attributes_are_taken() -> None:
    for name, task, mode in (
        ("pets", "image-classification", "label"), ("a--b-1", "bounding-box", "adjust"),
        ("streets-ref", "semantic-segmentation", "adjust"),
        ("good", "semantic-segmentation", "verify"),
    ):  # fmt: skip
        check_attribute(name, tasks.find(task), mode, "other")  # type: ignore[arg-type]
    check_attribute("anything-ref")


def test_a_hundred_thousand_lines_are_read_and_written_in_a_moment() -> None:
    data = b"\n".join(
        b'{"source-ref":"s3://bucket/images/%06d.jpg","id":%d}' % (n, n) for n in range(100_000)
    )
    begun = time.process_time()
    lines = read_all(data, "source-ref")
    metadata = {"class-name": "cat", "confidence": 0.9}
    written = [with_label(one, "pets", 1, metadata) for one in lines]
    assert time.process_time() - begun < 2.5
    assert len(written) == 100_000
