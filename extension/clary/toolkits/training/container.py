"""What a container has of its own beside /opt/ml, as far as programs rely on it: host names, /tmp, /etc/environment."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from clary.runner.isolation import Isolation
from clary.toolkits.training.members import Member

ENVIRONMENT = Path("/etc/environment")


def furnish(isolation: Isolation, member: Member) -> None:
    """Prepare the host: SM_HOSTS and SM_MASTER_ADDR can be resolved, and where there are several hosts, what one of them
    writes into /tmp is not seen by the others."""
    isolation.name_hosts(member.addresses, member.folder)
    if not member.alone:
        isolation.own_folder(Path("/tmp"), member.folder / "tmp")


def own_environment_file(isolation: Isolation, member: Member) -> Path:
    """Let this host have an /etc/environment of its own, and return what to write in order to change it."""
    own = member.folder / "etc-environment"
    with contextlib.suppress(OSError):
        shutil.copyfile(ENVIRONMENT, own)
    own.touch()
    return ENVIRONMENT if ENVIRONMENT.exists() and isolation.bind(own, ENVIRONMENT) else own
