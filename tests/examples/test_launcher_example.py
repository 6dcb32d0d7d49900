"""launcher.ipynb with nobody watching: the panel is a static picture, the cell that trains prints as it goes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_launcher_notebook_is_static_and_useful_under_papermill(home_path: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "papermill",
        "--no-progress-bar",
        "-p",
        "epochs",
        "6",
        "--cwd",
        str(EXAMPLES),
    ]
    result = subprocess.run(
        [*command, str(EXAMPLES / "launcher.ipynb"), str(tmp_path / "done.ipynb")],
        capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    done = nbformat.read(tmp_path / "done.ipynb", 4)
    cells = {cell.source.splitlines()[0]: cell for cell in done.cells if cell.cell_type == "code"}

    def printed(start: str) -> str:
        cell = next(cell for line, cell in cells.items() if line.startswith(start))
        return "".join(output.get("text", "") for output in cell.outputs)

    shown = [
        output.data
        for cell in done.cells
        for output in cell.get("outputs", [])
        if "clary-Launcher" in output.get("data", {}).get("text/html", "")
    ]
    before, after = shown
    # No widget that only a kernel could bring to life.
    assert not any("widget" in kind for data in shown for kind in data)
    assert "digits/train.py" in before["text/html"]
    assert "epochs=6" in before["text/plain"]
    assert "Completed" in after["text/html"]
    assert after["text/html"].count("<svg") >= 2
    assert "epoch=6" in after["text/plain"]
    assert re.search(r"Completed +accuracy=0\.\d+  loss=", printed("launcher.launch()"))
    assert re.search(r"9\d\.\d% of the held-out digits", printed("last ="))
    assert "5 neighbours: accuracy=0.9" in printed("%%train")
