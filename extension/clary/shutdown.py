"""End everything that runs for a home: training jobs, endpoints, the router, the process that starts jobs warm."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.api.presence import Server

_ACTIVE = ("queued", "running", "settling")


def shutdown(home: str | Path | None = None, *, patience_s: float = 150.0) -> list[str]:
    """Stop every job of the home and wait until all are gone; returns their names ("training-job digits").

    Training jobs end as Stopped and keep what they saved; endpoints are marked Failed. A server of this home
    goes on, and so does whatever it starts afterwards. Raises TimeoutError.
    """
    from clary.api.engine import Engine
    from clary.home import Home
    from clary.runner import zygote

    engine = Engine(Home.locate(home))
    end = time.monotonic() + patience_s
    stopped: dict[int, str] = {}
    while jobs := engine.store.jobs.in_states(*_ACTIVE):
        for job in jobs:
            if job.id not in stopped:
                stopped[job.id] = f"{job.kind} {job.name}"
                engine.runner.stop(job.kind, job.name)
        engine.runner.reconcile()
        if time.monotonic() > end:
            names = ", ".join(f"{job.kind} {job.name}" for job in jobs)
            raise TimeoutError(f"Still running after {patience_s:g} s: {names}.")
        time.sleep(0.05)
    zygote.stop(engine.home)
    return list(stopped.values())


def servers(home: str | Path | None = None) -> list[Server]:
    """The servers of the home, which a shutdown leaves running: they belong to the terminal that started them."""
    from clary.api.presence import all_running
    from clary.home import Home

    return all_running(Home.locate(home))
