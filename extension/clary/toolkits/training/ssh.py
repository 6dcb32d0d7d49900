"""SSH among the hosts of one job, which MPI starts its processes with: Debian's sshd and ssh, each host with its own
configuration, a key of the job's, and loopback addresses only. Nothing of the user's own SSH set-up is touched or used.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clary.runner.isolation import Isolation
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.ports import wait_for

SSHD = "/usr/sbin/sshd"
_PATIENCE_S = 60.0
# A login gets the variables of the host it comes to, as it would through PAM, which a container's user cannot count on.
_LOGIN = """#!/bin/sh
while IFS= read -r line; do
  case "$line" in [A-Za-z_]*=*) export "$line" ;; esac
done < '{environment}'
cd '{folder}'
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""
_SSHD = """Port {port}
ListenAddress {address}
HostKey {keys}/host
AuthorizedKeysFile {keys}/job.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
UsePAM no
StrictModes no
PidFile none
LogLevel ERROR
MaxStartups 1000
ForceCommand {login}
"""
_SSH = """Host algo-*
  Port {port}
  IdentityFile {keys}/job
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
"""


@dataclass(frozen=True)
class Ssh:
    """One host's part. ``attempt`` is shared by all hosts, ``folder`` (the attempt's, or one in it) is this host's own."""

    attempt: Path
    folder: Path
    isolation: Isolation
    addresses: Mapping[str, str]
    host: str
    port: int
    leads: bool

    def prepare(self, environment_file: Path, working_folder: Path) -> dict[str, str]:
        """Make ``/usr/sbin/sshd -D`` and ``ssh algo-2`` work in this process and its children; returns variables that the
        program needs for it. Logins get the variables in ``environment_file`` (NAME=value lines), read at each login.

        Raises JobFailure when the machine lacks OpenSSH.
        """
        for tool in (SSHD, "/usr/bin/ssh", "/usr/bin/ssh-keygen"):
            if not os.path.exists(tool):
                raise JobFailure(
                    f"ClientError: MPI needs {tool} to start processes on the job's hosts, and it is not installed. Install"
                    " OpenSSH (Debian: apt-get install openssh-server openssh-client) and create the job again."
                )
        keys = self._keys()
        own = self.folder / "ssh"
        own.mkdir(exist_ok=True)
        login = own / "login"
        login.write_text(_LOGIN.format(environment=environment_file, folder=working_folder), encoding="utf-8")
        login.chmod(0o755)
        text = _SSHD.format(port=self.port, address=self.addresses[self.host], keys=keys, login=login)
        self._put("sshd_config", text)
        self._put("ssh_config", _SSH.format(port=self.port, keys=keys))
        if os.geteuid() == 0:
            with contextlib.suppress(OSError):
                os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # sshd will not start without
        return self._agent(keys)

    def wait_for_others(self) -> None:
        """Return when every other host's sshd answers. Raises JobFailure."""
        deadline = time.monotonic() + _PATIENCE_S
        for name, address in self.addresses.items():
            while name != self.host:
                with contextlib.suppress(OSError):
                    socket.create_connection((address, self.port), 1).close()
                    break
                if time.monotonic() > deadline:
                    raise JobFailure(
                        f"InternalServerError: the host {name} did not answer at {address}:{self.port} in {_PATIENCE_S:g} s."
                    )
                time.sleep(0.05)

    def _keys(self) -> Path:
        keys = self.attempt / "ssh-keys"
        if not self.leads:
            wait_for(keys)
            return keys
        draft = self.attempt / ".ssh-keys"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        for name in ("host", "job"):
            subprocess.run(
                ["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "clary", "-f", str(draft / name)],
                stdin=subprocess.DEVNULL, check=True,
            )  # fmt: skip
        os.rename(draft, keys)
        return keys

    def _put(self, name: str, text: str) -> None:
        file = self.folder / "ssh" / name
        file.write_text(text, encoding="utf-8")
        if not self.isolation.bind(file, Path("/etc/ssh") / name):
            raise JobFailure(
                f"InternalServerError: /etc/ssh/{name} could not be replaced for this job: SSH among the hosts of a job needs"
                " mount namespaces."
            )

    def _agent(self, keys: Path) -> dict[str, str]:
        """An ssh-agent with the job's key, for clients that read no ssh_config (paramiko)."""
        place = self.folder / "ssh" / "agent"
        place.unlink(missing_ok=True)
        if len(os.fsencode(place)) > 100 or not os.path.exists("/usr/bin/ssh-agent"):
            return {}
        subprocess.Popen(
            ["/usr/bin/ssh-agent", "-D", "-a", str(place)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        wait_for(place)
        variables = {"SSH_AUTH_SOCK": str(place)}
        # The agent's socket is there a moment before the agent answers at it.
        add = ["/usr/bin/ssh-add", "-q", str(keys / "job")]
        deadline = time.monotonic() + _PATIENCE_S
        while subprocess.run(
            add, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, check=False
        ).returncode:
            if time.monotonic() > deadline:
                raise JobFailure(
                    f"InternalServerError: ssh-agent did not take the job's key in {_PATIENCE_S:g} s."
                )
            time.sleep(0.05)
        return variables


def write_environment(path: Path, environment: Mapping[str, str]) -> None:
    """NAME=value lines, one variable each; those whose value has several lines are left out."""
    lines = [f"{name}={value}\n" for name, value in environment.items() if "\n" not in value]
    path.write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
