"""Consolidation against majority vote and crowd-kit: accuracy on crowds whose truth is known, seconds on 100,000 answers.

``python -m tests.benchmarks.bench_consolidation [--seeds N] [--peer-seeds N]``. crowd-kit's slower methods take minutes on many
seeds, so it is asked about the first few; the rows say about how many, and give Clary's figure on the same ones.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from tests.benchmarks import crowdkit_peer
from tests.benchmarks.crowds import REAL, REGIMES, Known, answered, skilled
from tests.benchmarks.measuring import row

from clary.labeling.consolidation.dawid_skene import fit

CROWDS = {**REGIMES, **REAL}


def clary(known: Known) -> float:
    return float((fit(known.crowd).posterior.argmax(1) == known.truth).mean())


def majority(known: Known) -> float:
    """Plurality, what it gets in the mean where it breaks ties at random."""
    counts = known.crowd.counts()
    tied = counts == counts.max(1, keepdims=True)
    hit = tied[np.arange(len(counts)), known.truth]
    return float((hit / tied.sum(1)).mean())


def peer(known: Known, methods: tuple[str, ...] = crowdkit_peer.METHODS) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answers.npz"
        crowd = known.crowd
        np.savez(file, objects=crowd.objects, workers=crowd.workers, labels=crowd.labels, truth=known.truth)
        return crowdkit_peer.ask(file, methods)


def accuracy(seeds: int, peer_seeds: int) -> None:
    row(f"accuracy, %, {seeds} seeds; below: seeds below majority", "majority", "Clary", "below")
    below = 0
    for name, make in CROWDS.items():
        crowds = [make(seed) for seed in range(seeds)]
        votes = [majority(known) for known in crowds]
        mine = [clary(known) for known in crowds]
        worse = sum(one < other - 1e-9 for one, other in zip(mine, votes, strict=True))
        below += worse
        row(f"  {name}", percent(votes), percent(mine), str(worse))
    row(f"  in all, of {seeds * len(CROWDS)}", "", "", str(below))
    try:
        compared(peer_seeds)
    except RuntimeError as error:
        row(f"  {error}"[:200])


def compared(seeds: int) -> None:
    row(f"accuracy, %, beside crowd-kit, first {seeds} seeds", "Clary", "DawidSkene", "its best", "which")
    for name, make in CROWDS.items():
        crowds = [make(seed) for seed in range(seeds)]
        mine = [clary(known) for known in crowds]
        found: dict[str, list[float]] = {}
        for known in crowds:
            for method, figures in peer(known).items():
                found.setdefault(method, []).append(figures["accuracy"])
        best = max(found, key=lambda method: statistics.mean(found[method]))
        row(f"  {name}", percent(mine), percent(found.get("DawidSkene", [])), percent(found[best]), best)


def seconds() -> None:
    """Processor seconds, one thread: what else the machine does is not counted."""
    for objects, people, classes, each in ((20_000, 200, 5, 5), (33_333, 1_000, 10, 3)):
        random = np.random.default_rng(0)
        matrices = skilled(random, random.beta(8, 4, people), classes)
        known = answered(random, objects, people, classes, each, matrices)
        taken = []
        for _ in range(5):
            begun = time.process_time()
            fit(known.crowd)
            taken.append(time.process_time() - begun)
        mine = statistics.median(taken)
        row(
            f"{objects * each:,} answers, {each} an object, {people} people, {classes} classes",
            "CPU seconds", "/ Clary", "accuracy, %",
        )  # fmt: skip
        row("  Clary", f"{mine:.2f}", "1.0", percent([clary(known)]))
        try:
            for method, one in peer(known, ("MajorityVote", "DawidSkene", "OneCoinDawidSkene")).items():
                cells = f"{one['seconds']:.2f}", f"{one['seconds'] / mine:.1f}", percent([one["accuracy"]])
                row(f"  crowd-kit {method}", *cells)
        except RuntimeError as error:
            row(f"  {error}"[:200])


def percent(figures: list[float]) -> str:
    return f"{100 * statistics.mean(figures):.2f}" if figures else "-"


def main() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--peer-seeds", type=int, default=2)
    chosen = parser.parse_args()
    seconds()
    accuracy(chosen.seeds, chosen.peer_seeds)


if __name__ == "__main__":
    main()
