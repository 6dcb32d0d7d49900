"""InstanceCount above one, and instance groups: cooperating processes with names and addresses of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

import clary

TELL = """
import json, os, socket
resources = json.load(open("/opt/ml/input/config/resourceconfig.json"))
host = resources["current_host"]
told = {
    "resources": resources,
    "name": socket.gethostname(),
    "addresses": {one: socket.gethostbyname(one) for one in resources["hosts"]},
    "variables": {k: v for k, v in os.environ.items() if k.startswith("SM_")},
}
open(f"/opt/ml/model/{host}.json", "w").write(json.dumps(told))
open("/opt/ml/model/same", "w").write("same")
open("/opt/ml/model/differs", "w").write(host)
open("/tmp/mine", "x").write(host)
print("this is", host)
"""

MEET = """
import os, socket, sys, torch, torch.distributed as dist
hosts = eval(os.environ["SM_HOSTS"])
rank = hosts.index(os.environ["SM_CURRENT_HOST"])
os.environ |= {"MASTER_ADDR": hosts[0], "MASTER_PORT": sys.argv[2]}
dist.init_process_group("gloo", rank=rank, world_size=len(hosts))
value = torch.tensor([rank + 1.0])
dist.all_reduce(value)
print(f"sum={value.item()} of {dist.get_world_size()}")
dist.destroy_process_group()
"""

TORCHRUN = """
import os, torch, torch.distributed as dist
dist.init_process_group("gloo")
value = torch.tensor([dist.get_rank() + 1.0])
dist.all_reduce(value)
print(f"rank {dist.get_rank()} of {dist.get_world_size()} on {os.environ['SM_CURRENT_HOST']}: sum={value.item()}", flush=True)
dist.destroy_process_group()
"""

MPI = """
import os, socket, sys
e = os.environ
line = f"rank {e['OMPI_COMM_WORLD_RANK']} of {e['OMPI_COMM_WORLD_SIZE']} on {socket.gethostname()}"
sys.stdout.write(f"{line} {e['SM_CURRENT_HOST']} {e['TRAINING_JOB_NAME']}\\n")
"""


def left_running(home: Path) -> list[str]:
    """Processes of this home that are no zygote."""
    found = []
    for process in psutil.process_iter():
        try:
            if f"CLARY_HOME={home}".encode() in Path(f"/proc/{process.pid}/environ").read_bytes():
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue
    return [line for line in found if "clary.runner.settle" not in line and line]


def test_each_host_has_its_name_its_address_and_its_folders_and_one_model_comes_of_it(trainer: Any) -> None:
    trainer.create(TELL, count=3)
    answer = trainer.completed()
    assert answer["ResourceConfig"]["InstanceCount"] == 3
    files = trainer.artifact()
    told = {name: json.loads(files[f"{name}.json"]) for name in ("algo-1", "algo-2", "algo-3")}
    for name, one in told.items():
        assert one["name"] == name
        assert one["resources"]["hosts"] == ["algo-1", "algo-2", "algo-3"]
        assert one["resources"]["current_host"] == name
        assert one["variables"]["SM_CURRENT_HOST"] == name
        assert json.loads(one["variables"]["SM_HOSTS"]) == ["algo-1", "algo-2", "algo-3"]
        assert len(set(one["addresses"].values())) == 3
        assert f"this is {name}" in trainer.log(host=f"{name}-")
    assert len({json.dumps(one["addresses"]) for one in told.values()}) == 1
    assert files["same"] == b"same"
    assert files["differs"] == b"algo-1"
    assert "algo-2 has another differs" in trainer.log()
    assert not Path("/tmp/mine").exists()


def test_instance_groups_are_numbered_through_and_named_to_the_script(trainer: Any) -> None:
    groups = [
        {"InstanceGroupName": "workers", "InstanceType": "ml.c5.xlarge", "InstanceCount": 2},
        {"InstanceGroupName": "chiefs", "InstanceType": "ml.m5.large", "InstanceCount": 1},
    ]
    trainer.create(TELL, ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 1})
    trainer.completed()
    told = json.loads(trainer.artifact()["algo-3.json"])
    assert told["resources"]["current_group_name"] == "chiefs"
    assert told["resources"]["current_instance_type"] == "ml.m5.large"
    assert told["resources"]["instance_groups"][0]["hosts"] == ["algo-1", "algo-2"]
    assert json.loads(told["variables"]["SM_INSTANCE_GROUPS"]) == ["workers", "chiefs"]
    assert told["variables"]["SM_IS_HETERO"] == "true"


@pytest.mark.slow
def test_torch_distributed_works_over_gloo(trainer: Any) -> None:
    with socket.create_server(("", 0)) as server:
        port = str(server.getsockname()[1])
    trainer.create(MEET, count=2, hyperparameters={"port": port})
    trainer.completed()
    for host in ("algo-1", "algo-2"):
        assert "sum=3.0 of 2" in trainer.log(host=f"{host}-")


@pytest.mark.slow
def test_torchrun_starts_two_processes_on_each_of_two_hosts(trainer: Any) -> None:
    values = {
        "sagemaker_torch_distributed_enabled": "true",
        "sagemaker_mpi_num_of_processes_per_host": "2",
    }
    with contextlib.ExitStack() as busy:
        with contextlib.suppress(
            OSError
        ):  # taken already: then another job is using it, which is the case here
            busy.enter_context(socket.create_server(("", 7777)))
        trainer.create(TORCHRUN, count=2, hyperparameters=values)
        trainer.completed()
    log = trainer.log()
    for rank in range(4):
        assert f"rank {rank} of 4 on algo-{1 + rank // 2}: sum=10.0" in log


@pytest.mark.slow
def test_clary_train_distributes_a_script(trainer: Any, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TORCHRUN)
    job = clary.train(
        tmp_path / "train.py", instance_count=2, distribution="torchrun", processes_per_host=1, name="both"
    )
    trainer.completed(job.name)
    assert "rank 1 of 2 on algo-2: sum=3.0" in trainer.log(job.name)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"distribution": "horovod"}, "'torchrun' or 'mpi'"),
        ({"processes_per_host": 2}, "needs distribution"),
        ({"distribution": "mpi", "processes_per_host": 0}, "at least 1"),
    ],
)
def test_a_distribution_that_is_none_is_told_at_once(
    trainer: Any, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    (tmp_path / "train.py").write_text("print()")
    with pytest.raises(ValueError, match=said):
        clary.train(tmp_path / "train.py", **options)


@pytest.mark.slow
@pytest.mark.parametrize("isolated", [False, True])
def test_an_mpi_job_runs_a_process_on_each_host(trainer: Any, isolated: bool) -> None:
    values = {"sagemaker_mpi_enabled": "true", "sagemaker_mpi_num_of_processes_per_host": "2"}
    trainer.create(MPI, count=2, hyperparameters=values, EnableNetworkIsolation=isolated)
    trainer.completed()
    log = trainer.log()
    for rank in range(4):
        host = f"algo-{1 + rank // 2}"
        assert f"rank {rank} of 4 on {host} {host} job" in log


def test_a_host_that_dies_takes_the_job_with_it_and_the_reason_names_it(
    trainer: Any, home_path: Path
) -> None:
    script = """
