"""A whole training job of a user who is not root: submitted, isolated, run, settled, all under that user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "extension"
NOBODY = 65534

DRIVER = """
import json, os, sys, time
from clary.config import Config
from clary.home import Home
from clary.objects import Objects
from clary.runner import JobSpec, Resources, Runner
from clary.store import Store
import io, tarfile
home = Home.locate()
store = Store(home)
runner = Runner(home, Config.load(home), store)
objects = Objects(home)
objects.create_bucket("bucket")
objects.put("bucket", "data/a.txt", b"abc")
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w:gz") as tar:
    source = sys.stdin.buffer.read()
    info = tarfile.TarInfo("train.py")
    info.size = len(source)
    tar.addfile(info, io.BytesIO(source))
objects.put("bucket", "code.tar.gz", out.getvalue())
channel = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/"}}}
request = {
    "TrainingJobName": "job", "TrainingJobArn": "arn", "AlgorithmSpecification": {"TrainingInputMode": "File"},
    "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://bucket/code.tar.gz"},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"}, "ResourceConfig": {"InstanceType": "ml.m5.large"},
    "InputDataConfig": [
        {"ChannelName": "copied", **channel}, {"ChannelName": "shown", "InputMode": "FastFile", **channel},
    ],
}
job = runner.submit(JobSpec(
    kind="training-job", name="job", entry="clary.toolkits.training.entry:main", log_group="g", log_stream="job/1",
    resources=Resources(1, 64, 0), opt_ml=True, payload=request,
))
runner.schedule()
deadline = time.monotonic() + 60
while (job := store.jobs.get(job.id)).state != "done" and time.monotonic() < deadline:
    runner.tend()
    time.sleep(0.02)
log = next(home.logs.rglob("*.log")).read_text()
with tarfile.open(fileobj=io.BytesIO(objects.read("bucket", "out/job/output/model.tar.gz"))) as tar:
    model = {one.name: tar.extractfile(one).read().decode() for one in tar}
print(json.dumps({"status": job.status, "reason": job.failure_reason, "log": log, "model": model}))
"""
SCRIPT = b"""
import os
top = "/opt/ml/input/data/"
copied = open(top + "copied/a.txt").read()
open(top + "copied/a.txt", "a").write("!")
try:
    open(top + "shown/a.txt", "a").write("!")
except OSError as error:
    print("SHOWN", open(top + "shown/a.txt").read(), error.strerror)
print("USER", os.getuid(), os.geteuid(), os.stat("/opt/ml/model").st_uid)
print("CAPABILITIES", [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")])
open("/opt/ml/model/m", "w").write(copied)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="clary-test-"))
    os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(
    os.getuid() != 0,
    reason="only root can become somebody else; without root every other test here is this one",
)
def test_a_job_of_an_ordinary_user_has_its_opt_ml_and_that_users_rights(place: Path) -> None:
    # An interpreter that this user may read, with nothing but its standard library: a job needs no more than that.
    environment = {
        "PATH": os.defpath, "HOME": str(place), "CLARY_HOME": str(place / "home"), "CLARY_DOOR": "off", "PYTHONPATH": str(ROOT),
        "CLARY_ISOLATION": "namespaces", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    private = any(
        not folder.stat().st_mode & 0o001 for folder in Path(os.path.realpath(sys.executable)).parents
    )
    python = "/usr/bin/python3" if private else sys.executable
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", python, "-c", DRIVER],
        input=SCRIPT, env=environment, cwd=place, capture_output=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert (found["status"], found["reason"]) == ("Completed", ""), found
    assert found["model"] == {"m": "abc"}
    assert "SHOWN abc Read-only file system" in found["log"]
    assert f"USER {NOBODY} {NOBODY} {NOBODY}" in found["log"]
    assert "CAPABILITIES ['0000000000000000']" in found["log"]
    assert (place / "home/s3/bucket/data/a.txt").read_text() == "abc"
