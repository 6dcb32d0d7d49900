"""Packages of a job: installed for it alone, from a folder of wheels, without any network."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def wheel(folder: Path, name: str, version: str, source: str, requires: str = "") -> Path:
    """A wheel made by hand."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    more = f"Requires-Dist: {requires}\n" if requires else ""
    files = {
        f"{name}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-tool = {name}:main\n",
    }
    with zipfile.ZipFile(path, "w") as file:
        for target, text in files.items():
            file.writestr(target, text)
        record = "".join(f"{target},,\n" for target in files) + f"{info}/RECORD,,\n"
        file.writestr(f"{info}/RECORD", record)
    return path


def installed_here() -> str:
    return subprocess.run(
        [sys.executable, "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    ).stdout


def test_requirements_are_installed_for_the_job_alone(desk: Any, tmp_path: Path) -> None:
    wheel(tmp_path, "clary_leaf", "1.0", "VALUE = 'leaf'\ndef main(): print('tool runs')")
    wheel(tmp_path, "clary_root", "2.0", "import clary_leaf\nVALUE = clary_leaf.VALUE", requires="clary-leaf")
    wheel(tmp_path, "packaging", "99.0", "__version__ = '99.0'")  # newer than what is here
    before = installed_here()
    script = (
        "import sys, clary_root, packaging, numpy, subprocess\n"
        "print('GOT', clary_root.VALUE, packaging.__version__, numpy.__name__)\n"
        "subprocess.run(['clary_leaf-tool'], check=True)\n"
        "subprocess.run([sys.executable, '-c', 'import clary_root; print(\"child too\")'], check=True)\n"
    )
    files = {
        "train.py": script,
        "requirements.txt": f"--no-index\n--find-links {tmp_path}\nclary-root==2.0\npackaging>=99\nnumpy\n",
    }
    job = desk.completed(desk.train(files))
    log = desk.log(job)
    assert log.startswith("[clary] Installing dependencies: ")
    assert "GOT leaf 99.0 numpy" in log
    assert "tool runs" in log
    assert "child too" in log
    assert "Successfully installed" in log
    assert installed_here() == before
    assert not (desk.attempt_dir(job) / "environment").exists()


def test_requirements_that_do_not_resolve_are_the_reason_of_the_failure(desk: Any, tmp_path: Path) -> None:
    files = {
        "train.py": "print('ran')",
        "requirements.txt": f"--no-index\n--find-links {tmp_path}\nno-such-package-anywhere==1.0\n",
    }
    job = desk.train(files)
    reason = desk.failed(job)
    assert reason.startswith("AlgorithmError: InstallRequirementsError:\nExitCode 1\nErrorMessage ")
    assert "no-such-package-anywhere" in reason
    assert reason.endswith("exit code: 1")
    assert "ran" not in desk.log(job).splitlines()
    assert "No matching distribution found for no-such-package-anywhere==1.0" in desk.log(job)


def test_a_package_with_a_setup_py_is_installed_and_run_as_a_module(desk: Any) -> None:
    files = {
        "setup.py": "from setuptools import setup\nsetup(name='my-training', version='1.0', packages=['mine'])",
        "mine/__init__.py": "",
        "mine/train.py": "import sys\nfrom mine.helper import VALUE\nprint('MODULE', __name__, VALUE, sys.argv[1:])",
        "mine/helper.py": "VALUE = 42",
    }
    job = desk.completed(desk.train(files, program="mine.train", hyperparameters={"lr": "0.5"}))
    assert "MODULE __main__ 42 ['--lr', '0.5']" in desk.log(job)


def test_a_package_that_does_not_build_says_so(desk: Any) -> None:
    reason = desk.failed(desk.train({"setup.py": "raise RuntimeError('cannot build this')", "train.py": ""}))
    assert reason.startswith("AlgorithmError: InstallModuleError:")
