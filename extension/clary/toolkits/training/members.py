"""One host of a job's attempt: its name, its folder, its share of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clary.home import Home
from clary.runner import hosts
from clary.runner.spec import JobSpec
from clary.toolkits.training.cluster import HOST


@dataclass(frozen=True)
class Member:
    """``attempt`` is the folder that all hosts share; ``folder`` this host's own (the same for the first). addresses: of
    all hosts by name. cpus, gpus: this host's share."""

    home: Home
    attempt: Path
    folder: Path
    host: str
    addresses: Mapping[str, str]
    cpus: float
    gpus: int

    @classmethod
    def of(cls, spec: JobSpec, attempt: Path, host: str) -> Member:
        """``host``: what the runner calls this process; empty in a job that was submitted without hosts."""
        attempt = attempt.absolute()
        names = spec.hosts or (HOST,)
        addresses = {HOST: "127.0.0.1"}
        if len(names) > 1:
            addresses = hosts.addresses(int(attempt.parent.name), names)
        gpus = spec.resources.gpus
        if len(names) > 1 and gpus:
            gpus = len(hosts.share(range(gpus), len(names), names.index(host)))
        return cls(
            Home(attempt.parents[2]),
            attempt,
            hosts.folder(attempt, names, host),
            host or HOST,
            addresses,
            spec.resources.cpus / len(names),
            gpus,
        )

    @property
    def leads(self) -> bool:
        """Whether this is the first host."""
        return self.folder == self.attempt

    @property
    def alone(self) -> bool:
        """Whether it is the only one."""
        return len(self.addresses) == 1
