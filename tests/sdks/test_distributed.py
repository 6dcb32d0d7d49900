"""Jobs of two hosts through both SDKs: torchrun with gloo, and MPI with Open MPI."""

from __future__ import annotations

from tests.sdks.test_v2_estimators import START as START_V2
from tests.sdks.test_v3_model_trainer import START as START_V3
from tests.sdks.user import User

SUM = """
import os
import torch
import torch.distributed as dist
dist.init_process_group("gloo")
total = torch.ones(1) * (dist.get_rank() + 1)
dist.all_reduce(total)
if dist.get_rank() == 0:
    open(os.path.join(os.environ["SM_MODEL_DIR"], "sum"), "w").write(f"{total.item()} of {dist.get_world_size()}")
print(f"rank {dist.get_rank()} on {os.environ['SM_CURRENT_HOST']}: {total.item()}\\n", end="", flush=True)  # in one write
dist.destroy_process_group()
"""
RANK = """
import os
from mpi4py import MPI
world = MPI.COMM_WORLD
total = world.allreduce(world.rank + 1)
print(f"rank {world.rank} of {world.size} on {os.uname().nodename}: {total}\\n", end="", flush=True)
"""
TORCHRUN_RANKS = [f"rank {rank} on algo-{1 + rank // 2}: 10.0" for rank in range(4)]
MPI_RANKS = ["rank 0 of 2 on algo-1: 3", "rank 1 of 2 on algo-2: 3"]
LOG = """
def log(name):
    logs = session.boto_session.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    found = []
    for stream in logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=name + "/")["logStreams"]:
        at = dict(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
        found += [event["message"] for event in logs.get_log_events(**at)["events"]]
    said = ["rank" + line.split("rank", 1)[1] for line in found if "rank " in line and " on algo-" in line]
    return sorted(line.split("[")[0] for line in said)  # mpirun's tags
"""


def test_sdk_2_runs_torchrun_and_mpi_on_two_hosts(v2: User) -> None:
    v2.write("code/sum.py", SUM)
    v2.write("mpi/rank.py", RANK)
    v2.write("mpi/requirements.txt", "mpi4py\n")
    ran = v2.run(
        START_V2
        + LOG
        + """
from sagemaker.pytorch import PyTorch
two = {**common, "instance_count": 2, "source_dir": "code", "framework_version": "2.6.0", "py_version": "py312"}
two_gpus = {**two, "instance_type": "ml.g5.xlarge"}  # the SDK itself refuses torchrun on other types
torchrun = PyTorch(
    entry_point="sum.py", distribution={"torch_distributed": {"enabled": True}}, base_job_name="torchrun",
    hyperparameters={"sagemaker_mpi_num_of_processes_per_host": 2}, **two_gpus,
)
mpi = PyTorch(
    entry_point="rank.py", distribution={"mpi": {"enabled": True, "processes_per_host": 1}}, base_job_name="mpi",
    **{**two, "source_dir": "mpi"},
)
torchrun.fit(wait=False)
wait(torchrun)
mpi.fit(wait=False)
wait(mpi)
print(json.dumps([members(torchrun.model_data), *[log(one.latest_training_job.name) for one in (torchrun, mpi)]]))
"""
    )
    assert ran.result == [{"sum": "10.0 of 4"}, TORCHRUN_RANKS, MPI_RANKS]


def test_sdk_3_runs_torchrun_and_mpi_on_two_hosts(v3: User) -> None:
    v3.write("source/sum.py", SUM)
    v3.write("source/rank.py", RANK)
    v3.write(
        "source/requirements.txt", "paramiko\nmpi4py\n"
    )  # the SDK's MPI driver needs them; AWS's images have them
    ran = v3.run(
        START_V3
        + LOG
        + """
from sagemaker.train.distributed import MPI, Torchrun
two = {**common, "compute": Compute(instance_type="ml.m5.large", instance_count=2)}
torchrun = ModelTrainer(
    source_code=SourceCode(source_dir="source", entry_script="sum.py"), base_job_name="torchrun",
    distributed=Torchrun(process_count_per_node=2), **two,
)
mpi = ModelTrainer(
    source_code=SourceCode(source_dir="source", entry_script="rank.py", requirements="requirements.txt"), base_job_name="mpi",
    # This SDK gives mpirun the number of processes of one host as that of all.
    distributed=MPI(process_count_per_node=2, mpi_additional_options=["--map-by", "node"]), **two,
)
torchrun.train(wait=False)
kept = model(torchrun)
mpi.train(wait=False)
job = finished(mpi)
assert job.training_job_status == "Completed", job.failure_reason
print(json.dumps([kept, *[log(one._latest_training_job.training_job_name) for one in (torchrun, mpi)]]))
"""
    )
    assert ran.result == [{"sum": "10.0 of 4"}, TORCHRUN_RANKS, MPI_RANKS]


def test_sdk_3_runs_torchrun_on_one_host_with_packages_of_the_job(v3: User) -> None:
    v3.wheel("source", "sdk_own", "VALUE = 42\n")
    v3.write("source/requirements.txt", "./sdk_own-1.2-py3-none-any.whl\n")
    v3.write("source/sum.py", "import sdk_own\nprint('own', sdk_own.VALUE, flush=True)\n" + SUM)
    ran = v3.run(
        START_V3
        + """
from sagemaker.train.distributed import Torchrun
trainer = ModelTrainer(
    source_code=SourceCode(source_dir="source", entry_script="sum.py", requirements="requirements.txt"),
    distributed=Torchrun(process_count_per_node=2), **common,
)
trainer.train(wait=False)
job = finished(trainer)
assert job.training_job_status == "Completed", job.failure_reason
print(json.dumps(model(trainer)))
"""
    )
    assert ran.result == {"sum": "3.0 of 2"}
