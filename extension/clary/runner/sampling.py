"""What a job uses, sampled: CPU, memory, GPU. Standard library only (see linux.py)."""

from __future__ import annotations

import json
import os
import time

from clary.runner import processes
from clary.runner.gpu import GpuReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
# The file keeps samples at the asked-for distance for ten minutes, then ever farther apart, in proportion to
# the job's age: a week of a job is a few thousand lines, not six hundred thousand.
_DENSE_S = 600.0


class Sampler:
    """Measures the descendants of this process and appends to ``resources.jsonl``."""

    def __init__(self, path: str, period_s: float, gpus: list[int], limit_mb: int | None) -> None:
        self._path = path
        self._period = period_s
        self._limit = None if limit_mb is None else limit_mb << 20
        self._gpu = GpuReader(gpus) if gpus else None
        self._begun = self._last = time.monotonic()
        self._last_ticks = 0
        self._next_line = 0.0
        self._last_split = self._begun
        self._host_ticks: dict[str, int] = {}

    @property
    def helpers(self) -> list[int]:
        """Processes of ours that are no part of the job."""
        return [self._gpu.pid] if self._gpu is not None and self._gpu.pid else []

    def sample(self, helpers: list[int], hosts: dict[str, int] | None = None) -> bool:
        """Measure and write; True when the job is over its memory limit. `hosts`: the first process of each, by name, where
        there are several; what each uses is written, too."""
        now = time.monotonic()
        running = processes.descendants(os.getpid(), without=[*helpers, *self.helpers])
        rss = sum(process.rss for process in running)
        ticks = sum(process.ticks for process in running) + round(sum(os.times()[2:4]) * _TICKS_PER_S)
        elapsed = max(now - self._last, 1e-3)
        cpu = max(0.0, (ticks - self._last_ticks) / _TICKS_PER_S / elapsed * 100)
        self._last, self._last_ticks = now, ticks
        if now >= self._next_line:
            self._next_line = now + max(self._period, (now - self._begun) * self._period / _DENSE_S) * 0.99
            line: dict[str, Any] = {
                "time": time.time(),
                "cpu_percent": round(cpu, 1),
                "rss_mb": round(rss / 2**20, 1),
            }
            if self._gpu is not None:
                line.update(self._gpu.latest())
            if hosts:
                line["hosts"] = self._by_host(running, hosts, now)
            self._append(line)
        # RSS counts pages that processes share (a zygote's torch, say) once for each; ask the slow, exact
        # question only then.
        return (
            self._limit is not None
            and rss > self._limit
            and processes.proportional_bytes(running) > self._limit
        )

    def _by_host(
        self, running: list[processes.Process], hosts: dict[str, int], now: float
    ) -> dict[str, dict[str, float]]:
        """``{name: {cpu_percent, rss_mb}}``; a process that has lost its parents belongs to none."""
        parents = {process.pid: process.parent for process in running}
        elapsed = max(now - self._last_split, 1e-3)
        self._last_split = now
        found = {}
        for name, root in hosts.items():
            own = [process for process in running if _is_under(process.pid, root, parents)]
            ticks = sum(process.ticks for process in own)
            used = max(0, ticks - self._host_ticks.get(name, 0)) / _TICKS_PER_S / elapsed * 100
            self._host_ticks[name] = ticks
            size = sum(process.rss for process in own) / 2**20
            found[name] = {"cpu_percent": round(used, 1), "rss_mb": round(size, 1)}
        return found

    def reaped(self, pid: int) -> None:
        """A child of this process has ended; were it a helper, its pid must not be signalled any more."""
        if self._gpu is not None and pid == self._gpu.pid:
            self._gpu.pid = 0

    def close(self) -> None:
        if self._gpu is not None:
            self._gpu.close()

    def _append(self, line: dict[str, Any]) -> None:
        try:
            with open(self._path, "a", encoding="ascii") as file:
                file.write(json.dumps(line) + "\n")
        except OSError:
            pass  # a full disk; samples may be lost


def _is_under(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid != root and pid in parents:
        pid = parents[pid]
    return pid == root
