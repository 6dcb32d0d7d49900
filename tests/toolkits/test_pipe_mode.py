"""Pipe mode: named pipes, one for each channel and epoch, read by real scripts."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import struct
from typing import Any

import pytest

READ = """
import base64, hashlib, json, os, sys, threading, time

def opened(channel, epoch):
    path = os.path.join(os.environ["SM_INPUT_DIR"], "data", f"{channel}_{epoch}")
    deadline = time.monotonic() + 20
    while not os.path.exists(path):  # as SageMaker's documentation advises
        assert time.monotonic() < deadline, path
        time.sleep(0.001)
    return open(path, "rb")

def whole(channel, epoch):
    with opened(channel, epoch) as pipe:
        return base64.b64encode(pipe.read()).decode()

def tell(**found):
    print("FOUND " + json.dumps(found), flush=True)
"""


def channel(name: str, uri: str, kind: str = "S3Prefix", **more: Any) -> dict[str, Any]:
    attributes = {"AttributeNames": more.pop("AttributeNames")} if "AttributeNames" in more else {}
    source = {"S3DataType": kind, "S3Uri": uri, **attributes}
    return {"ChannelName": name, "InputMode": "Pipe", "DataSource": {"S3DataSource": source}, **more}


def records(data: bytes) -> list[bytes]:
    """RecordIO, read as its description says and without any of Clary's code."""
    found = []
    while data:
        magic, length = struct.unpack_from("<II", data)
        assert (magic, length >> 29) == (0xCED7230A, 0)
        end = 8 + length
        found.append(data[8:end])
        assert not any(data[end : end + -length % 4])
        data = data[end + -length % 4 :]
    return found


def told(desk: Any, job: Any) -> dict[str, Any]:
    (line,) = [line for line in desk.log(job).splitlines() if line.startswith("FOUND ")]
    found: dict[str, Any] = json.loads(line.removeprefix("FOUND "))
    return found


def run(desk: Any, script: str, *channels: dict[str, Any]) -> dict[str, Any]:
    job = desk.completed(desk.train({"train.py": READ + script}, InputDataConfig=list(channels)))
    return told(desk, job)


def plain(text: str) -> bytes:
    return base64.b64decode(text)


@pytest.fixture
def data(desk: Any) -> Any:
    for key in ("b", "a", "deep/c", "empty"):
        desk.put(f"d/{key}", f"<{key}>" if key != "empty" else "")
    return desk


WHOLE = b"<a><b><deep/c>"


def test_every_epoch_is_a_full_pass_in_the_order_of_keys_and_channels_are_read_at_once(data: Any) -> None:
    big = bytes(range(256)) * 20_000
    data.put("big/1", big)
    data.put("big/2", b"end")
    found = run(
        data,
        """
one, two = opened("train", 0), opened("big", 0)
both = [one.read(3), two.read(10), one.read(), two.read()]
tell(
    first=[(both[0] + both[2]).decode(), hashlib.md5(both[1] + both[3]).hexdigest()],
    later=[
        [opened("train", epoch).read().decode(), hashlib.md5(opened("big", epoch).read()).hexdigest()] for epoch in (1, 2)
    ],
    config=json.loads(os.environ["SM_INPUT_DATA_CONFIG"]),
    folder=os.path.exists(os.environ["SM_CHANNEL_TRAIN"]),
)
""",
        channel("train", "s3://bucket/d/", ContentType="text/csv"),
        channel("big", "s3://bucket/big"),
        channel("unread", "s3://bucket/d/"),
    )
    expected = [WHOLE.decode(), hashlib.md5(big + b"end").hexdigest()]
    assert found["first"] == expected
    assert found["later"] == [expected, expected]
    assert found["config"]["train"] == {
        "TrainingInputMode": "Pipe",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
        "ContentType": "text/csv",
    }
    assert not found["folder"]


