"""The job's own process: enters its isolation and calls its entry. Run as ``python -m clary.runner.child
<attempt folder> [host]``."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.runner.announce import announce
from clary.runner.linux import die_with_parent
from clary.runner.spec import JobSpec

if TYPE_CHECKING:
    from clary.runner import isolation


def run(attempt_dir: Path, host: str = "") -> int:
    """Call the entry of the attempt's spec; returns the job's exit code. A zygote calls this in a forked
    child. `host`: which of the job's hosts this process is."""
    from clary.runner import hosts

    hosts.become(host)
    spec = load_spec(attempt_dir)
    shim = os.getppid()
    if spec.opt_ml:
        from clary.runner import isolation

        isolation.enter(attempt_dir, place=_place(attempt_dir, spec, host))
        # Where entering a user namespace counts as a change of credentials, the kernel forgets this wish.
        die_with_parent(signal.SIGKILL)
        if os.getppid() != shim:
            os._exit(1)
    module, _, name = spec.entry.partition(":")
    function = getattr(importlib.import_module(module), name)
    return int(function(attempt_dir) or 0)


def _place(attempt_dir: Path, spec: JobSpec, host: str) -> isolation.Place:
    from clary.runner import hosts, isolation

    names = hosts.addresses(_document(attempt_dir)["job_id"], spec.hosts) if len(spec.hosts) > 1 else {}
    return isolation.Place(
        folder=hosts.folder(attempt_dir, spec.hosts, host),
        host=host if names else "",
        addresses=names or ({host: "127.0.0.1"} if host else {}),
        network=attempt_dir / "network" if spec.private_network else None,
        leads=not spec.hosts or host == spec.hosts[0],
    )


def load_spec(attempt_dir: Path) -> JobSpec:
    """The job's spec, as it was submitted."""
    return JobSpec.from_json(_document(attempt_dir))


def phase(attempt_dir: Path, secondary: str, message: str = "") -> None:
    """Report the phase that the job is in (SageMaker's SecondaryStatus) from inside the job."""
    line = json.dumps({"secondary": secondary, "message": message, "time": time.time()}) + "\n"
    with open(attempt_dir / "phases.jsonl", "a", encoding="utf-8") as file:
        file.write(line)  # one write: lines of several processes do not mix
    document = _document(attempt_dir)
    announce(document["shim"]["run"], document["kind"], document["name"], "phase")


def _document(attempt_dir: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((attempt_dir / "spec.json").read_bytes())
    return document


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), *sys.argv[2:3]))
