"""Distributed launchers of script mode: what ``distribution={...}`` of SDK v2 asks for through ``sagemaker_*`` hyperparameters.

The commands are those of sagemaker-training-toolkit (torch_distributed.py, mpi.py).
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from clary.toolkits.training.code import Program
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.hyperparameters import Hyperparameters
from clary.toolkits.training.ssh import SSHD


class Launcher(Enum):
    """Who starts the script's processes."""

    NONE = "one process on each host"
    TORCHRUN = "torchrun"
    MPI = "mpirun"


_REFUSED = {
    "sagemaker_distributed_dataparallel_enabled": "smdistributed.dataparallel is a library of AWS's own hardware",
    "sagemaker_pytorch_xla_multi_worker_enabled": "PyTorch/XLA multi-worker training is not offered",
    "sagemaker_parameter_server_enabled": "TensorFlow's parameter servers are not offered",
    "sagemaker_multi_worker_mirrored_strategy_enabled": "MultiWorkerMirroredStrategy's TF_CONFIG is not offered",
}


def launcher_of(values: Hyperparameters) -> Launcher:
    """The launcher that the hyperparameters ask for. Raises JobFailure for one that does not run here."""
    framework = values.framework
    for name, why in _REFUSED.items():
        if framework.get(name):
            raise JobFailure(
                f'ClientError: {why}. Use distribution={{"torch_distributed": {{"enabled": True}}}} or {{"mpi": ...}} instead.'
            )
    if framework.get("sagemaker_torch_distributed_enabled") or framework.get("sagemaker_pytorch_ddp_enabled"):
        return Launcher.TORCHRUN
    return Launcher.MPI if framework.get("sagemaker_mpi_enabled") else Launcher.NONE


@dataclass(frozen=True)
class Cluster:
    """What a launcher knows of its hosts. processes: on each of them; port: where torchrun's processes meet."""

    hosts: Sequence[str]
    current: str
    processes: int
    interface: str
    port: int = 0

    @property
    def leads(self) -> bool:
        return self.current == self.hosts[0]


def processes_per_host(values: Hyperparameters, gpus: int) -> int:
    """As many as asked for, else one for each GPU, else one."""
    asked = values.framework.get("sagemaker_mpi_num_of_processes_per_host")
    return int(asked) if asked else max(1, gpus)


def torchrun(
    cluster: Cluster, program: Program, python: Path, entry_point: str, arguments: Sequence[str]
) -> list[str]:
    """torchrun's command on one host. It is run as a module, so that packages installed for the job are found, too."""
    if program is not Program.SCRIPT:
        raise JobFailure(
            "ClientError: torch_distributed needs a Python script as the entry point"
            f" ({entry_point} is {program.value})."
        )
    command = [str(python), "-m", "torch.distributed.run"]
    command += ["--nnodes", str(len(cluster.hosts)), "--nproc_per_node", str(cluster.processes)]
    if len(cluster.hosts) > 1:
        rank = list(cluster.hosts).index(cluster.current)
        command += ["--master_addr", cluster.hosts[0], "--master_port", str(cluster.port)]
        command += ["--node_rank", str(rank)]
    return [*command, entry_point, *arguments]


def mpirun(
    cluster: Cluster, values: Hyperparameters, program: Sequence[str], environment: Mapping[str, str]
) -> list[str]:
    """mpirun's command on the first host, to be executed in ``environment``. ``program``: what each process executes, with
    the variables of its host."""
    processes = cluster.processes
    total = int(values.framework.get("sagemaker_mpi_num_processes") or processes * len(cluster.hosts))
    hosts = [host if processes == 1 else f"{host}:{processes}" for host in cluster.hosts]
    options = {
        "btl_tcp_if_include": cluster.interface,
        "oob_tcp_if_include": cluster.interface,
        "plm_rsh_no_tree_spawn": "1",
        "pml": "ob1",
        "btl": "^openib",
        "orte_abort_on_non_zero_status": "1",
        "btl_vader_single_copy_mechanism": "none",
    }
    command = ["mpirun", "--host", ",".join(hosts), "-np", str(total), "--allow-run-as-root", "--tag-output"]
    command += ["-bind-to", "none", "-map-by", "slot", "--oversubscribe"]
    for name, value in options.items():
        command += ["-mca", name, value]
    for name in ("LD_LIBRARY_PATH", "PATH"):
        if name in environment:
            command += ["-x", name]
    command += ["-x", f"NCCL_SOCKET_IFNAME={cluster.interface}"]
    command += shlex.split(str(values.framework.get("sagemaker_mpi_custom_mpi_options") or ""))
    return [*command, *program]


def mpi_program(python: Path, command: Sequence[str]) -> list[str]:
    """The command with ``-m mpi4py`` where that is installed: an uncaught exception then ends all processes."""
    if list(command[:1]) != [str(python)]:
        return list(command)
    probe = [
        str(python),
        "-c",
        "import importlib.util, sys; sys.exit(importlib.util.find_spec('mpi4py') is None)",
    ]
    if subprocess.run(probe, stdin=subprocess.DEVNULL, check=False).returncode:
        return list(command)
    return [str(python), "-m", "mpi4py", *command[1:]]


def mpi_worker(done: Path) -> list[str]:
    """What every other host does: let the first one start processes here, until it says that it is done."""
    waiting = f"while [ ! -e {shlex.quote(str(done))} ]; do kill -0 $sshd || exit 1; sleep 0.1; done"
    script = f"{SSHD} -D -e & sshd=$!; {waiting}; kill $sshd"
    return ["/bin/sh", "-c", script]
