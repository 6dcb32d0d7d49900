"""From submission to the first line of the user's script: a job started warm, started cold, Ray's jobs, and a bare subprocess.

The script notes the time when its first line runs and after ``import torch``; all clocks are the machine's. Scripts and
commands (SDK v3's ``/bin/bash -c``, whose own ``python`` is a new interpreter in any case) are measured in turn, so that what
else the machine does meets all of them.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks import ray_peer
from tests.benchmarks.measuring import fresh_home, row

import clary
from clary.home import Home
from clary.runner.zygote import alive, ensure

SCRIPT = """
import time
first = time.time()
import torch
ready = time.time()
print("first=%.6f ready=%.6f" % (first, ready), flush=True)
"""
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6-cpu-py311"
TIMES, RAY = 7, 3
Pair = tuple[float, float]


def of_script(script: Path) -> Pair:
    """Milliseconds from CreateTrainingJob to a script's first line, and until it has torch."""
    # train() uploads the archive before it makes the request: the job's own creation time is the start.
    regexes = {"first": r"first=([0-9.]+)", "ready": r"ready=([0-9.]+)"}
    job = clary.train(script, instance_type="ml.m5.large", metrics=regexes)
    answer = job.describe()
    job.wait(quiet=True, timeout=300)
    values = job.metrics().set_index("name")["value"]
    begun = answer["CreationTime"].timestamp()
    return (values["first"] - begun) * 1000, (values["ready"] - begun) * 1000


def of_command(number: int) -> Pair:
    """Milliseconds from CreateTrainingJob to the first line of a shell command, as SDK v3 gives them, and to its end."""
    import boto3

    sagemaker: Any = boto3.client("sagemaker")
    name = f"command-{number}-{time.time_ns()}"
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder) / "first"
        begun = time.time()
        sagemaker.create_training_job(
            TrainingJobName=name, RoleArn="arn:aws:iam::000000000000:role/bench",
            AlgorithmSpecification={
                "TrainingImage": IMAGE, "TrainingInputMode": "File", "ContainerEntrypoint": ["/bin/bash"],
                "ContainerArguments": ["-c", f"date +%s.%N > {mark}"],
            },
            OutputDataConfig={"S3OutputPath": f"s3://{bucket()}/out"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )  # fmt: skip
        while (answer := sagemaker.describe_training_job(TrainingJobName=name))[
            "TrainingJobStatus"
        ] == "InProgress":
            time.sleep(0.02)
        assert answer["TrainingJobStatus"] == "Completed", answer.get("FailureReason")
        return (float(mark.read_text()) - begun) * 1000, (
            answer["TrainingEndTime"].timestamp() - begun
        ) * 1000


def of_subprocess(script: Path) -> Pair:
    """The same of ``python script.py``."""
    begun = time.time()
    output = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    found = re.search(r"first=([0-9.]+) ready=([0-9.]+)", output)
    assert found is not None
    return (float(found[1]) - begun) * 1000, (float(found[2]) - begun) * 1000


def bucket() -> str:
    import boto3

    s3: Any = boto3.client("s3")
    if not any(one["Name"] == "bench" for one in s3.list_buckets()["Buckets"]):
        s3.create_bucket(Bucket="bench")
    return "bench"


def medians(pairs: list[Pair]) -> Pair:
    return statistics.median(one[0] for one in pairs), statistics.median(one[1] for one in pairs)


def measured(zygote: str, work: Callable[[int], Pair]) -> Pair:
    """Medians with the zygotes on or off; the home is new, and its zygotes are there before the first job, as with a server."""
    with fresh_home(zygote=zygote) as home:
        if zygote == "1":
            wait_for_zygotes(Home.locate(home))
        clary.attach()
        work(0)
        return medians([work(number) for number in range(1, TIMES + 1)])


def wait_for_zygotes(home: Home) -> None:
    """Return when the processes that start jobs are ready."""
    end = time.monotonic() + 120
    for torch in (True, False):
        ensure(home, torch=torch)
        while not alive(home, torch=torch):
            if time.monotonic() > end:
                raise TimeoutError("No zygote has come up.")
            time.sleep(0.1)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "train.py"
        script.write_text(SCRIPT)
        of_subprocess(script)
        plain = medians([of_subprocess(script) for _ in range(TIMES)])
        cold, warm = (measured(zygote, lambda number: of_script(script)) for zygote in ("0", "1"))
        row(
            f"Submission to ..., ms, medians of {TIMES}, load {os.getloadavg()[0]:.1f}",
            "first line",
            "has torch",
            "/ warm",
        )
        row("  CreateTrainingJob, script, warm", *shown(warm, warm))
        row("  CreateTrainingJob, script, cold", *shown(cold, warm))
        row("  python script.py, a bare subprocess", *shown(plain, warm))
        try:
            answer = ray_peer.ask(
                "first_line", {"script": str(script), "times": RAY, "python": sys.executable}
            )
            row(f"  ray job submit, of {RAY}", *shown((answer["first"], answer["ready"]), warm))
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            row(f"  ray job submit: {error}"[:200])
    cold, warm = (measured(zygote, of_command) for zygote in ("0", "1"))
    row("  ... of /bin/bash -c, and until it is done", "first line", "done", "/ warm")
    row("  CreateTrainingJob, command, warm", *shown(warm, warm))
    row("  CreateTrainingJob, command, cold", *shown(cold, warm))


def shown(pair: Pair, warm: Pair) -> list[str]:
    """The cells of a row; the last one compares what a user waits for."""
    return [f"{pair[0]:.0f}", f"{pair[1]:.0f}", f"{pair[1] / warm[1]:.1f}"]


if __name__ == "__main__":
    main()
