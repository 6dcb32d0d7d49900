"""File mode: files of the job's own, and nothing copied where that can be helped."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from clary.objects import Objects
from clary.runner.isolation import Isolation
from clary.toolkits.training.channels import copying, progress, sources

BIG = b"0123456789abcdef" * (4 << 16)  # 4 MiB: large enough not to be copied

CHANGE = """
import json, os, shutil, time
top = "/opt/ml/input/data/train"
os.chdir(top)
found = {"kind": [line.split()[2] for line in open("/proc/mounts") if line.split()[1] == top]}
found["names"] = sorted(os.path.join(d, f) for d, _, files in os.walk(".") for f in files)
stored = [os.lstat(os.path.join(d, f)) for d, _, files in os.walk(os.environ["CLARY_ATTEMPT"]) for f in files]
found["copied"] = sum(one.st_blocks * 512 for one in stored if one.st_nlink == 1) > 1 << 20
with open("deep/big", "r+b") as file:
    file.write(b"CHANGED")
os.unlink("small")
os.chmod("other", 0o777)
with open("new", "w") as file:
    file.write("new")
os.rename("deep", "renamed")
shutil.copytree("renamed", "again")
shutil.rmtree("again")
os.mkdir("again")
print("WAITING", flush=True)
while not os.path.exists("/opt/ml/checkpoints/go"):
    time.sleep(0.01)
found["again"] = sorted(os.listdir("."))
found["first"] = open("renamed/big").read(10)
found["other"] = open("other").read(5)
print("FOUND " + json.dumps(found))
"""


def channel(uri: str, **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri}
    return {"ChannelName": "train", "DataSource": {"S3DataSource": source}, **more}


def own_bytes(folder: Path) -> int:
    """What the files below take on the disk that no other name takes, too."""
    files = (Path(top, name).lstat() for top, _, names in os.walk(folder) for name in names)
    return sum(file.st_blocks * 512 for file in files if file.st_nlink == 1)


def go(desk: Any, job: Any) -> dict[str, Any]:
    folder = desk.attempt_dir(job) / "ml" / "checkpoints"
    folder.mkdir(exist_ok=True)
    (folder / "go").touch()
    done = desk.completed(desk.wait(job))
    (line,) = [line for line in desk.log(done).splitlines() if line.startswith("FOUND ")]
    found: dict[str, Any] = json.loads(line.removeprefix("FOUND "))
    return found


@pytest.fixture
def data(desk: Any) -> Any:
    desk.put("d/deep/big", BIG)
    desk.put("d/deep/big-2", BIG)
    desk.put("d/other", b"other" + BIG)
    desk.put("d/small", "small")
    return desk


def test_a_script_changes_its_large_channel_at_will_the_objects_stay_and_nothing_was_copied(
    data: Any,
) -> None:
    mode = (data.objects.root / "bucket/d/other").stat().st_mode
    job = data.submit({"train.py": CHANGE}, InputDataConfig=[channel("s3://bucket/d/")])
    job = data.until(job, lambda job: data.said(job, "WAITING"))
    # Objects that are replaced or deleted meanwhile are for the jobs to come.
    data.put("d/other", "replaced")
    data.objects.delete("bucket", "d/deep/big-2")
    attempt = data.attempt_dir(job)
    found = go(data, job)
    assert found == {
        "kind": ["overlay"],
        "copied": False,
        "names": ["./deep/big", "./deep/big-2", "./other", "./small"],
        "again": ["again", "new", "other", "renamed"],
        "first": "CHANGED789",
        "other": "other",
    }
    assert data.objects.read("bucket", "d/deep/big") == BIG
    assert data.objects.read("bucket", "d/small") == b"small"
    assert data.objects.read("bucket", "d/other") == b"replaced"
    assert (data.objects.root / "bucket/d/other").stat().st_mode == mode
    assert data.artifact(job) == {}
    deadline = time.monotonic() + 20
    while any((attempt / name).exists() for name in ("channels", "ml")):
        assert time.monotonic() < deadline, list(attempt.iterdir())
        data.look(job)
        time.sleep(0.02)


def test_files_of_this_machine_are_copied_because_others_may_write_into_them(
    desk: Any, tmp_path: Path
) -> None:
    for name in ("deep/big", "other"):
        (tmp_path / "local" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "local" / name).write_bytes(b"other" + BIG)
    (tmp_path / "local" / "small").write_text("small")
    job = desk.submit({"train.py": CHANGE}, InputDataConfig=[channel(f"file://{tmp_path}/local")])
    job = desk.until(job, lambda job: desk.said(job, "WAITING"))
    with open(tmp_path / "local" / "other", "r+b") as file:
        file.write(b"OTHER")
    found = go(desk, job)
    assert (found["kind"], found["copied"]) == ([], True)
    assert (found["first"], found["other"]) == ("CHANGED234", "other")
    assert (tmp_path / "local/deep/big").read_bytes() == b"other" + BIG


def test_without_mounts_the_channel_is_copied(paths_desk: Any) -> None:
    paths_desk.put("d/big", BIG)
    script = """
import os
place = os.path.join(os.environ["SM_CHANNEL_TRAIN"], "big")
with open(place, "r+b") as file:
    file.write(b"CHANGED")
print("LINKS", os.stat(place).st_nlink)
"""
    job = paths_desk.completed(
        paths_desk.train({"train.py": script}, InputDataConfig=[channel("s3://bucket/d/")])
    )
    assert "LINKS 1" in paths_desk.log(job)
    assert paths_desk.objects.read("bucket", "d/big") == BIG


def test_a_stop_ends_a_download(paths_desk: Any) -> None:
    desk = paths_desk
    with open(desk.objects.root / "bucket" / "huge", "wb") as file:
        file.truncate(20 << 30)
    job = desk.submit({"train.py": "print('RAN')"}, InputDataConfig=[channel("s3://bucket/huge")])
    job = desk.until(job, lambda job: desk.said(job, "Downloading channel train"))
    desk.runner.stop("training-job", job.name)
    job = desk.wait(job, timeout_s=20)
    assert job.status == "Stopped"
    assert "RAN" not in desk.log(job)
    assert own_bytes(desk.home.jobs / str(job.id)) < 1 << 20


def test_long_downloads_tell_how_far_they_are(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)
    for number in range(600):
        (objects.root / "bucket" / f"{number}").write_bytes(b"x" * 10_000)
    log: list[str] = []
    phases: list[str] = []
    found = sources.find(sources.Source("s3://bucket/"), objects)
    told = progress.Progress("train", len(found), log.append, phases.append)
    copying.own(found, tmp_path / "to", None, objects, Isolation("paths", tmp_path), told)
    assert "Downloading channel train: 511 of 600 object(s), 5 MB copied" in log
    assert phases[-1].startswith("Downloading input data: channel train: 599 of 600 object(s), 6 MB")
    assert sum(file.stat().st_size for file in (tmp_path / "to").iterdir()) == 6_000_000
