"""Stops, limits, losses: however a processing job ends, its record says so and nothing is left running."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.slow

WAIT = "import time; print('ready', flush=True); time.sleep(120)"


def running(home: Any) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        except OSError:
            continue
        if f"CLARY_COOKIE_HOME={home.root}".encode() in environment:
            found.append(process.pid)
    return found


def is_quiet(home: Any) -> bool:
    deadline = time.monotonic() + 20
    while running(home):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_job_is_stopped_in_the_queue_while_it_prepares_and_while_it_runs(processor: Any, home: Any) -> None:
    whole = {"ClusterConfig": {"InstanceType": "ml.m5.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}}
    processor.create(WAIT, name="runs", ProcessingResources=whole)
    processor.create(WAIT, name="waits", ProcessingResources=whole)
    processor.until_said("ready", "runs")
    processor.sagemaker.stop_processing_job(ProcessingJobName="waits")
    waits = processor.wait("waits")
    assert waits["ProcessingJobStatus"] == "Stopped"
    assert "ProcessingStartTime" not in waits
    began = time.monotonic()
    processor.sagemaker.stop_processing_job(ProcessingJobName="runs")
    assert processor.describe("runs")["ProcessingJobStatus"] in ("Stopping", "Stopped")
    assert processor.wait("runs")["ProcessingJobStatus"] == "Stopped"
    assert time.monotonic() - began < 30
    for name in ("runs", "waits"):
        with pytest.raises(ClientError, match="is in status Stopped"):
            processor.sagemaker.stop_processing_job(ProcessingJobName=name)
    for number in range(200):
        processor.put(f"many/{number}", os.urandom(1 << 16))
    processor.create(WAIT, name="loads", inputs=[processor.given("many", "s3://bucket/many/")])
    deadline = time.monotonic() + 30
    while "Downloading input" not in processor.log("loads"):
        assert time.monotonic() < deadline
    processor.sagemaker.stop_processing_job(ProcessingJobName="loads")
    assert processor.wait("loads")["ProcessingJobStatus"] == "Stopped"
    assert is_quiet(home)


def test_a_job_that_runs_too_long_is_stopped_and_its_log_says_why(processor: Any, home: Any) -> None:
    script = "open('/opt/ml/processing/output/o/f', 'w').write('x')\n" + WAIT
    processor.create(
        script,
        StoppingCondition={"MaxRuntimeInSeconds": 8},
        outputs=[processor.wanted("o", "s3://bucket/out/")],
    )
    answer = processor.wait()
    assert answer["ProcessingJobStatus"] == "Stopped"
    assert "FailureReason" not in answer
    assert processor.stored() == {"f": b"x"}
    assert "Stopped: the job ran longer than MaxRuntimeInSeconds (8) allows." in processor.log()
    assert is_quiet(home)


def test_a_job_whose_supervisor_is_killed_fails_as_lost_and_keeps_what_it_wrote(
    processor: Any, home: Any
) -> None:
    script = "open('/opt/ml/processing/output/o/f', 'w').write('x')\n" + WAIT
    processor.create(script, outputs=[processor.wanted("o", "s3://bucket/out/")])
    processor.until_said("ready")
    job = processor.engine.runner.get("processing-job", "job")
    os.kill(processor.engine.runner.attempt(job).started()["shim"], signal.SIGKILL)
    assert processor.failed().startswith("InternalServerError: The job's processes were lost")
    assert processor.stored() == {"f": b"x"}
    assert is_quiet(home)


def test_a_job_that_needs_too_much_memory_is_told_so_in_the_words_of_aws(
    processor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "import time\nprint('ready', flush=True)\ndata = [bytearray(1 << 20) for _ in range(1500)]\ntime.sleep(60)"
    from clary.api.engine import Engine
    from clary.runner import JobSpec

    body = processor.request(script)
    from clary.api.operations import processing_job, processing_request

    def small(engine: Engine, request: dict[str, Any]) -> JobSpec:
        from dataclasses import replace

        return replace(processing_request.spec_of(engine, request), memory_limit_mb=600)

    monkeypatch.setattr(processing_job, "spec_of", small)
    processor.sagemaker.create_processing_job(**body)
    assert processor.failed() == (
        "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an instance."
        " The job used more than the 600 MB that it may."
    )


def test_a_job_ends_well_when_everything_around_it_is_killed(
    processor: Any, home: Any, serve: Any, tmp_path: Path
) -> None:
    server = serve()
    client = server.client("sagemaker")
    script = f"""
import os, time
print("ready", flush=True)
while not os.path.exists("{tmp_path}/go"):
    time.sleep(0.05)
open("/opt/ml/processing/output/o/f", "w").write("made alone")
"""
    client.create_processing_job(
        **processor.request(script, outputs=[processor.wanted("o", "s3://bucket/out/")])
    )
    processor.until_said("ready")
    server.stop(signal.SIGKILL)
    (tmp_path / "go").touch()
    deadline = time.monotonic() + 60
    # Nobody asks the engine: the job's own end has to see to it.
    while not (home.s3 / "bucket/out/f").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    processor.completed()
    assert processor.stored() == {"f": b"made alone"}


def test_a_name_is_free_again_when_the_job_is_deleted(processor: Any) -> None:
    processor.create(WAIT)
    with pytest.raises(
        ClientError, match="Job name must be unique within an AWS account and region"
    ) as caught:
        processor.create(WAIT)
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"
    with pytest.raises(ClientError, match="cannot be deleted while its status is") as caught:
        processor.sagemaker.delete_processing_job(ProcessingJobName="job")
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"
    processor.sagemaker.stop_processing_job(ProcessingJobName="job")
    processor.wait()
    processor.sagemaker.delete_processing_job(ProcessingJobName="job")
    for call in (processor.sagemaker.describe_processing_job, processor.sagemaker.stop_processing_job,
                 processor.sagemaker.delete_processing_job):  # fmt: skip
        with pytest.raises(ClientError, match="Could not find requested job with name: job"):
            call(ProcessingJobName="job")
    processor.create("print('second')")
    processor.completed()


def test_a_job_without_network_reaches_nothing(processor: Any, serve: Any) -> None:
    port = serve().url.rpartition(":")[2].rstrip("/")
    script = f"""
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), 3)
    print("reached")
except OSError:
    print("alone")
"""
    for name, isolated in (("open", False), ("closed", True)):
        processor.create(script, name=name, NetworkConfig={"EnableNetworkIsolation": isolated})
    answer = processor.completed("closed")
    processor.completed("open")
    assert (processor.said("open"), processor.said("closed")) == (["reached"], ["alone"])
    assert answer["NetworkConfig"] == {"EnableNetworkIsolation": True}
