"""What clary.label takes as data, and what it says of data that it cannot take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clary.sdk import storage
from clary.sdk.labeling_annotations import as_table
from clary.sdk.labeling_gold import gold_block
from clary.sdk.labeling_input import manifest_of


def picture(path: Path) -> Path:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), "red").save(path)
    return path


def lines(data: Any, **options: Any) -> list[dict[str, Any]]:
    found = manifest_of(data, "job", **options)
    return [json.loads(line) for line in storage.get(found.uri).splitlines()]


@pytest.fixture
def folder(home_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def test_images_of_a_folder_stay_where_they_are_and_are_listed_in_order(folder: Path) -> None:
    for name in ("b/2 ü.png", "a/1.jpg", ".ipynb_checkpoints/1.jpg"):
        picture(folder / "photos" / name)
    (folder / "photos" / "notes.csv").write_text("x")
    found = lines("photos")
    photos = folder / "photos"
    assert [one["source-ref"] for one in found] == [
        (photos / name).as_uri() for name in ("a/1.jpg", "b/2 ü.png")
    ]
    assert storage.get(found[1]["source-ref"]) == (folder / "photos/b/2 ü.png").read_bytes()


def test_images_of_a_file_address_stay_where_they_are(folder: Path) -> None:
    path = picture(folder / "photos" / "1 ü.png")
    (found,) = lines((folder / "photos").as_uri())
    assert found == {"source-ref": path.as_uri()}
    assert storage.get(found["source-ref"]) == path.read_bytes()


def test_lists_hold_texts_paths_arrays_or_pictures(folder: Path) -> None:
    import numpy as np
    from PIL import Image

    assert lines(["good", "bad\nworse"]) == [{"source": "good"}, {"source": "bad\nworse"}]
    path = picture(folder / "1.png")
    assert "source-ref" in lines([str(path)])[0]
    assert lines(["nowhere.png"]) == [{"source": "nowhere.png"}]
    shown = np.arange(12, dtype="uint8").reshape(3, 4)
    for item in (shown, Image.fromarray(shown)):
        (found,) = lines([item])
        assert storage.get(found["source-ref"]).startswith(b"\x89PNG")


def test_a_missing_image_of_several_is_told_and_no_text(folder: Path) -> None:
    import pandas

    picture(folder / "cat.png")
    both = ["cat.png", "dgo.png"]
    for data in (both, pandas.Series(both), pandas.DataFrame({"name": both}), [Path("cat.png"), "dgo.png"]):
        with pytest.raises(FileNotFoundError, match=r"There is no image dgo.png in .* \(object 1\)"):
            lines(data)
    with pytest.raises(FileNotFoundError, match=r"There is no image 1.png"):
        lines(["1.png", "2.png"], modality="image")
    (folder / "names.csv").write_text("name\ncat.png\n")
    assert "source-ref" in lines("names.csv")[0]
    for data in (["cat.png"], "names.csv"):  # a task of texts
        assert lines(data, modality="text") == [{"source": "cat.png"}]
    with pytest.raises(ValueError, match="Row 1 of column 'name' holds nan"):
        lines(pandas.DataFrame({"name": ["cat.png", float("nan")]}), modality="image")


def test_a_table_gives_one_column_and_passes_the_others_on(folder: Path) -> None:
    import pandas

    picture(folder / "data" / "1.png")
    table = pandas.DataFrame({"text": ["a", "b"], "stars": [1, float("nan")], "$x": [1, 2]})
    assert lines(table) == [{"source": "a", "stars": 1.0}, {"source": "b"}]
    assert lines(table["text"]) == [{"source": "a"}, {"source": "b"}]
    (folder / "data" / "set.csv").write_text("file,who\n1.png,007\n")
    (found,) = lines("data/set.csv")
    assert found["who"] == "007"
    assert found["source-ref"].endswith("data/1.png")
    with pytest.raises(ValueError, match=r"There is no column 'title': give column=, one of text, stars"):
        lines(table, column="title")
    with pytest.raises(ValueError, match="which column is to be labelled"):
        lines(pandas.DataFrame({"p": ["a"], "q": ["b"]}))


def test_manifests_and_prefixes_are_taken_as_they_are(folder: Path) -> None:
    bucket = storage.default_bucket()
    uri = storage.put(bucket, "in/set.manifest", b'{"source": "a"}\n')
    assert manifest_of(uri, "job").uri == uri
    storage.put(bucket, "photos/1.png", b"x")
    storage.put(bucket, "photos/readme.txt", b"x")
    assert lines(f"s3://{bucket}/photos/") == [{"source-ref": f"s3://{bucket}/photos/1.png"}]
    (folder / "set.jsonl").write_text('{"source-ref": "s3://b/1.png"}\n')
    assert manifest_of("set.jsonl", "job").modality == "image"
    long = json.dumps({"label": "x" * 300_000, "source": "a"})
    assert (
        manifest_of(storage.put(bucket, "in/long.manifest", f"{long}\n".encode()), "job").modality == "text"
    )
    (folder / "long.jsonl").write_text(f"\n{long}\n")
    assert manifest_of("long.jsonl", "job").modality == "text"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("nowhere", "There is no nowhere in"),
        ("empty", "has no images"),
        ("bad.jsonl", "its first line is no JSON object"),
        ("neither.jsonl", 'neither "source-ref"'),
        ("code.py", "is nothing that can be labelled"),
        ([], "There is nothing to label"),
        (["text", Path("a.png")], "There is no image a.png"),
        ([1], "Object 0 is int"),
        ({"a": 1}, "not as a dict"),
        (5, "Cannot label int"),
    ],
)
def test_what_cannot_be_labelled_is_told(folder: Path, data: Any, said: str) -> None:
    (folder / "empty").mkdir()
    (folder / "bad.jsonl").write_text("source,label\n")
    (folder / "neither.jsonl").write_text('{"text": "a"}\n')
    (folder / "code.py").write_text("")
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=said):
        manifest_of(data, "job")


def test_known_answers_become_a_manifest(folder: Path) -> None:
    block = gold_block({"nice": "good", "ugh": "bad"}, 0.2, "job", ["bad", "good"], "text-classification")
    rows = [json.loads(line) for line in storage.get(block["uri"]).splitlines()]
    assert [(row["source"], row["gold"], row["gold-metadata"]["class-name"]) for row in rows] == [
        ("nice", 1, "good"),
        ("ugh", 0, "bad"),
    ]
    with pytest.raises(ValueError, match="'meh' of 'x' is none of the labels"):
        gold_block({"x": "meh"}, 0.2, "job", ["bad", "good"], "text-classification")
    for share in (0, 0.5):
        with pytest.raises(ValueError, match=f"between 0 and 0.5, such as 0.1; not {share}"):
            gold_block({"nice": "good"}, share, "job", ["bad", "good"], "text-classification")
    with pytest.raises(ValueError, match="of classifications only"):
        gold_block({"x": "meh"}, 0.2, "job", ["meh"], "bounding-box")


def test_an_output_manifest_reads_as_a_table() -> None:
    meta = {"human-annotated": "yes", "creation-date": "2020-10-18T22:18:13.527256"}
    rows = [
        {"source": "a", "l": 1, "l-metadata": {**meta, "class-name": "good", "confidence": 0.8}},
        {"source": "b"},
        {"source": "c", "l": [0, 2], "l-metadata": {**meta, "class-map": {"0": "x", "2": "y"}, "confidence-map": {"2": 0.4}}},
        {
            "source-ref": "s3://b/d.png",
            "l": {"annotations": [{"class_id": 0, "left": 1, "top": 2, "width": 3, "height": 4}]},
            "l-metadata": {**meta, "class-map": {"0": "dog"}, "objects": [{"confidence": 0.7}]},
        },
    ]  # fmt: skip
    table = as_table("\n".join(map(json.dumps, rows)).encode(), "l")
    assert table["label"].tolist()[:1] == ["good"]
    assert table["label"].isna().tolist() == [False, True, False, False]
    assert table["label"][2] == ["x", "y"]
    assert table["label"][3] == [{"label": "dog", "left": 1, "top": 2, "width": 3, "height": 4}]
    assert table["confidence"].fillna(-1).tolist() == [0.8, -1, 0.4, 0.7]
    assert table["human"].tolist() == [True, None, True, True]
