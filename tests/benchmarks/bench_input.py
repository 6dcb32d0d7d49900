"""Input of 10 GB, and of 100,000 small objects: from the request until the script sees its data, and what was copied for it.

Beside it `cp -r` of the same data in the same run. A cold interpreter is part of every job's time. The data is really written
(CLARY_BENCH_INPUT_GB sets how much) and removed afterwards.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

import boto3
from tests.benchmarks.measuring import fresh_home, row

import clary

GIGABYTES = float(os.environ.get("CLARY_BENCH_INPUT_GB", "10"))
LARGE = 256 << 20  # bytes of a large object
SMALL, FOLDERS = 100_000, 100
SCRIPT = """
import os, time
place = "/opt/ml/input/data/train"
if os.path.isdir(place):
    with os.scandir(place) as entries:
        first = sorted(entry.name for entry in entries)[0]
    while os.path.isdir(os.path.join(place, first)):
        first = os.path.join(first, os.listdir(os.path.join(place, first))[0])
    path = os.path.join(place, first)
else:
    path = place + "_0"
with open(path, "rb") as file:
    assert file.read(1)
    seen = time.time()
attempt = os.environ["CLARY_ATTEMPT"]
files = (os.lstat(os.path.join(top, name)) for top, _, names in os.walk(attempt) for name in names)
print("seen=%.6f copied=%d" % (seen, sum(one.st_blocks * 512 for one in files if one.st_nlink == 1)), flush=True)
"""


def main() -> None:
    with fresh_home(zygote="0") as home:
        clary.attach()
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="bench")
        s3.put_object(Bucket="bench", Key="code.tar.gz", Body=_code())
        bucket = home / "s3" / "bench"
        row("", "until seen, s", "copied, MB", "cp -r / this")
        _large(bucket / "large")
        _compare(f"{GIGABYTES:g} GB in objects of {LARGE >> 20} MiB", bucket / "large")
        shutil.rmtree(bucket / "large")
        _small(bucket / "small")
        _compare(f"{SMALL:,} objects of 1 kB", bucket / "small")


def _code() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("train.py")
        info.size = len(SCRIPT)
        tar.addfile(info, io.BytesIO(SCRIPT.encode()))
    return out.getvalue()


def _large(folder: Path) -> None:
    folder.mkdir()
    block = os.urandom(1 << 20)
    for number in range(max(1, round(GIGABYTES * 1e9 / LARGE))):
        with open(folder / f"{number:03}", "wb") as file:
            for _ in range(LARGE >> 20):
                file.write(block)
    os.sync()


def _small(folder: Path) -> None:
    for number in range(FOLDERS):
        (folder / f"{number:03}").mkdir(parents=True)
        for file in range(SMALL // FOLDERS):
            (folder / f"{number:03}" / f"{file:04}").write_bytes(b"x" * 1000)
    os.sync()


def _compare(label: str, folder: Path) -> None:
    print(f"  {label}")
    taken, copied = _copied(folder)
    row("    cp -r", f"{taken:.2f}", f"{copied / 1e6:,.0f}", "1")
    for mode in ("File", "FastFile", "Pipe"):
        seconds, copied = _trained(folder, mode)
        row(f"    {mode} mode", f"{seconds:.2f}", f"{copied / 1e6:,.0f}", f"{taken / seconds:.1f}")


def _copied(folder: Path) -> tuple[float, int]:
    """Seconds, and the bytes that the copy takes on the disk."""
    copy = folder.with_name(f"{folder.name}-copy")
    begun = time.perf_counter()
    subprocess.run(["cp", "-r", folder, copy], check=True)
    taken = time.perf_counter() - begun
    size = sum(Path(top, name).lstat().st_blocks * 512 for top, _, names in os.walk(copy) for name in names)
    shutil.rmtree(copy)
    return taken, size


def _trained(folder: Path, mode: str) -> tuple[float, int]:
    """Seconds from the request until the script has read the first byte, and the bytes of its attempt that nobody shares."""
    sagemaker = boto3.client("sagemaker")
    name = f"{folder.name}-{mode.lower()}"
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://bench/{folder.name}/"}
    request: dict[str, Any] = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": "clary/python",
            "TrainingInputMode": mode,
            "MetricDefinitions": [
                {"Name": word, "Regex": f"{word}=([0-9.]+)"} for word in ("seen", "copied")
            ],
        },
        "HyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "s3://bench/code.tar.gz",
        },
        "RoleArn": "arn:aws:iam::000000000000:role/service-role/Bench",
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": "s3://bench/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 900},
    }
    begun = time.time()
    sagemaker.create_training_job(**request)
    while (answer := sagemaker.describe_training_job(TrainingJobName=name))[
        "TrainingJobStatus"
    ] == "InProgress":
        time.sleep(0.1)
    if answer["TrainingJobStatus"] != "Completed":
        raise RuntimeError(answer.get("FailureReason"))
    values = {one["MetricName"]: one["Value"] for one in answer["FinalMetricDataList"]}
    return values["seen"] - begun, int(values["copied"])


if __name__ == "__main__":
    main()
