"""Outputs: as the job runs or at its end, on other disks, on full ones."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PARTS = """
import os, time
out = "/opt/ml/processing/output/o"
open(f"{out}/first", "w").write("1")
print("wrote first", flush=True)
while not os.path.exists(os.environ["GO"]):
    time.sleep(0.05)
open(f"{out}/last", "w").write("2")
"""


def test_continuous_outputs_appear_while_the_job_runs(processor: Any, tmp_path: Path) -> None:
    go = tmp_path / "go"
    processor.create(
        PARTS,
        outputs=[
            processor.wanted("o", "s3://bucket/out/", S3UploadMode="Continuous"),
            processor.wanted("end", f"file://{tmp_path}/end"),
        ],
        Environment={"GO": str(go)},
    )
    deadline = time.monotonic() + 60
    while processor.stored() != {"first": b"1"}:
        assert time.monotonic() < deadline, processor.log()
        time.sleep(0.1)
    assert processor.describe()["ProcessingJobStatus"] == "InProgress"
    go.touch()
    processor.completed()
    assert processor.stored() == {"first": b"1", "last": b"2"}


def test_outputs_go_to_folders_of_this_machine_and_links_out_of_the_job_do_not(
    processor: Any, tmp_path: Path
) -> None:
    script = """
import os
out = "/opt/ml/processing/output/o"
open(f"{out}/real", "w").write("real")
os.symlink(f"{out}/real", f"{out}/inside")
os.symlink("/etc/passwd", f"{out}/outside")
os.mkfifo(f"{out}/pipe")
"""
    processor.create(script, outputs=[processor.wanted("o", f"file://{tmp_path}/results")])
    processor.completed()
    found = {path.name: path.read_text() for path in (tmp_path / "results").iterdir()}
    assert found == {"real": "real", "inside": "real"}
    assert "outside is a link to /etc/passwd, no file of the job, and is left out" in processor.log()


def test_a_full_disk_leaves_nothing_half_stored_and_keeps_what_was_made(
    processor: Any, home: Any, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], check=True)
    try:
        script = """
import os
for output, size in (("a", 1), ("b", 12)):
    open(f"/opt/ml/processing/output/{output}/file", "wb").write(os.urandom(size << 20))
"""
        outputs = [processor.wanted("a", f"file://{disk}/a"), processor.wanted("b", f"file://{disk}/b")]
        processor.create(script, outputs=outputs)
        reason = processor.failed()
        assert reason.startswith("ClientError: Failed to upload data. no space left")
        kept = Path(reason.splitlines()[-1].removeprefix("What the job wrote is still in ").rstrip("."))
        assert (kept / "output/b/file").stat().st_size == 12 << 20
        assert [path for path in disk.rglob("*") if path.is_file()] == []
        assert reason.splitlines()[0] in processor.log()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_bucket_that_is_gone_at_the_end_is_the_reason(processor: Any) -> None:
    processor.s3.create_bucket(Bucket="second")
    processor.create(command=["sleep", "1"], outputs=[processor.wanted("o", "s3://second/x")], name="nothing")
    processor.create(
        "import time; open('/opt/ml/processing/output/o/f', 'w').write('x'); print('up', flush=True); time.sleep(2)",
        outputs=[processor.wanted("o", "s3://second/x")],
    )
    processor.until_said("up")
    processor.s3.delete_bucket(Bucket="second")
    assert processor.failed().startswith(
        "ClientError: Failed to upload data. The specified bucket does not exist"
    )
    processor.completed("nothing")


@pytest.mark.parametrize("mode", ["EndOfJob", "Continuous"])
def test_a_stopped_job_stores_what_it_has(processor: Any, mode: str) -> None:
    script = """
import signal, sys, time
out = "/opt/ml/processing/output/o"
def end(*_):
    open(f"{out}/at-the-end", "w").write("saved")
    open("/opt/ml/output/message", "w").write("stopped in time")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
open(f"{out}/early", "w").write("early")
print("ready", flush=True)
time.sleep(60)
"""
    processor.create(script, outputs=[processor.wanted("o", "s3://bucket/out", S3UploadMode=mode)])
    processor.until_said("ready")
    processor.sagemaker.stop_processing_job(ProcessingJobName="job")
    answer = processor.wait()
    assert answer["ProcessingJobStatus"] == "Stopped"
    assert answer["ExitMessage"] == "stopped in time"
    assert "FailureReason" not in answer
    assert processor.stored() == {"early": b"early", "at-the-end": b"saved"}
