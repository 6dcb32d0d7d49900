"""From CreateTrainingJob to the first line of the user's script, with torch imported: cold against warm.

The script notes the time when its first line runs and after ``import torch``; both clocks are the machine's,
so they compare with the time at which the request was made.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.measuring import fresh_home, row

import clary
from clary.home import Home
from clary.runner.zygote import alive

SCRIPT = """
import time
first = time.time()
import torch
ready = time.time()
print("first=%.6f ready=%.6f" % (first, ready), flush=True)
"""
TIMES = 7


def submitted_to_first_line(script: Path) -> tuple[float, float]:
    """Milliseconds from the request to the script's first line, and until it has torch."""
    # train() uploads the archive before it makes the request: the job's own creation time is the start.
    regexes = {"first": r"first=([0-9.]+)", "ready": r"ready=([0-9.]+)"}
    job = clary.train(
        script,
        instance_type="ml.m5.large",
        metrics=regexes,
    )
    answer = job.describe()
    job.wait(quiet=True, timeout=120)
    values = job.metrics().set_index("name")["value"]
    begun = answer["CreationTime"].timestamp()
    return (values["first"] - begun) * 1000, (values["ready"] - begun) * 1000


def measured(zygote: str) -> tuple[float, float]:
    """Medians with the zygote on or off."""
    with fresh_home(zygote=zygote) as home, tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "train.py"
        script.write_text(SCRIPT)
        submitted_to_first_line(script)  # also makes the zygote, where there is to be one
        if zygote == "1":
            wait_for_zygote(Home.locate(home))
        taken = [submitted_to_first_line(script) for _ in range(TIMES)]
    return statistics.median(one[0] for one in taken), statistics.median(one[1] for one in taken)


def wait_for_zygote(home: Home) -> None:
    """Return when the process that has torch imported is ready to start jobs."""
    end = time.monotonic() + 60
    while not alive(home):
        if time.monotonic() > end:
            raise TimeoutError("No zygote has come up.")
        time.sleep(0.1)


def main() -> None:
    cold, warm = measured("0"), measured("1")
    row(f"CreateTrainingJob to ..., ms, median of {TIMES}", "cold", "warm", "cold / warm")
    for index, label in enumerate(("the script's first line", "the script has imported torch")):
        row(f"  {label}", f"{cold[index]:.0f}", f"{warm[index]:.0f}", f"{cold[index] / warm[index]:.1f}")


if __name__ == "__main__":
    main()
