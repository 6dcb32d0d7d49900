"""What a job is, as its creator gives it to the runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Resources:
    """What a job occupies while it runs: CPU cores, memory in MB (2**20 bytes), whole GPUs."""

    cpus: float = 1.0
    memory_mb: int = 0
    gpus: int = 0


@dataclass(frozen=True)
class JobSpec:
    """One job. (kind, name) is unique in a home.

    entry: ``package.module:function``, called in the job's process as ``function(attempt_dir: Path) -> int``
    (exit code).
    python: the interpreter, by default the submitter's; it must be able to import `clary`.
    environment: variables of the job's process, on top of the launcher's own.
    log_stream: may contain ``{host}``, and ``{epoch}``, which becomes the time of the attempt's start, in seconds.
    metric_definitions: ``[{"Name", "Regex"}]`` searched for in every line of output.
    max_runtime_s: for all attempts together; then the job is stopped as by `Runner.stop`.
    grace_s: from SIGTERM to SIGKILL.
    max_attempts: only losses (of the machine, or of the shim) are retried, never failures of the job itself.
    memory_limit_mb: the job is killed when it uses more; None: nearly all of the machine's memory.
    max_wait_s: from its creation on, time in the queue included; then the job is stopped, queued or running.
    interruptible: `Runner.interrupt` may end an attempt, and the job goes back into the queue (a spot instance).
    opt_ml: the job has a /opt/ml of its own (see `clary.runner.isolation`).
    hosts: names of cooperating processes, each with its own /opt/ml, host name, address and log stream
    (``{host}`` in `log_stream`); the job succeeds when all do, and ends when one fails. Empty: one process, no names.
    private_network: the job's hosts share a network of their own, in which there is nothing else.
    warm: it may be forked from a zygote; torch: from one that has torch imported.
    payload: for the entry.
    holds_slots: whether `resources` are set aside for it; services are not queued.
    restart: a service: relaunched, with a growing delay, whenever it is lost or ends with anything but exit
    code 0.
    """

    kind: str
    name: str
    entry: str
    log_group: str
    log_stream: str
    python: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    resources: Resources = field(default_factory=Resources)
    metric_definitions: list[dict[str, str]] = field(default_factory=list)
    max_runtime_s: float | None = None
    grace_s: float = 120.0
    max_attempts: int = 1
    memory_limit_mb: int | None = None
    max_wait_s: float | None = None
    interruptible: bool = False
    opt_ml: bool = False
    hosts: tuple[str, ...] = ()
    private_network: bool = False
    warm: bool = False
    torch: bool = True
    payload: dict[str, Any] = field(default_factory=dict)
    holds_slots: bool = True
    restart: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> JobSpec:
        """The inverse of `to_json`; members that a newer Clary added are left out."""
        known = {item.name for item in fields(cls)}
        values = {name: member for name, member in value.items() if name in known}
        values["resources"] = Resources(**values.get("resources", {}))
        values["hosts"] = tuple(values.get("hosts", ()))
        return cls(**values)
