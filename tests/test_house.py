"""The house rules that a machine can check: floors, types, no paths or registry hosts of somebody's machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_room_imports_only_from_the_floors_below_it() -> None:
    result = run(str(BIN / "lint-imports"))
    assert result.returncode == 0, result.stdout


def test_ruff_finds_nothing() -> None:
    result = run(str(BIN / "ruff"), "check", ".")
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_types_are_strict_and_right() -> None:
    result = run(str(BIN / "mypy"))
    assert result.returncode == 0, result.stdout


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\n")
    forbidden = re.compile(
        r"/home/[a-z]{2,}/|/root/\.|/work/main|https?://[^ \"']*(artifactory|nexus|pypi-proxy|npm-proxy)"
    )
    for name in listed:
        path = ROOT / name
        if (
            not name
            or path.suffix in {".png", ".lock", ".ipynb"}
            or name == "tests/test_house.py"
            or not path.is_file()
        ):
            continue
        assert not forbidden.search(path.read_text(encoding="utf-8", errors="replace")), name
