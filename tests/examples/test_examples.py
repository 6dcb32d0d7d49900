"""Every notebook of examples/ is executed, as `make demo` does it: papermill, its own kernel, a fresh home."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from tests.conftest import kill_everything_of

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def demo_home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "demo-home"
    kill_everything_of(tmp_path / "demo-home")


def demo(home: Path, output: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / "run_demo.py"), "--home", str(home), "--output", str(output)]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=280)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_committed_notebook_is_for_the_kernel_and_holds_no_outputs(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "clary-python"
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_quickstart_trains_deploys_and_reads_the_held_out_digits_within_two_minutes(
    demo_home: Path, tmp_path: Path
) -> None:
    started = time.monotonic()
    result = demo(demo_home, tmp_path / "done.ipynb")
    taken = time.monotonic() - started
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    found = re.search(r"([0-9.]+)% of 450 held-out digits are read correctly", result.stdout)
    assert found is not None, result.stdout
    assert float(found[1]) > 96.5
    assert taken < 120
    notebook = nbformat.read(tmp_path / "done.ipynb", 4)
    charts = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if any("vegalite" in kind for kind in output.get("data", {}))
    ]
    assert len(charts) == 2
    # Nothing is left running, and the folder is a whole home: the bucket is there for a look.
    assert list((demo_home / "s3").glob("clary-quickstart-*"))
    end = time.monotonic() + 20
    while running := [p.pid for p in psutil.process_iter() if str(demo_home) in " ".join(_command(p))]:
        assert time.monotonic() < end, running
        time.sleep(0.2)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_the_demo_never_removes_a_folder_that_is_no_home_of_clary(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").write_text("...")
    result = demo(precious, tmp_path / "out.ipynb")
    assert result.returncode == 1
    assert "not a home of Clary" in result.stderr
    assert os.listdir(precious) == ["thesis.tex"]
