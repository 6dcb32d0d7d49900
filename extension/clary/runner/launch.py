"""From a claimed job to its running shim."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clary.config import Config
from clary.home import Home
from clary.runner import environment, hosts
from clary.runner.attempt import Attempt
from clary.runner.spec import JobSpec
from clary.store import logfile
from clary.store.jobs import Job

# A job may use nearly all of the machine before it is killed for it, unless it was given a limit of its own.
_MACHINE_FRACTION = 0.95


def write_spec(
    home: Home, config: Config, job: Job, attempt: Attempt, max_runtime_s: float | None
) -> JobSpec:
    """Write ``spec.json``, all that shim and child need to know. `max_runtime_s`: what earlier attempts have
    left of it."""
    spec = JobSpec.from_json(job.spec)
    cookie = f"{job.id}.{job.attempt}.{os.urandom(8).hex()}"
    gpus = job.gpu_list
    if not spec.holds_slots:  # it shares them
        gpus = config.gpus[: spec.resources.gpus]
    variables, unset = environment.of_job(
        home, config, spec, attempt=attempt.folder, cookie=cookie, gpus=gpus
    )
    stream = spec.log_stream.replace("{epoch}", str(int(time.time())))
    first = spec.hosts[0] if spec.hosts else ""
    limit = spec.memory_limit_mb or int(config.memory_mb * _MACHINE_FRACTION)
    document: dict[str, Any] = {
        **job.spec,
        "job_id": job.id,
        "attempt": job.attempt,
        "log_stream": stream.replace("{host}", first),
        "allocation": {
            "cpus": spec.resources.cpus,
            "memory_mb": spec.resources.memory_mb,
            "gpus": list(gpus),
        },
        "shim": {
            "cookie": cookie,
            "command": [spec.python or sys.executable, "-m", "clary.runner.child", str(attempt.folder)],
            "environment": variables,
            "unset": unset,
            "run": str(home.run),
            "hosts": _hosts(home, config, spec, stream, attempt, gpus),
            "log_limit": config.log_limit_mb << 20,
            "sample_s": config.resource_sample_s,
            "memory_limit_mb": limit,
            "max_runtime_s": max_runtime_s,
            "give_up_at": job.give_up_at,
            "grace_s": spec.grace_s,
            "gpus": list(gpus),
            "metrics": spec.metric_definitions,
            "engine_lock": str(engine_lock(home)),
            "settle": settle_command(home),
            "settle_log": str(settle_log(home)),
        },
    }
    # No fsync: it is made from the store, and made again if the machine goes down now.
    path = attempt.folder / "spec.json"
    draft = attempt.folder / ".spec.json"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file)
    os.replace(draft, path)
    return spec


def _hosts(
    home: Home, config: Config, spec: JobSpec, stream: str, attempt: Attempt, gpus: Sequence[int]
) -> list[dict[str, Any]]:
    """For each of the job's processes: its host's name and folder, its log, and the variables that differ among them."""
    entries: list[dict[str, Any]] = []
    for number, name in enumerate(spec.hosts or ("",)):
        folder = hosts.folder(attempt.folder, spec.hosts, name)
        folder.mkdir(mode=0o700, exist_ok=True)
        log = logfile.stream_path(home, spec.log_group, stream.replace("{host}", name))
        variables: dict[str, str] = {}
        if len(spec.hosts) > 1:
            threads = str(max(1, int(spec.resources.cpus / len(spec.hosts))))
            variables = dict.fromkeys(environment.THREAD_VARIABLES, threads)
            if config.gpus:
                own = hosts.share(gpus, len(spec.hosts), number)
                variables["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, own))
        variables = {key: value for key, value in variables.items() if key not in spec.environment}
        entries.append({"name": name, "log": str(log), "environment": variables})
    return entries


def engine_lock(home: Home) -> Path:
    """Held, shared, by every process that reconciles and schedules as long as it lives."""
    return home.run / "engine.lock"


def settle_command(home: Home) -> list[str]:
    return [sys.executable, "-m", "clary.runner.settle", str(home.root)]


def settle_log(home: Home) -> Path:
    """What settlers have to say about their own troubles."""
    return home.run / "settle.log"


def own_attempt(home: Home) -> Attempt | None:
    """The attempt that this process itself is part of, when it runs inside a job of this home."""
    folder = os.environ.get("CLARY_ATTEMPT")
    if folder is None:
        return None
    attempt = Attempt(Path(folder))
    return attempt if attempt.folder.parent.parent == home.jobs else None
