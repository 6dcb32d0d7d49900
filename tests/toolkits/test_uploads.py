"""Artifacts: whole or not at all, also on a full disk."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clary.home import Home

BIG = "import os\nopen('/opt/ml/model/small', 'w').write('s')\nopen('/opt/ml/model/weights', 'wb').write(os.urandom(12 << 20))"


@pytest.fixture
def full_disk_desk(home: Home, small_disk: Callable[[str], Path], desk_of: Callable[[Home], Any]) -> Any:
    """Buckets on a disk of 8 MB; jobs and database elsewhere."""
    disk = small_disk("8m")
    home.s3.rmdir()
    os.symlink(disk, home.s3)
    return desk_of(home)


@pytest.mark.parametrize("kind", ["GZIP", "NONE"])
def test_a_full_disk_fails_the_job_with_the_reason_and_leaves_nothing_half_done(
    full_disk_desk: Any, kind: str
) -> None:
    desk = full_disk_desk
    job = desk.train(
        {"train.py": BIG}, OutputDataConfig={"S3OutputPath": "s3://bucket/out", "CompressionType": kind}
    )
    reason = desk.failed(job)
    assert reason.startswith("ClientError: Artifact upload failed: no space left")
    assert "ModelArtifacts" not in job.result
    assert [one.key for one in desk.objects.list("bucket", "out/").objects] == []
    left = [path for path in desk.home.s3.rglob("*") if path.is_file() and path.stat().st_size > 1 << 20]
    assert left == []
    assert reason.splitlines()[0] in desk.log(job)
    # What the job made is still there for its owner.
    assert (desk.attempt_dir(job) / "ml/model/weights").stat().st_size == 12 << 20


def test_a_full_disk_behind_a_file_uri_leaves_nothing_half_done_either(
    desk: Any, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("8m")
    job = desk.train({"train.py": BIG}, OutputDataConfig={"S3OutputPath": f"file://{disk}/out"})
    assert desk.failed(job).startswith("ClientError: Artifact upload failed: no space left")
    assert [path for path in disk.rglob("*") if path.is_file()] == []


def test_a_bucket_that_is_gone_when_the_job_ends_is_the_reason(desk: Any) -> None:
    job = desk.train({"train.py": ""}, OutputDataConfig={"S3OutputPath": "s3://gone-bucket/x"})
    assert (
        desk.failed(job).splitlines()[0]
        == "ClientError: Artifact upload failed: The specified bucket does not exist: gone-bucket"
    )


def test_an_empty_model_is_an_empty_archive(desk: Any) -> None:
    job = desk.completed(desk.train({"train.py": ""}))
    assert desk.artifact(job) == {}
    assert not desk.objects.exists("bucket", f"out/{job.name}/output/output.tar.gz")


def test_links_in_a_model_are_kept_inside_and_left_out_when_they_lead_away(desk: Any) -> None:
    source = (
        "import os\nos.chdir('/opt/ml/model')\nopen('a', 'w').write('a')\nos.symlink('a', 'relative')\n"
        "os.symlink('/opt/ml/model/a', 'absolute')\nos.symlink('/etc/hostname', 'away')\nos.mkfifo('pipe')\n"
        "os.mkdir('own')\nos.chmod('own', 0o700)\nopen('own/x', 'w').write('x')"
    )
    job = desk.completed(desk.train({"train.py": source}))
    data = desk.objects.read("bucket", f"out/{job.name}/output/model.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = {one.name: (one.uid, one.uname) for one in tar}
        absolute = tar.extractfile("absolute")
        assert absolute is not None
        assert absolute.read() == b"a"
    assert set(names) == {"a", "relative", "absolute", "own/x"}
    assert set(names.values()) == {(0, "")}
    assert "away is a link out of the folder (to /etc/hostname) and was left out" in desk.log(job)
