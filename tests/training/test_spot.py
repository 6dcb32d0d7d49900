"""Managed spot training: the machine is taken away, and the job goes on from its checkpoints; and how long it may wait."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clary.sdk import TrainingJob

COUNTS = """
import os, signal, sys, time
path = "/opt/ml/checkpoints/epoch"
epoch = int(open(path).read()) if os.path.exists(path) else 0
print("from epoch", epoch, flush=True)
def leave(*_):
    open(path, "w").write(str(epoch))
    print("saved at", epoch, flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
while epoch < 12 or os.environ.get("FOR_EVER"):
    epoch += 1
    time.sleep(0.1 if epoch != 6 else 1)
open("/opt/ml/model/epochs", "w").write(str(epoch))
"""


def spot(wait: int = 600, runtime: int = 300) -> dict[str, Any]:
    return {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": runtime, "MaxWaitTimeInSeconds": wait},
        "CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints/"},
    }


def phases(answer: dict[str, Any]) -> list[str]:
    return [one["Status"] for one in answer["SecondaryStatusTransitions"]]


@pytest.mark.parametrize("count", [1, 2])
def test_an_interrupted_job_saves_waits_and_goes_on(trainer: Any, count: int) -> None:
    trainer.create(COUNTS, count=count, **spot())
    trainer.until_said("from epoch 0")
    time.sleep(0.4)
    TrainingJob("job").interrupt()
    answer = trainer.completed()
    assert phases(answer) == [
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Uploading", "Completed"),
    ]
    log = trainer.log()
    saved = {int(part.split()[0]) for part in log.split("saved at ")[1:]}
    assert min(saved) > 0
    # Each host saved its own, all to one place.
    assert {int(part.split()[0]) for part in log.split("from epoch ")[1:]} - {0} <= saved
    assert trainer.artifact()["epochs"] == b"12"
    assert answer["BillableTimeInSeconds"] >= 1
    assert answer["EnableManagedSpotTraining"] is True


def test_an_interruption_is_one_post_for_other_programs(trainer: Any, server: Any) -> None:
    trainer.create(COUNTS, **spot())
    trainer.until_said("from epoch 0")
    request = urllib.request.Request(
        f"{server.url}/clary/training-jobs/job/interrupt",
        method="POST",
        headers={"Authorization": f"Bearer {server.environment()['CLARY_TOKEN']}"},
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer) == {}
    assert "Interrupted" in phases(trainer.completed())


def test_only_a_running_job_of_managed_spot_training_can_be_interrupted(trainer: Any) -> None:
    trainer.create("import time; time.sleep(60)", name="plain")
    trainer.until("Training", name="plain")
    with pytest.raises(Exception, match="only managed spot training"):
        TrainingJob("plain").interrupt()
    trainer.sagemaker.stop_training_job(TrainingJobName="plain")
    trainer.wait("plain")


def test_a_job_that_waits_again_can_be_stopped_and_keeps_what_it_had(trainer: Any) -> None:
    trainer.create(COUNTS, Environment={"FOR_EVER": "1"}, **spot())
    trainer.until_said("from epoch 0")
    # Another job takes the machine as soon as the first one leaves it.
    size = {"InstanceType": "ml.m5.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    trainer.create("import time; time.sleep(60)", name="big", ResourceConfig=size)
    engine = trainer.engine
    engine.runner.store.jobs.update(engine.runner.get("training-job", "job").id, not_before=0)
    TrainingJob("job").interrupt()
    deadline = time.monotonic() + 30
    while "Interrupted" not in phases(trainer.describe()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    trainer.sagemaker.stop_training_job(TrainingJobName="job")
    answer = trainer.wait()
    assert answer["TrainingJobStatus"] == "Stopped"
    trainer.sagemaker.stop_training_job(TrainingJobName="big")
    trainer.wait("big")


def test_a_job_that_waits_for_longer_than_it_may_is_stopped(trainer: Any) -> None:
    size = {"InstanceType": "ml.m5.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    trainer.create("import time; time.sleep(60)", name="big", ResourceConfig=size)
    trainer.until("Training", name="big")
    trainer.create("print()", name="late", ResourceConfig=size, **spot(wait=1, runtime=1))
    answer = trainer.wait("late")
    assert (answer["TrainingJobStatus"], answer["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")
    trainer.sagemaker.stop_training_job(TrainingJobName="big")
    trainer.wait("big")


def test_a_running_job_ends_when_its_whole_time_is_over(trainer: Any) -> None:
    trainer.create(COUNTS, Environment={"FOR_EVER": "1"}, **spot(wait=6, runtime=6))
    answer = trainer.wait()
    assert answer["TrainingJobStatus"] == "Stopped"
    assert answer["SecondaryStatus"] in ("MaxWaitTimeExceeded", "MaxRuntimeExceeded")


def test_interrupting_without_spot_is_refused_by_the_service_model(trainer: Any) -> None:
    with pytest.raises(ClientError, match="MaxWaitTimeInSeconds"):
        trainer.create("print()", EnableManagedSpotTraining=True)