def test_a_reader_that_closes_early_finds_the_next_epoch_whole_and_nothing_holds_up_the_end(
    desk: Any,
) -> None:
    desk.put("d/a", b"0123456789" * 1_000_000)
    found = run(
        desk,
        """
seen = []
for epoch in range(5):
    with opened("train", epoch) as pipe:
        seen.append(pipe.read(12).decode())
size = sum(len(part) for part in iter(lambda: pipe.read(1 << 20), b"")) if (pipe := opened("train", 5)) else 0
held = opened("train", 6)  # never read, never closed
tell(seen=seen, size=size, left=sorted(os.listdir("/opt/ml/input/data")))
""",
        channel("train", "s3://bucket/d/a"),
    )
    left = found.pop("left")  # what was read goes when its feeder has noticed
    assert found == {"seen": ["012345678901"] * 5, "size": 10_000_000}
    assert "train_6" in left
    assert not {"train_0", "train_1", "train_2", "train_3"} & set(left)


def test_objects_are_wrapped_unpacked_and_named_by_manifests_on_their_way(data: Any) -> None:
    for name, text in (("x", "one"), ("y", "two"), ("z", "")):
        data.put(f"zipped/{name}.gz", gzip.compress(text.encode()) + gzip.compress(b"+"))
    data.put("m", json.dumps([{"prefix": "s3://bucket/d/"}, "deep/c", "a"]))
    data.put("one", json.dumps([{"prefix": "s3://bucket/d/b"}, ""]))
    found = run(
        data,
        'tell(**{name: whole(name, 0) for name in ("record", "gzip", "both", "manifest", "one", "local")})',
        channel("record", "s3://bucket/d/", RecordWrapperType="RecordIO"),
        channel("gzip", "s3://bucket/zipped/", CompressionType="Gzip"),
        channel("both", "s3://bucket/zipped/", CompressionType="Gzip", RecordWrapperType="RecordIO"),
        channel("manifest", "s3://bucket/m", "ManifestFile"),
        channel("one", "s3://bucket/one", "ManifestFile"),
        channel("local", f"file://{data.home.s3}/bucket/d"),
    )
    assert records(plain(found["record"])) == [b"<a>", b"<b>", b"<deep/c>", b""]
    assert plain(found["gzip"]) == b"one+two++"
    assert records(plain(found["both"])) == [b"one+", b"two+", b"+"]
    assert plain(found["manifest"]) == b"<deep/c><a>"
    assert plain(found["one"]) == b"<b>"
    assert plain(found["local"]) == WHOLE


LINES = [
    {"source-ref": "s3://bucket/img/0", "label": 7, "text": "é \U0001f600", "boxes": {"a": [1, 2.5, None]}},
    {"text": "second", "boxes": [], "label": 0, "more": {"x": 1}, "source-ref": "s3://bucket/img/1"},
]


def test_an_augmented_manifest_passes_on_the_attributes_asked_for_in_their_order(desk: Any) -> None:
    for number in range(2):
        desk.put(f"img/{number}", f"image {number}")
    desk.put("aug", "".join(json.dumps(line) + "\r\n" for line in LINES) + "\n")
    names = ["label", "source-ref", "text", "boxes"]
    found = run(
        desk,
        'tell(record=[whole("record", epoch) for epoch in (0, 1)], plain=whole("plain", 0))',
        channel(
            "record",
            "s3://bucket/aug",
            "AugmentedManifestFile",
            AttributeNames=names,
            RecordWrapperType="RecordIO",
        ),
        channel("plain", "s3://bucket/aug", "AugmentedManifestFile", AttributeNames=["source-ref", "label"]),
    )
    for epoch in found["record"]:
        first, second = [records(plain(epoch))[at : at + 4] for at in (0, 4)]
        assert first[:3] == [b"7", b"image 0", "é \U0001f600".encode()]
        assert second == [b"0", b"image 1", b"second", b"[]"]
        assert json.loads(first[3]) == {"a": [1, 2.5, None]}
    assert plain(found["plain"]) == b"image 07image 10"


