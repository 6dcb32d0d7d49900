"""crowd-kit as a peer: its aggregations of categories, in a virtual environment of its own below build/, made once.

Run by the benchmarks' interpreter this module makes the environment; run by crowd-kit's, ``python crowdkit_peer.py FILE METHOD``
reads answers from an .npz file and prints, for each method, {"accuracy", "seconds" (of the processor)} as JSON.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

PACKAGE = "crowd-kit==1.4.2"
FOLDER = Path(__file__).resolve().parents[2] / "build" / "crowd-kit"
METHODS = ("MajorityVote", "DawidSkene", "OneCoinDawidSkene", "GLAD", "MACE", "MMSR")
_PATIENCE_S = 1200


def ask(file: Path, methods: tuple[str, ...] = METHODS) -> dict[str, dict[str, float]]:
    """Figures by method; a method that fails has none. Raises RuntimeError where crowd-kit cannot be had, with the reason."""
    stamp = FOLDER / f"has-{PACKAGE}"
    if not stamp.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        for command in (
            [sys.executable, "-m", "venv", str(FOLDER)],
            [str(FOLDER / "bin" / "pip"), "install", "--quiet", PACKAGE],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"crowd-kit could not be installed: {done.stderr.strip()[-300:]}")
        stamp.touch()
    done = subprocess.run(
        [str(FOLDER / "bin" / "python"), __file__, str(file), *methods],
        capture_output=True, text=True, check=False, timeout=_PATIENCE_S,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"crowd-kit failed: {' '.join(done.stderr.split())[-200:]}")
    answer: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main(file: str, names: list[str]) -> None:
    warnings.simplefilter("ignore")
    import numpy as np
    import pandas as pd
    from crowdkit import aggregation  # type: ignore[import-not-found]

    data = np.load(file)
    answers = pd.DataFrame({"task": data["objects"], "worker": data["workers"], "label": data["labels"]})
    truth = data["truth"]
    found: dict[str, Any] = {}
    for name in names:
        # As many rounds as crowd-kit's own defaults (100), but for GLAD and MACE, which take minutes with theirs.
        settings = {"GLAD": {"n_iter": 10}, "MACE": {"n_restarts": 2, "n_iter": 20, "random_state": 0}}
        begun = time.process_time()
        try:
            labels = getattr(aggregation, name)(**settings.get(name, {})).fit_predict(answers)
        except Exception as error:  # parts of it do not run with today's pandas and scikit-learn
            print(f"{name}: {error}", file=sys.stderr)
            continue
        seconds = time.process_time() - begun
        found[name] = {
            "accuracy": float((labels.reindex(range(len(truth))).to_numpy() == truth).mean()),
            "seconds": seconds,
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
