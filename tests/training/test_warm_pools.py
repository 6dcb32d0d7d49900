"""Warm pools as boto3 users see them: KeepAlivePeriodInSeconds, WarmPoolStatus, UpdateTrainingJob."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clary.home import Home
from clary.runner import zygote

INSTANCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}


def run(trainer: Any, name: str, keep: int | None = 600, command: str = "true", **request: Any) -> None:
    resources = {**INSTANCES, **({} if keep is None else {"KeepAlivePeriodInSeconds": keep})}
    trainer.create(None, name=name, command=["sh", "-c", command], **{"ResourceConfig": resources, **request})


def status(trainer: Any, name: str) -> str:
    return str(trainer.describe(name).get("WarmPoolStatus", {}).get("Status", ""))


def keep_alive(trainer: Any, name: str, seconds: int) -> Any:
    return trainer.sagemaker.update_training_job(
        TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": seconds}
    )


def named(trainer: Any, pool: str) -> list[str]:
    answer = trainer.sagemaker.list_training_jobs(WarmPoolStatusEquals=pool)
    assert all(job["WarmPoolStatus"]["Status"] == pool for job in answer["TrainingJobSummaries"])
    return sorted(job["TrainingJobName"] for job in answer["TrainingJobSummaries"])


def test_a_pool_goes_from_job_to_job_that_matches(trainer: Any) -> None:
    run(trainer, "first")
    assert status(trainer, "first") == "InUse"
    trainer.completed("first")
    assert trainer.describe("first")["WarmPoolStatus"] == {"Status": "Available"}
    run(trainer, "other", keep=None, RoleArn="arn:aws:iam::000000000000:role/another")
    trainer.completed("other")
    assert (status(trainer, "first"), status(trainer, "other")) == ("Available", "")
    run(trainer, "second")
    pool = trainer.describe("first")["WarmPoolStatus"]
    assert (pool["Status"], pool["ReusedByJob"]) == ("Reused", "second")
    assert pool["ResourceRetainedBillableTimeInSeconds"] >= 0
    trainer.completed("second")
    assert status(trainer, "second") == "Available"
    # A job that does not ask for one takes the pool all the same, and ends it.
    run(trainer, "third", keep=None)
    assert trainer.describe("second")["WarmPoolStatus"]["ReusedByJob"] == "third"
    trainer.completed("third")
    assert status(trainer, "third") == "Terminated"
    assert named(trainer, "Reused") == ["first", "second"]
    assert named(trainer, "Terminated") == ["third"]
    assert named(trainer, "Available") == named(trainer, "InUse") == []


def test_a_pool_ends_when_its_time_is_over(trainer: Any) -> None:
    run(trainer, "job", keep=2)
    ended = trainer.completed("job")["TrainingEndTime"].timestamp()
    assert status(trainer, "job") == "Available"
    assert named(trainer, "Available") == ["job"]
    time.sleep(max(0.0, ended + 2 - time.time()))
    assert named(trainer, "Terminated") == ["job"]
    assert trainer.describe("job")["WarmPoolStatus"] == {
        "Status": "Terminated",
        "ResourceRetainedBillableTimeInSeconds": 2,
    }
    run(trainer, "late", keep=0)
    assert "ReusedByJob" not in trainer.describe("job")["WarmPoolStatus"]
    assert status(trainer, "late") == ""


def test_update_training_job_extends_a_pool_and_ends_it(trainer: Any) -> None:
    run(trainer, "job", keep=2)
    with pytest.raises(ClientError, match=r"only while the warm pool .* is Available; its status is InUse"):
        keep_alive(trainer, "job", 100)
    ended = trainer.completed("job")["TrainingEndTime"].timestamp()
    answer = keep_alive(trainer, "job", 3600)
    assert answer["TrainingJobArn"].endswith("training-job/job")
    time.sleep(max(0.0, ended + 2.2 - time.time()))
    assert status(trainer, "job") == "Available"
    assert trainer.describe("job")["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 3600
    with pytest.raises(ClientError, match="cannot be deleted while its warm pool is Available") as refused:
        trainer.sagemaker.delete_training_job(TrainingJobName="job")
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    keep_alive(trainer, "job", 0)
    assert status(trainer, "job") == "Terminated"
    with pytest.raises(ClientError, match="its status is Terminated"):
        keep_alive(trainer, "job", 100)
    trainer.sagemaker.delete_training_job(TrainingJobName="job")
    run(trainer, "job", keep=None)  # the name is free again, and so is its pool's
    assert status(trainer, "job") == ""
    trainer.completed("job")


def test_a_script_that_fails_or_is_stopped_leaves_its_pool(trainer: Any) -> None:
    run(trainer, "failing", command="false", EnableNetworkIsolation=False)
    run(trainer, "stopped", command="exec sleep 600", RoleArn="arn:aws:iam::000000000000:role/another")
    trainer.until("Training", name="stopped")
    trainer.sagemaker.stop_training_job(TrainingJobName="stopped")
    assert trainer.wait("failing")["TrainingJobStatus"] == "Failed"
    trainer.wait("stopped")
    assert named(trainer, "Available") == ["failing", "stopped"]


def test_pools_that_sagemaker_refuses_are_refused(trainer: Any) -> None:
    with pytest.raises(ClientError, match=r"(?is)keepAlivePeriodInSeconds.*less than or equal to"):
        run(trainer, "job", keep=100_000)
    with pytest.raises(ClientError, match="not supported with EnableManagedSpotTraining"):
        run(
            trainer, "job", EnableManagedSpotTraining=True,
            StoppingCondition={"MaxRuntimeInSeconds": 10, "MaxWaitTimeInSeconds": 20},
        )  # fmt: skip
    group = {"InstanceGroupName": "a", "InstanceType": "ml.m5.large", "InstanceCount": 1}
    with pytest.raises(ClientError, match="not supported for heterogeneous clusters"):
        run(
            trainer, "job",
            ResourceConfig={"InstanceGroups": [group], "VolumeSizeInGB": 1, "KeepAlivePeriodInSeconds": 10},
        )  # fmt: skip
    with pytest.raises(ClientError, match="Could not find training job") as missing:
        keep_alive(trainer, "nobody", 10)
    assert missing.value.response["Error"]["Code"] == "ResourceNotFound"


def test_the_other_settings_can_be_updated_while_the_job_runs(trainer: Any) -> None:
    run(trainer, "job", keep=None, command="exec sleep 600")
    trainer.until("Training", name="job")
    update = trainer.sagemaker.update_training_job
    with pytest.raises(ClientError, match="needs at least one of ProfilerConfig"):
        update(TrainingJobName="job")
    with pytest.raises(ClientError, match=r"EnableRemoteDebug is not offered by Clary"):
        update(TrainingJobName="job", RemoteDebugConfig={"EnableRemoteDebug": True})
    update(TrainingJobName="job", ProfilerConfig={"ProfilingIntervalInMilliseconds": 100})
    assert trainer.describe("job")["ProfilerConfig"] == {"ProfilingIntervalInMilliseconds": 100}
    assert "[clary] Profiler is not offered by Clary" in trainer.log("job")
    with pytest.raises(ClientError, match="the job has no warm pool"):
        keep_alive(trainer, "job", 100)
    trainer.sagemaker.stop_training_job(TrainingJobName="job")
    trainer.wait("job")
    with pytest.raises(ClientError, match="only while the training job is InProgress; its status is Stopped"):
        update(TrainingJobName="job", ProfilerConfig={"DisableProfiler": True})


@pytest.mark.slow
def test_an_available_pool_keeps_the_zygote_and_its_end_lets_it_go(
    home: Home, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("CLARY_ZYGOTE", "1")
    home.config_file.write_text("zygote_idle_s = 1.0")
    trainer: Any = request.getfixturevalue("trainer")
    run(trainer, "job")
    trainer.completed("job")
    deadline = time.monotonic() + 60
    while not (pid := zygote.alive(home, torch=False)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(4)  # it looks every two seconds whether it is wanted
    assert zygote.alive(home, torch=False) == pid
    keep_alive(trainer, "job", 0)
    while zygote.alive(home, torch=False):
        assert time.monotonic() < deadline
        time.sleep(0.1)
