"""`make bench`: every bench_*.py of this folder in a process of its own, one after the other; names given as arguments choose."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main(chosen: list[str]) -> int:
    names = sorted(path.stem for path in HERE.glob("bench_*.py"))
    unknown = [name for name in chosen if f"bench_{name}" not in names]
    if unknown:
        print(
            f"No benchmark named {', '.join(unknown)}; there are: {', '.join(n.removeprefix('bench_') for n in names)}."
        )
        return 2
    failed = []
    for name in [f"bench_{name}" for name in chosen] or names:
        print(f"== {name.removeprefix('bench_')}", flush=True)
        begun = time.monotonic()
        if subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.{name}"], cwd=HERE.parents[1], check=False
        ).returncode:
            failed.append(name)
        print(f"   ({time.monotonic() - begun:.0f} s)\n", flush=True)
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
