"""What the benchmarks share: a home that leaves nothing behind, repeated timings, rows of a table."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import forget_sockets_of, kill_everything_of


@contextmanager
def fresh_home(**settings: str) -> Iterator[Path]:
    """A new CLARY_HOME, with ``settings`` as CLARY_<NAME>; its processes are killed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="clary-bench-"))
    home = folder / "home"
    names = {"CLARY_HOME": str(home), **{f"CLARY_{name.upper()}": value for name, value in settings.items()}}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield home
    finally:
        kill_everything_of(home)
        forget_sockets_of(home)
        shutil.rmtree(folder, ignore_errors=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def milliseconds(work: Callable[[], object], times: int) -> float:
    """The median time of one call of ``work``."""
    work()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1000


def per_second(work: Callable[[int], object], count: int) -> float:
    """Calls a second of ``work(0) ... work(count - 1)``, one after the other."""
    begun = time.perf_counter()
    for number in range(count):
        work(number)
    return count / (time.perf_counter() - begun)


def row(label: str, *cells: str) -> None:
    """Print one line of a table."""
    print(f"   {label:<58}" + "".join(f"{cell:>16}" for cell in cells), flush=True)
