"""Input channels: what reaches /opt/ml/input/data, in which mode, and what is said when it does not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

LIST = """
import json, os
top = "/opt/ml/input/data"
found = {}
for name in sorted(n for n in os.listdir(top) if not n.startswith(".")):
    for d, _, files in os.walk(os.path.join(top, name), followlinks=True):
        for f in files:
            path = os.path.join(d, f)
            found[os.path.relpath(path, top)] = open(path).read(100)
def attempt(action):
    try:
        action()
        return "done"
    except OSError as error:
        return error.strerror
writes = {path: attempt(lambda: open(os.path.join(top, path), "a").write("!")) for path in found}
print("FOUND " + json.dumps([found, writes]))
print("CONFIG " + open("/opt/ml/input/config/inputdataconfig.json").read())
size = 0
for d, _, files in os.walk(os.path.dirname(os.environ["CLARY_ATTEMPT"] + "/ml/")):
    size += sum(os.lstat(os.path.join(d, f)).st_size for f in files)
print(f"STORED {size}")
"""


def channel(name: str, uri: str, kind: str = "S3Prefix", **more: Any) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}, **more}


def found(desk: Any, job: Any) -> tuple[dict[str, str], dict[str, str]]:
    line = next(line for line in desk.log(job).splitlines() if line.startswith("FOUND "))
    files, writes = json.loads(line.removeprefix("FOUND "))
    return files, writes


def read(desk: Any, *channels: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    return found(desk, desk.completed(desk.train({"train.py": LIST}, InputDataConfig=list(channels))))


@pytest.fixture
def data(desk: Any) -> Any:
    for key in ("d/train/a.csv", "d/train/deep/b.csv", "d/train-2/c.csv", "d/single.csv", "d/empty-folder/"):
        desk.put(key, "" if key.endswith("/") else key)
    return desk


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_several_channels_of_every_form_arrive_with_their_prefix_stripped(
    data: Any, mode: str, tmp_path: Path
) -> None:
    (tmp_path / "local" / "sub").mkdir(parents=True)
    (tmp_path / "local" / "sub" / "x.txt").write_text("local")
    files, _ = read(
        data,
        channel("slash", "s3://bucket/d/train/", InputMode=mode),
        channel("folder", "s3://bucket/d/train-2", InputMode=mode),
        channel("partial", "s3://bucket/d/train", InputMode=mode),
        channel("single", "s3://bucket/d/single.csv", InputMode=mode),
        channel("https", "https://bucket.s3.us-east-1.amazonaws.com/d/single.csv", InputMode=mode),
        channel("file", f"file://{tmp_path}/local", InputMode=mode),
    )
    assert files == {
        "slash/a.csv": "d/train/a.csv",
        "slash/deep/b.csv": "d/train/deep/b.csv",
        "folder/c.csv": "d/train-2/c.csv",
        "partial/a.csv": "d/train/a.csv",
        "partial/deep/b.csv": "d/train/deep/b.csv",
        "partial/train-2/c.csv": "d/train-2/c.csv",
        "single/single.csv": "d/single.csv",
        "https/single.csv": "d/single.csv",
        "file/sub/x.txt": "local",
    }


def test_a_file_channel_is_the_jobs_own_copy(data: Any) -> None:
    _, writes = read(
        data, channel("train", "s3://bucket/d/train/"), channel("single", "s3://bucket/d/single.csv")
    )
    assert set(writes.values()) == {"done"}
    assert data.objects.read("bucket", "d/train/a.csv") == b"d/train/a.csv"
    assert data.objects.read("bucket", "d/single.csv") == b"d/single.csv"


def test_a_fast_file_channel_is_read_only_and_copies_nothing(data: Any) -> None:
    big = os.urandom(3 << 20).hex()
    data.put("d/train/big", big)
    job = data.completed(
        data.train(
            {"train.py": LIST},
            InputDataConfig=[
                channel("train", "s3://bucket/d/train/", InputMode="FastFile"),
                channel("single", "s3://bucket/d/single.csv", InputMode="FastFile"),
                channel("partial", "s3://bucket/d/train", InputMode="FastFile"),
            ],
        )
    )
    files, writes = found(data, job)
    assert files["train/big"] == files["partial/big"] == big[:100]
    assert set(writes.values()) == {"Read-only file system"}
    (stored,) = [line for line in data.log(job).splitlines() if line.startswith("STORED ")]
    assert int(stored.split()[1]) < 100_000


def test_the_algorithms_input_mode_is_the_default_for_its_channels(data: Any) -> None:
    job = data.completed(
        data.train(
            {"train.py": LIST},
            AlgorithmSpecification={"TrainingImage": "clary/python", "TrainingInputMode": "FastFile"},
            InputDataConfig=[
                channel("fast", "s3://bucket/d/train/"),
                channel("own", "s3://bucket/d/train/", InputMode="File"),
            ],
        )
    )
    _, writes = found(data, job)
    assert {name.partition("/")[0]: text for name, text in writes.items()} == {
        "fast": "Read-only file system",
        "own": "done",
    }
    (line,) = [line for line in data.log(job).splitlines() if line.startswith("CONFIG ")]
    config = json.loads(line.removeprefix("CONFIG "))
    assert {name: one["TrainingInputMode"] for name, one in config.items()} == {
        "fast": "File",
        "own": "File",
    }


def test_a_manifest_names_its_objects(data: Any) -> None:
    data.put("m.manifest", json.dumps([{"prefix": "s3://bucket/d/"}, "single.csv", "train/deep/b.csv"]))
    files, _ = read(data, channel("m", "s3://bucket/m.manifest", "ManifestFile"))
    assert files == {"m/single.csv": "d/single.csv", "m/train/deep/b.csv": "d/train/deep/b.csv"}


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        (
            "s3://bucket/d/none",
            'No S3 objects found under S3 URL "s3://bucket/d/none" given in input data source.',
        ),
        ("s3://bucket/d/empty-folder/", "No S3 objects found under S3 URL"),
        ("s3://no-such-bucket/x", "Please ensure that the bucket exists in the selected region (us-east-1)"),
        ("s3://bucket/../../etc/passwd", ""),
        ("file:///no/such/folder", "No S3 objects found"),
        ("ftp://x/y", "ftp://x/y"),
    ],
)
def test_missing_data_is_said_in_awss_words(data: Any, uri: str, words: str) -> None:
    job = data.train({"train.py": LIST}, InputDataConfig=[channel("train", uri)])
    reason = data.failed(job)
    assert reason.startswith("ClientError: Data download failed: ")
    assert words in reason
    assert "FOUND" not in data.log(job)


def test_what_no_mode_offers_is_refused_by_name(data: Any) -> None:
    data.put("bad.manifest", '["no prefix"]')
    for mode, kind, words in (
        ("File", "AugmentedManifestFile", "can only be used if the channel's input mode is Pipe"),
        ("FastFile", "AugmentedManifestFile", "can only be used if the channel's input mode is Pipe"),
        ("File", "ManifestFile", "must be a JSON list"),
    ):
        wish = channel("p", "s3://bucket/bad.manifest", kind, InputMode=mode)
        assert words in data.failed(data.train({"train.py": LIST}, InputDataConfig=[wish]))


def test_manifests_and_single_objects_are_shown_in_place_too(data: Any) -> None:
    data.put("m.manifest", json.dumps([{"prefix": "s3://bucket/d/"}, "single.csv", "train/deep/b.csv"]))
    files, writes = read(
        data,
        channel("m", "s3://bucket/m.manifest", "ManifestFile", InputMode="FastFile"),
        channel("marked", "s3://bucket/d/train", InputMode="FastFile"),
    )
    assert files["m/single.csv"] == "d/single.csv"
    assert files["m/train/deep/b.csv"] == "d/train/deep/b.csv"
    assert set(writes.values()) == {"Read-only file system"}
