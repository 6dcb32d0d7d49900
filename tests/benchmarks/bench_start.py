"""What Clary adds until JupyterLab can be used: from the start of the server to a launcher in the browser.

Servers with and without Clary (extension and front end) are started in turn; the difference of the medians counts.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import psutil
from tests.benchmarks.measuring import row
from tests.ui.lab import browser, lab

STARTS = 5
_READY = "performance.now()"


def usable(chromium: Any, clary: bool) -> tuple[float, float, float]:
    """Milliseconds until the server listens, its processor time, and milliseconds until its page can be used."""
    begun = time.perf_counter()
    with lab(clary=clary) as one:
        listening = (time.perf_counter() - begun) * 1000
        times = psutil.Process(one.process.pid).cpu_times()
        context = chromium.new_context(viewport={"width": 1400, "height": 900})
        tab = context.new_page()
        tab.goto(one.page_url())
        tab.locator(".jp-LauncherCard").first.wait_for()
        shown = float(tab.evaluate(_READY))
        assert (tab.locator('[data-id="clary-panel"]').count() > 0) == clary
        context.close()
    return listening, (times.user + times.system) * 1000, shown


def main() -> None:
    with browser() as chromium:
        usable(chromium, True)  # files are cached, bytecode is compiled
        pairs = [(usable(chromium, True), usable(chromium, False)) for _ in range(STARTS)]
    row(f"start of JupyterLab, median of {STARTS}", "with", "without", "difference")
    labels = (
        "until the server listens, ms",
        "its processor time until then, ms",
        "from there to a launcher in the browser, ms",
    )
    for index, label in enumerate(labels):
        with_it = statistics.median(pair[0][index] for pair in pairs)
        without = statistics.median(pair[1][index] for pair in pairs)
        row(f"  {label}", f"{with_it:.0f}", f"{without:.0f}", f"{with_it - without:+.0f}")


if __name__ == "__main__":
    main()
