"""Settlers, seen from a process that wants one: start it, and tell whether it is still there."""

from __future__ import annotations

from clary.config import Config
from clary.home import Home
from clary.runner import launch, processes
from clary.runner.backends.local import is_running, spawn
from clary.runner.environment import inherited


class Settlers:
    """Those of one home that this process has started: never more than one at a time."""

    def __init__(self, home: Home, config: Config) -> None:
        self._home, self._config = home, config
        self._child = 0
        self._forked: processes.Process | None = None

    def running(self) -> bool:
        """Whether the last one still runs."""
        if self._forked is not None:
            # It is the zygote's child and not ours; a pid that means somebody else by now has started later.
            now = processes.read(self._forked.pid)
            if now is None or now.start != self._forked.start or now.state == "Z":
                self._forked = None
        return self._forked is not None or is_running(self._child)

    def start(self) -> None:
        """Start one: a fork of the zygote where there is one, a fresh interpreter else."""
        if self._config.zygote:
            from clary.runner.zygote import spawn_settler

            pid = spawn_settler(self._home)
            self._forked = processes.read(pid) if pid else None
            if self._forked is not None:
                return
        self._child = spawn(launch.settle_command(self._home), launch.settle_log(self._home), inherited())
