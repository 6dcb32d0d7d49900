"""The runner's front: submit, schedule, reconcile, stop, and ask."""

from __future__ import annotations

import dataclasses
import logging
import shutil
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from clary.config import Config
from clary.home import Home
from clary.runner import launch, slots
from clary.runner.attempt import Attempt
from clary.runner.backends import Backend
from clary.runner.backends.local import LocalBackend, reap
from clary.runner.instances import clamped
from clary.runner.reconcile import reconcile
from clary.runner.settlers import Settlers
from clary.runner.settling import engine_is_alive
from clary.runner.spec import JobSpec, Resources
from clary.store import Store
from clary.store.jobs import Job
from clary.store.watch import announce

_log = logging.getLogger(__name__)


class RunnerError(Exception):
    """A request that the runner cannot follow; the text says why."""


class Runner:
    """Supervised jobs of one home. Every method may be called from many threads and many processes at
    once."""

    def __init__(self, home: Home, config: Config, store: Store) -> None:
        self.home = home
        self.config = config
        self.store = store
        self.backend: Backend = LocalBackend(home, config)
        self._settlers = Settlers(home, config)

    def submit(self, spec: JobSpec) -> Job:
        """Queue a job; takes part in the caller's transaction, if there is one. Call `schedule` after the
        commit.

        Raises RunnerError when there is a job of this kind and name.
        """
        spec = dataclasses.replace(
            spec, python=spec.python or sys.executable, resources=clamped(spec.resources, self.config)
        )
        held = spec.resources if spec.holds_slots else Resources(0, 0, 0)
        with self.store.transaction():
            try:
                job = self.store.jobs.create(
                    spec.kind,
                    spec.name,
                    spec.to_json(),
                    cpus=held.cpus,
                    memory_mb=held.memory_mb,
                    gpus=held.gpus,
                    max_attempts=spec.max_attempts,
                    max_wait_s=spec.max_wait_s,
                )
            except sqlite3.IntegrityError as error:
                raise RunnerError(f"There is a {spec.kind} named {spec.name} already.") from error
            self.store.jobs.set_status(job.id, secondary="Starting", message="Preparing the instances")
        return job

    def schedule(self) -> int:
        """Start queued jobs for which there is room; returns how many."""
        reap()
        if not self.home.database.exists():
            return 0  # deleted under our feet; what SQLite still shows us is a ghost
        own = launch.own_attempt(self.home)
        if own is not None and self.store.jobs.any_due(time.time()) and own.nudge(b"S"):
            return 0  # we are inside a job; its shim has the launching done, outside of our namespaces
        gpus = self.config.gpus
        claims = slots.claim(self.store, self.backend.capacity(), gpus)
        for claim in claims:
            try:
                left = self._runtime_left(claim.job)
                spec = launch.write_spec(self.home, self.config, claim.job, claim.attempt, left)
                self.backend.launch(claim.attempt, spec, claim.lock)
            except Exception:
                # With its lock free and nothing started, reconciling puts the job back into the queue.
                _log.exception(
                    "Job %s %s could not be launched; it will be tried again.", claim.job.kind, claim.job.name
                )
            finally:
                claim.lock.release()
        return len(claims)

    def reconcile(self) -> None:
        """Take note of what has happened to running jobs; repair what crashes have left behind. Cheap when nothing has
        happened: a lock and two looks at files for each running job."""
        reap()
        changed, running = reconcile(self)
        # With no engine alive, whoever asks about a job has the others moved on, too.
        if changed or (not running and self.store.jobs.any_due(time.time())):
            self.schedule()
        self.settle()

    def settle(self, *, engine: bool = False) -> None:
        """See to it that jobs which have ended are settled: start a settler, unless one is there or an engine
        is alive. `engine`: the caller is the engine itself."""
        if not self.store.jobs.in_states("settling", limit=1) or self._settlers.running():
            return
        if not self.home.database.exists():
            return
        if not engine and engine_is_alive({"engine_lock": str(launch.engine_lock(self.home))}):
            return
        own = launch.own_attempt(self.home)
        if own is not None and own.nudge(b"S"):
            return
        self._settlers.start()

    def is_settling(self) -> bool:
        """Whether a settler that this process has started is at work."""
        return self._settlers.running()

    def tend(self) -> None:
        """Reconcile, schedule, and see to settling: what an engine does when it has a moment."""
        self.reconcile()
        self.schedule()

    def stop(self, kind: str, name: str) -> Job | None:
        """Ask a job to stop, and return it; None when there is none. Queued: it never runs. Running: SIGTERM
        to all its processes, and SIGKILL when the grace is over. Settling or done: its result stands."""
        with self.store.transaction():
            job = self.store.jobs.find(kind, name)
            if job is None or job.state == "done":
                return job
            if job.stop_requested is None:
                job = self.store.jobs.update(job.id, stop_requested=time.time())
                if job.state in ("queued", "running"):
                    self.store.jobs.set_status(
                        job.id, status="Stopping", secondary="Stopping", message="Stopping the job"
                    )
            if job.state == "queued":
                job = self.store.jobs.update(job.id, state="settling")
        if job.state == "running":
            self.backend.stop(self.attempt(job))
        self.reconcile()  # its shim may be long dead, with nobody there to notice
        return self.store.jobs.get(job.id)

    def interrupt(self, kind: str, name: str) -> Job | None:
        """Take the machine away from a running job, as spot instances are taken away: SIGTERM to all its processes,
        SIGKILL when the grace is over, and the job goes back into the queue. None when there is no such job.

        Raises RunnerError when it is not interruptible, or does not run.
        """
        job = self.store.jobs.find(kind, name)
        if job is None:
            return None
        if not job.spec.get("interruptible"):
            raise RunnerError(f"The {kind} {name} cannot be interrupted; only managed spot training can.")
        if job.state != "running" or job.stop_requested is not None:
            raise RunnerError(f"The {kind} {name} is not running ({job.secondary}).")
        self.attempt(job).ask_to_interrupt()
        self.reconcile()
        return self.store.jobs.get(job.id)

    def get(self, kind: str, name: str) -> Job | None:
        return self.store.jobs.find(kind, name)

    def attempt(self, job: Job) -> Attempt:
        """The job's latest attempt; number 0, whose folder does not exist, before the first."""
        return Attempt(self.attempt_dir(job))

    def attempt_dir(self, job: Job) -> Path:
        return self.home.jobs / str(job.id) / str(job.attempt)

    def phase(self, job: Job, secondary: str, message: str = "") -> None:
        """Show a phase of settling (Uploading, say), from `JobKind.finish`."""
        self.store.jobs.set_status(job.id, secondary=secondary, message=message)

    def metrics(self, job: Job) -> list[dict[str, Any]]:
        """``{name, value, time}`` of all attempts, in the order of output."""
        return self._lines(job, "metrics.jsonl")

    def resources(self, job: Job) -> list[dict[str, Any]]:
        """``{time, cpu_percent, rss_mb}`` and, with a GPU, ``gpu_percent, gpu_mb``; 100 % is one core, or all
        of its GPUs. A job of several hosts has also ``hosts``: ``{name: {cpu_percent, rss_mb}}``."""
        return self._lines(job, "resources.jsonl")

    def remove(self, kind: str, name: str) -> None:
        """Forget a job that is done, and delete its files. Raises RunnerError when it is not done."""
        with self.store.transaction():
            job = self.store.jobs.find(kind, name)
            if job is None:
                return
            if job.state != "done":
                raise RunnerError(f"The {kind} {name} has not ended; stop it first.")
            self.store.jobs.delete([job.id])
        shutil.rmtree(self.home.jobs / str(job.id), ignore_errors=True)

    def wake(self) -> None:
        """Let the engines look at the queue."""
        announce(self.home, {"kind": "", "name": "", "change": "wake"})

    def describe_isolation(self) -> dict[str, Any]:
        """What a job is kept within on this machine, for ``clary doctor``."""
        from clary.runner import isolation, network

        opt_ml, why = isolation.tier(self.config.isolation)
        private, why_not = network.possible()
        if self.config.isolation == "paths":
            private, why_not = False, "isolation is set to paths in the configuration"
        return {
            "opt_ml": opt_ml,
            "opt_ml_why": why,
            "private_network": private,
            "private_network_why": why_not,
            "limits": "T0: thread variables, CUDA_VISIBLE_DEVICES, memory watch",
            "cpus": self.config.cpus,
            "memory_mb": self.config.memory_mb,
            "gpus": list(self.config.gpus),
        }

    def _lines(self, job: Job, name: str) -> list[dict[str, Any]]:
        folder = self.home.jobs / str(job.id)
        return [
            line for number in range(1, job.attempt + 1) for line in Attempt(folder / str(number)).lines(name)
        ]

    def _runtime_left(self, job: Job) -> float | None:
        limit = job.spec.get("max_runtime_s")
        if limit is None:
            return None
        used = sum(
            (row.ended or row.claimed) - row.claimed
            for row in self.store.jobs.attempts(job.id)
            if row.number < job.attempt
        )
        return max(0.0, float(limit) - used)
