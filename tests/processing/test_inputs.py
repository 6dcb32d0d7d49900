"""Inputs: prefixes, manifests, shards, pipes, files of this machine."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

SHOW = """
import os
for parent, folders, names in sorted(os.walk("/opt/ml/processing/input")):
    for name in sorted(names):
        path = os.path.join(parent, name)
        if "/code/" not in path:
            print(path.removeprefix("/opt/ml/processing/input/"), open(path).read())
"""


def test_prefixes_single_objects_and_files_of_this_machine_come_to_their_paths(
    processor: Any, tmp_path: Path
) -> None:
    for key in ("data/a", "data/sub/b", "data-2/c"):
        processor.put(key, key)
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "d").write_text("local d")
    inner = processor.given("inner", "s3://bucket/data/sub/b")
    inner["S3Input"]["LocalPath"] = "/opt/ml/processing/input/folder/x/../inner/"
    processor.create(
        SHOW,
        inputs=[
            inner,
            processor.given("folder", "s3://bucket/data/"),
            processor.given("prefix", "s3://bucket/data"),
            processor.given("local", f"file://{tmp_path}/local"),
        ],
    )
    processor.completed()
    assert sorted(processor.said()) == [
        "folder/a data/a",
        "folder/inner/b data/sub/b",
        "folder/sub/b data/sub/b",
        "local/d local d",
        "prefix/a data/a",
        "prefix/data-2/c data-2/c",
        "prefix/sub/b data/sub/b",
    ]


def test_what_the_program_does_to_its_input_does_not_reach_the_objects(processor: Any) -> None:
    processor.put("data/a", "original")
    script = """
path = "/opt/ml/processing/input/data/a"
open(path, "a").write(" changed")
print(open(path).read())
"""
    processor.create(script, inputs=[processor.given("data", "s3://bucket/data/")])
    processor.completed()
    assert processor.said() == ["original changed"]
    assert processor.stored("data/") == {"a": b"original"}


def test_a_manifest_names_the_objects(processor: Any) -> None:
    for key in ("data/a", "data/b", "data/sub/c"):
        processor.put(key, key)
    manifest = processor.put("manifest.json", json.dumps([{"prefix": "s3://bucket/data/"}, "a", "sub/c"]))
    processor.create(SHOW, inputs=[processor.given("data", manifest, S3DataType="ManifestFile")])
    processor.completed()
    assert processor.said() == ["data/a data/a", "data/sub/c data/sub/c"]


READ = """
for epoch in range(2):
    with open(f"/opt/ml/processing/input/data_{epoch}", "rb") as pipe:
        print(epoch, pipe.read(), flush=True)
open("/opt/ml/processing/input/data_2", "rb").read(1)
"""


@pytest.mark.parametrize("compression", ["None", "Gzip"])
def test_a_pipe_gives_the_objects_as_one_stream_as_often_as_it_is_opened(
    processor: Any, compression: str
) -> None:
    for key in ("a", "b"):
        data = f"{key}\n".encode()
        processor.put(f"data/{key}", gzip.compress(data) if compression == "Gzip" else data)
    source = {"S3InputMode": "Pipe", "S3CompressionType": compression}
    processor.create(READ, inputs=[processor.given("data", "s3://bucket/data/", **source)])
    processor.completed()
    assert processor.said() == [r"0 b'a\nb\n'", r"1 b'a\nb\n'"]


def test_a_pipe_that_breaks_fails_the_job_and_never_looks_like_the_end_of_the_data(processor: Any) -> None:
    processor.put("data/a", gzip.compress(b"good"))
    processor.put("data/b", b"no gzip at all")
    source = {"S3InputMode": "Pipe", "S3CompressionType": "Gzip"}
    processor.create(READ, inputs=[processor.given("data", "s3://bucket/data/", **source)])
    reason = processor.failed()
    assert reason.startswith("ClientError: Failed to download data. Input 'data': ")
    assert "/data/b: Not a gzipped file" in reason
    assert "b'good'" not in processor.log()


def test_inputs_that_the_program_manages_itself_are_left_to_it(processor: Any) -> None:
    processor.create(
        "import os; print(os.listdir('/opt/ml/processing/input'))",
        inputs=[
            {
                "InputName": "mine",
                "AppManaged": True,
                "S3Input": {"S3Uri": "s3://elsewhere/x", "S3DataType": "S3Prefix"},
            }
        ],
    )
    answer = processor.completed()
    assert processor.said() == ["['code']"]
    assert answer["ProcessingInputs"][0]["AppManaged"] is True


@pytest.mark.slow
def test_an_input_that_is_gone_when_the_job_starts_is_the_reason(processor: Any, monkeypatch: Any) -> None:
    processor.put("data/a", "x")
    processor.create(command=["sleep", "2"], name="first", ProcessingResources={"ClusterConfig": {
        "InstanceType": "ml.m5.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}})  # fmt: skip
    processor.create(SHOW, inputs=[processor.given("data", "s3://bucket/data/")])
    processor.s3.delete_object(Bucket="bucket", Key="data/a")
    assert processor.failed().startswith(
        "ClientError: Failed to download data. Input 'data': No S3 objects found under S3 URL 's3://bucket/data/'"
    )


@pytest.mark.slow
def test_many_hosts_share_the_objects_and_store_what_each_made(processor: Any) -> None:
    for number in range(5):
        processor.put(f"data/{number}", str(number))
    processor.put("same/s", "s")
    script = """
import json, os
host = json.load(open("/opt/ml/config/resourceconfig.json"))["current_host"]
shard = sorted(os.listdir("/opt/ml/processing/input/data"))
open(f"/opt/ml/processing/output/o/{host}", "w").write(json.dumps([shard, os.listdir("/opt/ml/processing/input/same")]))
open("/opt/ml/processing/output/o/common", "w").write(host)
open("/opt/ml/output/message", "w").write(f"{host} ")
"""
    processor.create(
        script,
        count=3,
        inputs=[
            processor.given("data", "s3://bucket/data/", S3DataDistributionType="ShardedByS3Key"),
            processor.given("same", "s3://bucket/same/"),
        ],
        outputs=[processor.wanted("o", "s3://bucket/out/")],
    )
    answer = processor.completed()
    assert answer["ExitMessage"] == "algo-1 algo-2 algo-3 "
    stored = {name: data.decode() for name, data in processor.stored().items()}
    assert json.loads(stored["algo-1"]) == [["0", "3"], ["s"]]
    assert json.loads(stored["algo-2"]) == [["1", "4"], ["s"]]
    assert json.loads(stored["algo-3"]) == [["2"], ["s"]]
    assert stored["common"] == "algo-1"
    assert "algo-2 has another common in output o, which is left out" in processor.log()


@pytest.mark.slow
def test_one_host_that_fails_ends_the_job_and_is_named(processor: Any) -> None:
    script = """
import json, time
if json.load(open("/opt/ml/config/resourceconfig.json"))["current_host"] == "algo-2":
    raise RuntimeError("mine")
time.sleep(60)
"""
    processor.create(script, count=2)
    assert (
        processor.failed()
        == "AlgorithmError: algo-2: See job logs for more information\nRuntimeError: mine, exit code: 1"
    )
