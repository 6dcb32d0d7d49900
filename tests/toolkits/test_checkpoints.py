"""Checkpoints and intermediate output: stored while the job runs, there again for its next attempt."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from clary.objects import Objects
from clary.toolkits.training.checkpoints import Mirror

COUNT = """
import os, sys, time
folder = "/opt/ml/checkpoints"
os.makedirs(folder, exist_ok=True)
done = [int(name.split("-")[1]) for name in os.listdir(folder)]
first = max(done, default=-1) + 1
print("STARTS AT", first, flush=True)
for epoch in range(first, 6):
    open(f"{folder}/.tmp", "w").write("half")
    os.rename(f"{folder}/.tmp", f"{folder}/epoch-{epoch}")
    open(f"/opt/ml/output/intermediate/log-{epoch}", "w").write(str(epoch))
    if first == 0 and epoch == 2:
        print("WAITING", flush=True)
        time.sleep(600)
open("/opt/ml/model/done", "w").write("done")
"""


def keys(desk: Any, prefix: str) -> list[str]:
    return [one.key.removeprefix(prefix) for one in desk.objects.list("bucket", prefix).objects]


def test_a_new_attempt_goes_on_from_the_last_ones_checkpoints(desk: Any) -> None:
    job = desk.submit({"train.py": COUNT}, attempts=2, CheckpointConfig={"S3Uri": "s3://bucket/ckpt/job"})
    desk.until(job, lambda now: desk.said(now, "WAITING"))
    desk.until(job, lambda now: len(keys(desk, "ckpt/job/")) == 3)
    desk.until(job, lambda now: len(keys(desk, f"out/{job.name}/output/intermediate/")) == 3)
    attempt = desk.runner.attempt(desk.look(job)).started()
    assert attempt is not None
    os.kill(attempt["shim"], signal.SIGKILL)
    done = desk.completed(desk.wait(job))
    assert done.attempt == 2
    log = desk.log(done)
    assert "STARTS AT 0" in log
    assert "[clary] Restored 3 checkpoint file(s) from s3://bucket/ckpt/job" in log
    assert "STARTS AT 3" in log
    assert keys(desk, "ckpt/job/") == [f"epoch-{number}" for number in range(6)]
    assert keys(desk, f"out/{job.name}/output/intermediate/") == [f"log-{number}" for number in range(6)]
    assert desk.artifact(done) == {"done": b"done"}


def test_checkpoints_of_a_job_that_fails_or_is_killed_are_stored_all_the_same(desk: Any) -> None:
    for name, end in (("fails", "raise SystemExit(1)"), ("dies", "os.kill(os.getpid(), 9)")):
        source = f"import os\nos.makedirs('/opt/ml/other', exist_ok=True)\nopen('/opt/ml/other/last', 'w').write('x')\n{end}"
        job = desk.train(
            {"train.py": source},
            CheckpointConfig={"S3Uri": f"s3://bucket/{name}/", "LocalPath": "/opt/ml/other"},
        )
        desk.failed(job)
        assert keys(desk, f"{name}/") == ["last"]


def test_a_checkpoint_folder_that_jobs_would_share_is_refused(desk: Any) -> None:
    job = desk.train({"train.py": ""}, CheckpointConfig={"S3Uri": "s3://bucket/c", "LocalPath": "/tmp/ckpt"})
    assert "LocalPath is '/tmp/ckpt'" in desk.failed(job)


def test_a_file_is_stored_when_it_stands_still_and_again_when_it_changed(
    objects: Objects, tmp_path: Path
) -> None:
    mirror = Mirror(tmp_path / "here", "s3://bucket/there/")
    (tmp_path / "here" / "sub").mkdir(parents=True)
    growing = tmp_path / "here" / "sub" / "growing"
    growing.write_bytes(b"1")
    assert mirror.step(objects) == 0  # seen for the first time
    growing.write_bytes(b"12")
    assert mirror.step(objects) == 0  # it grew
    assert mirror.step(objects) == 1
    assert mirror.step(objects) == 0
    assert objects.read("bucket", "there/sub/growing") == b"12"
    time.sleep(0.01)
    growing.write_bytes(b"34")
    assert mirror.step(objects, final=True) == 1
    assert objects.read("bucket", "there/sub/growing") == b"34"
    growing.unlink()
    (tmp_path / "here" / "link").symlink_to("/etc/passwd")
    assert mirror.step(objects, final=True) == 0
    assert objects.exists("bucket", "there/sub/growing")


def test_what_was_restored_is_not_stored_again(objects: Objects, tmp_path: Path) -> None:
    objects.put("bucket", "there/a/b", b"kept")
    objects.put("bucket", "there-not/c", b"another job's")
    mirror = Mirror(tmp_path / "here", "s3://bucket/there")
    assert mirror.restore(objects) == 1
    assert (tmp_path / "here/a/b").read_bytes() == b"kept"
    assert mirror.step(objects, final=True) == 0
    assert Mirror(tmp_path / "empty", "s3://bucket/nothing-yet").restore(objects) == 0
    assert Mirror(tmp_path / "none", "s3://no-such-bucket/x").restore(objects) == 0
