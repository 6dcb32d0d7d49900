"""The same boto3 program in both doors: over HTTP from a virtual environment without Clary, and on the clary-python kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

PROGRAM = Path(__file__).with_name("walkthrough.py")
STEPS = (
    "trained",
    "deployed InService",
    "split {'a': 100, 'b': 300}",
    "updated under load: no failed call",
    "deleted",
    "done",
)


@pytest.fixture(scope="module")
def other_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python that has boto3 and nothing else."""
    folder = tmp_path_factory.mktemp("venv")
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    python = str(folder / "bin" / "python")
    constraints = Path(__file__).parents[2] / "constraints.txt"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile"]
    subprocess.run([*pip, "-c", str(constraints), "boto3"], check=True)
    return python


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_boto3_alone_in_another_environment_over_http(
    serve: Callable[..., Any], other_python: str, tmp_path: Path
) -> None:
    server = serve()
    exports = subprocess.run(
        [sys.executable, "-m", "clary.cli", "env"],
        env={**os.environ},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    script = tmp_path / "run.sh"
    script.write_text(f'{exports}\nexec "{other_python}" "{PROGRAM}"\n')
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    result = subprocess.run(
        ["sh", str(script)], env=clean, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    for step in STEPS:
        assert step in result.stdout
    assert server.stop() == 0


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_same_code_in_a_notebook_with_no_configuration(home_path: Path, tmp_path: Path) -> None:
    code = PROGRAM.read_text().replace('if __name__ == "__main__":\n    main()\n', "")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code), nbformat.v4.new_code_cell("main()")]
    )
    nbformat.write(notebook, tmp_path / "in.ipynb")
    result = subprocess.run(
        [sys.executable, "-m", "papermill", "-k", "clary-python", str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    output = "".join(
        part.get("text", "")
        for cell in nbformat.read(tmp_path / "out.ipynb", 4).cells
        for part in cell.get("outputs", [])
    )
    for step in STEPS:
        assert step in output
