"""Starting the program of one host so that it works with those of the others: torchrun, MPI, and SDK v3's drivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.runner.isolation import Isolation
from clary.toolkits.training import container, distributed
from clary.toolkits.training.code import Program
from clary.toolkits.training.distributed import Cluster, Launcher
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.hyperparameters import Hyperparameters
from clary.toolkits.training.layout import Layout
from clary.toolkits.training.members import Member
from clary.toolkits.training.ports import MASTER_PORT, Rendezvous
from clary.toolkits.training.program import Command
from clary.toolkits.training.ssh import Ssh, write_environment
from clary.toolkits.training.variables import distribution_hosts

_SSH_PORT = 22


class Launching:
    """What this host does to start its program."""

    def __init__(
        self, member: Member, isolation: Isolation, layout: Layout, resources: Mapping[str, Any]
    ) -> None:
        """``resources``: the content of resourceconfig.json."""
        self._member, self._isolation, self._layout, self._resources = member, isolation, layout, resources
        self._rendezvous = Rendezvous(
            member.home, member.attempt, leads=member.leads, private_network=isolation.private_network
        )

    def for_script_mode(
        self,
        plain: Command,
        values: Hyperparameters,
        program: Program,
        entry_point: str,
        arguments: Sequence[str],
        python: Path,
    ) -> Command:
        """The command of script mode: ``plain``, or a distributed launcher's that runs it. Raises JobFailure."""
        launcher = distributed.launcher_of(values)
        hosts = distribution_hosts(values, self._resources)
        if launcher is Launcher.NONE or self._member.host not in hosts:
            return plain
        cluster = Cluster(
            hosts,
            self._member.host,
            distributed.processes_per_host(values, self._member.gpus),
            self._resources["network_interface_name"],
        )
        if launcher is Launcher.TORCHRUN:
            if len(hosts) > 1:
                cluster = replace(cluster, port=self._rendezvous.port("master", MASTER_PORT))
            environment = {"NCCL_SOCKET_IFNAME": cluster.interface, **plain.environment}
            line = distributed.torchrun(cluster, program, python, entry_point, arguments)
            return Command(line, plain.folder, environment)
        return self._mpi(cluster, plain, values, python)

    def for_drivers(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Prepare for SDK v3's drivers in the channel sm_drivers, if that is what the job runs; variables that they need."""
        drivers = self._layout.channel("sm_drivers")
        script = drivers / "sm_train.sh"
        if not script.is_file():
            return {}
        if not self._member.alone:
            port = self._rendezvous.port("master", MASTER_PORT)
            if port != MASTER_PORT:
                _replace_port(drivers / "scripts" / "environment.py", port)
        if "mpi_driver.py" not in script.read_text(encoding="utf-8", errors="replace"):
            return {}
        # The driver appends to /etc/environment, starts sshd, and logs in at port 22.
        file = container.own_environment_file(self._isolation, self._member)
        if self._member.alone:
            return {}
        return self._ssh(_SSH_PORT).prepare(file, self._layout.code)

    def over(self) -> None:
        """The program has ended: let the hosts that wait for this one go."""
        if self._member.leads and not self._member.alone:
            self._done.touch()

    def _mpi(self, cluster: Cluster, plain: Command, values: Hyperparameters, python: Path) -> Command:
        command = distributed.mpi_program(python, plain.arguments)
        # Open MPI's programs take their temporary folder's path as a socket's; a long one would not do.
        environment = {**plain.environment, "OMPI_MCA_orte_tmpdir_base": "/tmp"}
        if len(cluster.hosts) > 1:
            file = self._member.folder / "login-environment"
            write_environment(file, environment)
            ssh = self._ssh(self._rendezvous.port("ssh"))
            environment.update(ssh.prepare(file, plain.folder))
            if not cluster.leads:
                return Command(distributed.mpi_worker(self._done), plain.folder, environment)
            ssh.wait_for_others()
        return Command(distributed.mpirun(cluster, values, command, environment), plain.folder, environment)

    def _ssh(self, port: int) -> Ssh:
        member = self._member
        return Ssh(
            member.attempt,
            member.folder,
            self._isolation,
            member.addresses,
            member.host,
            port,
            member.leads,
        )

    @property
    def _done(self) -> Path:
        return self._member.attempt / "mpi-done"


def _replace_port(file: Path, port: int) -> None:
    """SDK v3 has the port in its text, and another job of this machine is using it."""
    try:
        text = file.read_text(encoding="utf-8")
        file.write_text(
            text.replace(f"SM_MASTER_PORT = {MASTER_PORT}", f"SM_MASTER_PORT = {port}"), encoding="utf-8"
        )
    except OSError as error:
        raise JobFailure(
            f"InternalServerError: port {MASTER_PORT} is in use on this machine and the drivers of the SageMaker SDK could not"
            f" be given another: {error}. Create the job again when the other one has ended."
        ) from None
