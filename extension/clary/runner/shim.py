"""The shim: one small process per attempt, which starts the job, watches over it, and records how it ended.

Run as ``python -I -S shim.py <attempt folder> [lock descriptor]`` by `clary.runner.launch`, or called as
``main`` in a process that a zygote has forked. It holds the attempt's lock for life: the lock held means that
the attempt is alive. Standard library only, and little of that: it starts in about 15 ms and stays under 12
MB.

Exit codes: 0 the end is recorded; 75 another shim has this attempt; 76 the attempt has been run, or given up,
before; 1 it was told to go (SIGTERM) and took the job with it, unrecorded, as in a shutdown of the machine.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
import types

if __name__ == "__main__":  # the rest of Clary by path, without running clary/__init__.py
    for _name, _up in (("clary", ".."), ("clary.runner", ".")):
        _package = types.ModuleType(_name)
        _package.__path__ = [os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), _up))]
        sys.modules[_name] = _package

from clary.runner.statefile import read_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TAKEN = 75
SPENT = 76


def main(
    attempt_dir: str | os.PathLike[str],
    child: Callable[[Path, str], int] | None = None,
    lock: int | None = None,
    patience_s: float = 0.0,
) -> int:
    """Run an attempt to its end; returns the exit code for this process.

    `child`: what the job's process calls, for a forked process that has its modules loaded; None: it executes
    the command in ``spec.json``. `lock`: a descriptor that has the attempt's lock already; else it is taken
    here, waiting `patience_s` for a launcher to let go. The caller is single-threaded, and has closed every
    descriptor that the job must not inherit.
    """
    folder = os.path.abspath(attempt_dir)
    if lock is None:
        lock = _take_lock(folder, patience_s)
        if lock is None:
            return TAKEN
    os.set_inheritable(lock, False)
    if any(os.path.exists(f"{folder}/{name}") for name in ("started.json", "exit.json", "lost.json")):
        return SPENT
    spec = read_state(f"{folder}/spec.json")
    if spec is None:
        print(f"{folder}/spec.json is missing or torn.", file=sys.stderr)
        return SPENT

    from clary.runner.supervisor import Supervisor

    return Supervisor(folder, spec, lock, child).run()


def _take_lock(folder: str, patience_s: float) -> int | None:
    lock = os.open(f"{folder}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(lock)
                return None
            time.sleep(0.001)


if __name__ == "__main__":
    inherited = int(sys.argv[2]) if len(sys.argv) > 2 else None
    os.closerange((inherited or 2) + 1, min(os.sysconf("SC_OPEN_MAX"), 1 << 20))
    sys.exit(main(sys.argv[1], lock=inherited))
