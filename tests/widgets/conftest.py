"""A working folder with scripts, and a home for the jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

SCRIPT = """
import argparse, os, time
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=3, help="How often.")
parser.add_argument("--pause", type=float, default=0.0)
parser.add_argument("--mode", choices=["fast", "slow"], default="fast")
parser.add_argument("--fail", default="")
parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
options = parser.parse_args()
for epoch in range(options.epochs):
    time.sleep(options.pause)
    print(f"epoch={epoch} loss={1 / (epoch + 1):.3f} <script>", flush=True)
if options.fail:
    raise ValueError(options.fail)
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w") as model:
    model.write(f"{options.mode} {os.listdir(options.train)} {os.environ.get('EXTRA')}")
"""


@pytest.fixture
def folder(home_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = tmp_path / "work"
    (work / "data").mkdir(parents=True)
    (work / "train.py").write_text(SCRIPT)
    (work / "data" / "data.csv").write_text("1,2")
    monkeypatch.chdir(work)
    return work