def test_a_seed_shuffles_every_epoch_anew_and_the_same_way_again(desk: Any) -> None:
    for number in range(12):
        desk.put(f"d/{number:02}", bytes([number]))
    desk.put("aug", "\n".join(json.dumps({"n": number}) for number in range(12)))
    wish = {"ShuffleConfig": {"Seed": 7}}
    channels = [
        channel("one", "s3://bucket/d/", **wish),
        channel("two", "s3://bucket/d/", ShuffleConfig={"Seed": 8}),
        channel("lines", "s3://bucket/aug", "AugmentedManifestFile", AttributeNames=["n"], RecordWrapperType="RecordIO", **wish),
    ]  # fmt: skip
    script = "tell(**{name: [whole(name, epoch) for epoch in range(3)] for name in ('one', 'two', 'lines')})"
    found = run(desk, script, *channels)
    epochs = {name: [list(plain(epoch)) for epoch in found[name]] for name in ("one", "two")}
    epochs["lines"] = [[int(record) for record in records(plain(epoch))] for epoch in found["lines"]]
    seen = [epoch for name in ("one", "two") for epoch in epochs[name]]
    assert all(sorted(epoch) == list(range(12)) for epoch in [*seen, *epochs["lines"]])
    assert len({tuple(epoch) for epoch in seen}) == 6
    assert list(range(12)) not in seen
    assert run(desk, script, *channels) == found


def test_without_namespaces_the_pipes_are_where_the_variables_say(paths_desk: Any) -> None:
    paths_desk.put("d/a", "abc")
    found = run(
        paths_desk,
        'tell(seen=[whole("train", epoch) for epoch in (0, 1)])',
        channel("train", "s3://bucket/d/"),
    )
    assert [plain(part) for part in found["seen"]] == [b"abc", b"abc"]


def test_a_warm_start_feeds_its_pipes_too(warm_desk: Any) -> None:
    warm_desk.put("d/a", "abc")
    job = warm_desk.completed(
        warm_desk.train(
            {"train.py": READ + 'tell(seen=[whole("train", epoch) for epoch in (0, 1)])'},
            InputDataConfig=[channel("train", "s3://bucket/d/")],
            warm=True,
        )
    )
    assert [plain(part) for part in told(warm_desk, job)["seen"]] == [b"abc", b"abc"]


def test_data_that_cannot_be_read_any_more_ends_the_job_and_not_the_data(desk: Any) -> None:
    desk.put("d/a", "abc")
    desk.put("d/b", "def")
    script = """
print("FIRST", whole("train", 0), flush=True)
while not os.path.exists("/opt/ml/checkpoints/go"):
    time.sleep(0.01)
print("SECOND", whole("train", 1), flush=True)
"""
    job = desk.submit({"train.py": READ + script}, InputDataConfig=[channel("train", "s3://bucket/d/")])
    job = desk.until(job, lambda job: desk.said(job, "FIRST"))
    desk.objects.delete("bucket", "d/b")
    folder = desk.attempt_dir(job) / "ml" / "checkpoints"
    folder.mkdir(exist_ok=True)
    (folder / "go").touch()
    reason = desk.failed(desk.wait(job))
    assert reason.startswith("ClientError: Data download failed: ")
    assert "d/b cannot be read: No such file or directory" in reason
    assert "SECOND" not in desk.log(job)


def test_what_is_not_gzip_fails_the_job_by_name(desk: Any) -> None:
    desk.put("d/a.csv", "abc,def")
    reason = desk.failed(
        desk.train(
            {"train.py": READ + 'whole("train", 0)\nprint("GOT IT")'},
            InputDataConfig=[channel("train", "s3://bucket/d/", CompressionType="Gzip")],
        )
    )
    assert "a.csv is not gzip, as CompressionType says" in reason
