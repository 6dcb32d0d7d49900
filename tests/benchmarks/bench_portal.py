"""Twenty annotators at once through the portal: answers a second, each on the disk before it is acknowledged.

Beside it: how many commits a second the same disk takes, one after the other, which is the limit; and the same work while the
server is killed three times.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from pathlib import Path

from tests.benchmarks import portal_load
from tests.benchmarks.measuring import fresh_home, row

from clary.home import Home

OBJECTS, ANNOTATORS = 1000, 20


def commits_a_second(folder: Path, count: int = 500) -> float:
    """SQLite transactions of one row, synchronous=FULL."""
    db = sqlite3.connect(folder / "probe.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE t (x)")
    begun = time.perf_counter()
    for number in range(count):
        db.execute("INSERT INTO t VALUES (?)", (number,))
    return count / (time.perf_counter() - begun)


def main() -> None:
    row(f"{OBJECTS:,} answers of {ANNOTATORS} annotators at once", "answers/s", "median", "p99", "disk alone")
    for label, kill_at in (("undisturbed", ()), ("the server killed three times", (200, 450, 700))):
        with fresh_home() as path:
            home = Home.locate(path)
            secrets = portal_load.prepare(home, OBJECTS, ANNOTATORS)
            limit = commits_a_second(path)
            outcome = portal_load.run(home, secrets, kill_at, tell=lambda _: None)
            portal_load.check(outcome, OBJECTS)
            ordered = sorted(outcome.seconds)
            row(
                f"{label}: none lost, none doubled",
                f"{OBJECTS / outcome.wall_s:,.0f}",
                f"{statistics.median(ordered) * 1000:.0f} ms",
                f"{ordered[len(ordered) * 99 // 100] * 1000:,.0f} ms",
                f"{limit:,.0f}/s",
            )


if __name__ == "__main__":
    main()
