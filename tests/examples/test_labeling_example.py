"""labeling.ipynb with nobody watching: simulated people label, the machine does the rest, and everything shows as static HTML."""

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
def test_the_labeling_notebook_ends_with_labels_under_the_bound_and_a_network_trained_on_them(
    home_path: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "papermill", "--no-progress-bar"]
    result = subprocess.run(
        [*command, str(EXAMPLES / "labeling.ipynb"), str(tmp_path / "done.ipynb")],
        capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path), "CLARY_ZYGOTE": "1"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    done = nbformat.read(tmp_path / "done.ipynb", 4)
    outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
    printed = "".join(output.get("text", "") for output in outputs)
    shown = [output.data for output in outputs if "data" in output]
    assert not any("widget" in kind for data in shown for kind in data)
    pages = "".join(data.get("text/html", "") for data in shown)
    assert "Certificate of the automatic labels" in pages
    assert "anna" in pages
    assert "cleo" in pages
    told = re.search(r"people labeled ([0-9.]+)%; ([0-9.]+)% of all labels are wrong", printed)
    assert told is not None, printed
    assert float(told[1]) < 40
    assert float(told[2]) <= 5
    assert "With 95% certainty at most" in "".join(data.get("text/plain", "") for data in shown)
    right = re.search(r"([0-9.]+)% of the pilot's labels are right", printed)
    assert right is not None
    assert float(right[1]) > 95
    read = re.search(r"([0-9.]+)% of 397 held-out digits", printed)
    assert read is not None
    assert float(read[1]) > 85
