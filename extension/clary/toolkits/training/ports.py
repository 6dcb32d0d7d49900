"""The port at which a job's hosts meet (SageMaker's 7777): one that no other job of this machine has."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from clary.home import Home, atomic_write
from clary.runner.attempt import Lock

MASTER_PORT = 7777
_PATIENCE_S = 60.0


class Rendezvous:
    """What the first host of an attempt decides, and the others read: ports, by name."""

    def __init__(self, home: Home, attempt_dir: Path, *, leads: bool, private_network: bool) -> None:
        self._home, self._folder = home, attempt_dir
        self._leads, self._private = leads, private_network
        self._held: list[Lock] = []

    def port(self, name: str, wanted: int = 0) -> int:
        """The port called ``name``, the same on every host: ``wanted`` if it is free, else another. Raises TimeoutError when
        the first host does not say."""
        record = self._folder / f"port-{name}"
        if self._leads:
            chosen = wanted if self._private and wanted else self._choose(wanted)
            atomic_write(record, str(chosen).encode())
            return chosen
        wait_for(record)
        return int(record.read_text(encoding="ascii"))

    def _choose(self, wanted: int) -> int:
        if wanted:
            # The lock is this process's for life, so two jobs that start at once do not both find the port free.
            lock = Lock.take(self._home.run / f"port-{wanted}.lock")
            if lock is not None:
                self._held.append(lock)
                if _is_free(wanted):
                    return wanted
        with socket.create_server(("", 0)) as server:
            return int(server.getsockname()[1])


def wait_for(path: Path) -> None:
    """Return when the file, which another host makes, is there. Raises TimeoutError."""
    deadline = time.monotonic() + _PATIENCE_S
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the job's first host has not made {path.name} in {_PATIENCE_S:g} s")
        time.sleep(0.01)


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("", port)).close()
    except OSError:
        return False
    return True
