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
from typing import Any

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
objects.put("bucket", "data/big", bytes(2 << 20))  # large enough not to be copied
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w:gz") as tar:
    source = sys.stdin.buffer.read()
    info = tarfile.TarInfo("train.py")
    info.size = len(source)
    tar.addfile(info, io.BytesIO(source))
objects.put("bucket", "code.tar.gz", out.getvalue())
channel = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/"}}}
request = {
    "TrainingJobName": "job", "TrainingJobArn": "arn",
    "AlgorithmSpecification": {"TrainingImage": "clary/python", "TrainingInputMode": "File"},
    "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://bucket/code.tar.gz"},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": int(os.environ["HOSTS"])},
    "InputDataConfig": [
        {"ChannelName": "copied", **channel}, {"ChannelName": "shown", "InputMode": "FastFile", **channel},
    ],
}
job = runner.submit(JobSpec(
    kind="training-job", name="job", entry="clary.toolkits.training.entry:main", log_group="g", log_stream="job/{host}",
    hosts=tuple(f"algo-{number + 1}" for number in range(int(os.environ["HOSTS"]))),
    private_network=os.environ["HOSTS"] != "1",
    resources=Resources(1, 64, 0), opt_ml=True, payload=request,
))
runner.schedule()
deadline = time.monotonic() + 60
while (job := store.jobs.get(job.id)).state != "done" and time.monotonic() < deadline:
    runner.tend()
    time.sleep(0.02)
log = "".join(path.read_text() for path in sorted(home.logs.rglob("*.log")))
if job.status != "Completed":
    sys.exit(log + job.failure_reason)
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
os.unlink(top + "copied/big")
print("FILE MODE", [line.split()[2] for line in open("/proc/mounts") if line.split()[1] == top + "copied"])
print("USER", os.getuid(), os.geteuid(), os.stat("/opt/ml/model").st_uid)
print("CAPABILITIES", [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")])
open("/opt/ml/model/m", "w").write(copied)
"""


HOSTS_SCRIPT = b"""
import os, socket, sys, time
host = socket.gethostname()
print("INTERFACES", [name for _, name in socket.if_nameindex()], flush=True)
open("/tmp/" + os.environ["SM_CURRENT_HOST"], "w").close()
if host == "algo-1":
    with socket.create_server(("algo-1", 80)) as server:
        print("HEARD", server.accept()[0].recv(99).decode(), "BESIDE", os.path.exists("/tmp/algo-2"))
else:
    for _ in range(600):
        try:
            socket.create_connection(("algo-1", 80)).sendall(host.encode())
            break
        except OSError:
            time.sleep(0.05)
print("CAPABILITIES", [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")])
open("/opt/ml/model/" + host, "w").write(str(os.getuid()))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="clary-test-"))
    os.chown(folder, NOBODY, NOBODY)
    yield folder
    for _ in range(20):  # the settler may be at the same
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(
    os.getuid() != 0,
    reason="only root can become somebody else; without root every other test here is this one",
)
def test_a_job_of_an_ordinary_user_has_its_opt_ml_and_that_users_rights(place: Path) -> None:
    found = run(place, SCRIPT, hosts=1)
    assert found["model"] == {"m": "abc"}
    assert "SHOWN abc Read-only file system" in found["log"]
    assert f"USER {NOBODY} {NOBODY} {NOBODY}" in found["log"]
    assert "CAPABILITIES ['0000000000000000']" in found["log"]
    assert "FILE MODE ['overlay']" in found["log"]
    assert (place / "home/s3/bucket/data/a.txt").read_text() == "abc"
    assert (place / "home/s3/bucket/data/big").stat().st_size == 2 << 20


@pytest.mark.skipif(
    os.getuid() != 0,
    reason="only root can become somebody else; without root every other test here is this one",
)
def test_hosts_of_an_ordinary_user_share_a_network_of_their_own(place: Path) -> None:
    found = run(place, HOSTS_SCRIPT, hosts=2)
    assert found["model"] == {"algo-1": str(NOBODY), "algo-2": str(NOBODY)}
    assert "HEARD algo-2 BESIDE False" in found["log"]
    assert found["log"].count("INTERFACES ['lo']") == 2
    assert found["log"].count("CAPABILITIES") == 2


def run(place: Path, script: bytes, hosts: int) -> dict[str, Any]:
    """What DRIVER tells of a job that completed, submitted by an ordinary user."""
    # An interpreter that this user may read, with nothing but its standard library: a job needs no more than that.
    environment = {
        "PATH": os.defpath, "HOME": str(place), "CLARY_HOME": str(place / "home"), "CLARY_DOOR": "off", "PYTHONPATH": str(ROOT),
        "CLARY_ISOLATION": "namespaces", "PYTHONDONTWRITEBYTECODE": "1", "HOSTS": str(hosts),
    }  # fmt: skip
    private = any(
        not folder.stat().st_mode & 0o001 for folder in Path(os.path.realpath(sys.executable)).parents
    )
    python = "/usr/bin/python3" if private else sys.executable
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", python, "-c", DRIVER],
        input=script, env=environment, cwd=place, capture_output=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["status"], found["reason"]) == ("Completed", ""), found
    return found