import os, time
print("here", os.environ["SM_CURRENT_HOST"], flush=True)
if os.environ["SM_CURRENT_HOST"] == "algo-2":
    raise ValueError("no more memory on this host")
time.sleep(300)
"""
    trainer.create(script, count=2)
    answer = trainer.wait()
    assert answer["TrainingJobStatus"] == "Failed"
    assert answer["FailureReason"].startswith("AlgorithmError: algo-2: ExecuteUserScriptError")
    assert "no more memory on this host" in answer["FailureReason"]
    deadline = time.monotonic() + 20
    while left_running(home_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_running(home_path) == []


def test_a_host_that_is_killed_ends_the_job(trainer: Any) -> None:
    trainer.create('import os, time; print("pid", os.getpid(), flush=True); time.sleep(300)', count=2)
    deadline = time.monotonic() + 60
    while not all("pid " in trainer.log(host=f"{host}-") for host in ("algo-1", "algo-2")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pid = int(trainer.log(host="algo-2-").split("pid ")[1].split()[0])
    os.kill(pid, signal.SIGKILL)
    answer = trainer.wait()
    assert answer["TrainingJobStatus"] == "Failed"
    assert "algo-2" in answer["FailureReason"]
    assert "exit code: 137" in answer["FailureReason"]


def test_a_job_of_several_hosts_is_stopped_on_all_of_them_and_keeps_what_they_saved(trainer: Any) -> None:
    script = """
import os, signal, time
host = os.environ["SM_CURRENT_HOST"]
def save(*_):
    open(f"/opt/ml/model/{host}", "w").write("saved")
    raise SystemExit
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
time.sleep(300)
"""
    trainer.create(script, count=2)
    deadline = time.monotonic() + 60
    while not all("ready" in trainer.log(host=f"{host}-") for host in ("algo-1", "algo-2")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    trainer.sagemaker.stop_training_job(TrainingJobName="job")
    assert trainer.wait()["TrainingJobStatus"] == "Stopped"
    assert set(trainer.artifact()) == {"algo-1", "algo-2"}


def test_hosts_whose_supervisor_is_killed_leave_nothing_and_the_job_is_tried_again(
    trainer: Any, home_path: Path
) -> None:
    script = """
import os, subprocess, time
first = not os.path.exists("/opt/ml/checkpoints/again")
open("/opt/ml/checkpoints/again", "w").close()
print("first" if first else "second", flush=True)
if first:
    subprocess.Popen(["sleep", "300"], start_new_session=True)
    time.sleep(300)
"""
    trainer.create(
        script,
        count=2,
        RetryStrategy={"MaximumRetryAttempts": 1},
        CheckpointConfig={"S3Uri": "s3://bucket/checkpoints/"},
    )
    deadline = time.monotonic() + 60
    while not all("first" in trainer.log(host=f"{host}-") for host in ("algo-1", "algo-2")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    while len(trainer.s3.list_objects_v2(Bucket="bucket", Prefix="checkpoints/").get("Contents", [])) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    engine = trainer.engine
    started = engine.runner.attempt(engine.runner.get("training-job", "job")).started()
    os.kill(started["shim"], signal.SIGKILL)
    answer = trainer.completed()
    assert "Restarting" in [one["Status"] for one in answer["SecondaryStatusTransitions"]]
    assert not [line for line in left_running(home_path) if line.startswith("sleep")]
