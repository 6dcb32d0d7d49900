"""How many labels people give until the machine may label the rest: Clary's loop, found blind, beside other strategies
and rules.

Every number counts everything: training, audits, and what is left to people in the end. A violation is a run in which
the machine's labels are wrong more often than epsilon allows. ``--seeds N`` (10) for the shares, ``--runs N`` (500) for
the violations, ``--data`` to choose.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from tests.benchmarks import labeling_data, labeling_peers
from tests.benchmarks.measuring import row

from clary.labeling.active import features
from clary.labeling.active.rounds import Finish, Settings
from clary.labeling.active.space import Space

DATA = {
    "digits": (labeling_data.digits, features.scattering_of),
    "digits, pixels": (labeling_data.digits, features.pixels_of),
    "MNIST-5k": (labeling_data.mnist, features.scattering_of),
    "MNIST-5k, pixels": (labeling_data.mnist, features.pixels_of),
    "Reuters R8": (labeling_data.reuters, features.words_of),
}
PEERS = {
    "random": "random order, same certificate",
    "margin": "scikit-activeml, margin sampling",
    "badge": "scikit-activeml, BADGE",
    "activelab": "cleanlab, ActiveLab",
    "rule": "threshold on a validation set (Ground Truth's rule)",
}
Result = tuple[float, float, bool]  # human share, wrong as a share of the scope, whether the bound was broken


@lru_cache
def prepared(data: str) -> tuple[Space, np.ndarray]:
    """Kept below build/, so that the processes and later runs share it."""
    import pickle

    path = labeling_data.FOLDER / f"{data.replace(', ', '-').replace(' ', '-')}.pickle"
    if not path.exists():
        load, vectors = DATA[data]
        things, truth = load()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps((Space(vectors(things)), truth)))
    answer: tuple[Space, np.ndarray] = pickle.loads(path.read_bytes())
    return answer


def run(data: str, strategy: str, epsilon: float, scope: Any, seed: int) -> Result:
    """One job from the first label to the last, with the truth in the place of people."""
    space, truth = prepared(data)
    if strategy == "rule":
        share, wrong = labeling_peers.documented_rule(space, truth, epsilon, seed)
        return share, wrong, wrong > epsilon
    settings = Settings(epsilon=epsilon, scope=scope, seed=seed)
    loop = labeling_peers.labeler(space, int(truth.max()) + 1, settings, strategy)
    known: dict[int, int] = {}
    state: dict[str, Any] = {}
    while True:
        outcome, state = loop.step(known, state)
        if isinstance(outcome, Finish):
            break
        known.update({one: int(truth[one]) for one in outcome.indices})
    wrong = sum(truth[item] != one for item, (one, _) in outcome.predictions.items())
    of = len(truth) if scope == "dataset" else max(1, len(outcome.predictions))
    return 1 - len(outcome.predictions) / len(truth), wrong / of, wrong / of > epsilon


def shares(pool: ProcessPoolExecutor, data: str, epsilon: float, strategies: list[str], seeds: int) -> None:
    jobs = {
        one: [pool.submit(run, data, one, epsilon, "dataset", seed) for seed in range(seeds)]
        for one in strategies
    }
    row(f"{data}, error at most {epsilon:.0%}, {seeds} seeds", "human share", "sd", "/ Clary", "broken")
    ours = 0.0
    for name, futures in jobs.items():
        found = [future.result() for future in futures]
        mean = statistics.mean(one[0] for one in found)
        ours = ours or mean
        spread = statistics.stdev(one[0] for one in found) if len(found) > 1 else 0.0
        broken = f"{sum(one[2] for one in found)} of {len(found)}"
        row(f"  {PEERS.get(name, 'Clary')}", f"{mean:.1%}", f"{spread:.1%}", f"{mean / ours:.2f}", broken)


def violations(pool: ProcessPoolExecutor, runs: int) -> None:
    row(
        "Runs whose machine labels broke their bound, delta 5 %",
        "runs",
        "broken",
        "human share",
        "mean error",
    )
    total = broken = 0
    for data, epsilon, scope, part in (
        ("digits", 0.05, "dataset", 0.3), ("digits", 0.01, "dataset", 0.2), ("digits, pixels", 0.05, "auto-labelled", 0.3),
        ("MNIST-5k", 0.05, "dataset", 0.1), ("Reuters R8", 0.05, "auto-labelled", 0.1),
    ):  # fmt: skip
        count = max(1, round(part * runs))
        found = [
            one.result()
            for one in [pool.submit(run, data, "clary", epsilon, scope, 1000 + n) for n in range(count)]
        ]
        bad = sum(one[2] for one in found)
        total, broken = total + count, broken + bad
        share, wrong = (statistics.mean(one[place] for one in found) for place in (0, 1))
        row(f"  {data}, {epsilon:.0%} of {scope}", f"{count}", f"{bad}", f"{share:.1%}", f"{wrong:.2%}")
    row("  all", f"{total}", f"{broken} = {broken / total:.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--data", nargs="*", default=["digits", "MNIST-5k", "MNIST-5k, pixels", "Reuters R8"])
    chosen = parser.parse_args()
    for data in DATA:
        begun = time.monotonic()
        prepared(data)
        row(f"{data}: features and their space, s", f"{time.monotonic() - begun:.1f}")
    labeling_data.peers()
    with ProcessPoolExecutor(2) as pool:
        for data in chosen.data:
            compared = ["clary"] if data.endswith("pixels") else ["clary", *PEERS]
            for epsilon in (0.05, 0.01):
                shares(pool, data, epsilon, compared, chosen.seeds)
        if chosen.runs:
            violations(pool, chosen.runs)


if __name__ == "__main__":
    main()
