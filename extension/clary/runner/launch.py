"""From a claimed job to its running shim."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from clary.config import Config
from clary.home import Home
from clary.runner import environment
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
    limit = spec.memory_limit_mb or int(config.memory_mb * _MACHINE_FRACTION)
    document: dict[str, Any] = {
        **job.spec,
        "job_id": job.id,
        "attempt": job.attempt,
        "log_stream": stream,
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
            "log": str(logfile.stream_path(home, spec.log_group, stream)),
            "log_limit": config.log_limit_mb << 20,
            "sample_s": config.resource_sample_s,
            "memory_limit_mb": limit,
            "max_runtime_s": max_runtime_s,
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
