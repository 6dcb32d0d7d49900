"""``clary doctor``: what it finds on this machine, and that it names what is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clary import doctor


def clary_doctor(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clary.cli", "doctor", *arguments],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def by_name(home: Path) -> dict[str, doctor.Check]:
    return {check.name: check for check in doctor.examine(home)}


def test_a_healthy_machine_passes_every_check(home_path: Path) -> None:
    result = clary_doctor("--json")
    document = json.loads(result.stdout)
    broken = [check for check in document["checks"] if check["state"] == "broken"]
    assert broken == []
    assert result.returncode == 0
    assert document["healthy"] is True
    assert {check["name"] for check in document["checks"]} >= {
        "python", "engines", "home", "disk", "database", "machine", "gpu", "isolation", "server", "runtime",
        "kernel",
    }  # fmt: skip


def test_it_tells_the_versions_and_the_isolation(home: Any) -> None:
    checks = by_name(home.root)
    assert set(checks["engines"].data["versions"]) >= {"torch", "onnxruntime", "scikit-learn"}
    assert checks["isolation"].data
    assert checks["machine"].data["cpus"] > 0


def test_for_a_person_each_check_is_a_line_and_each_problem_has_a_hint(home_path: Path) -> None:
    result = clary_doctor()
    assert result.returncode == 0, result.stdout
    assert any(line.startswith("ok  python") for line in result.stdout.splitlines())
    (home_path / "config.toml").write_text("cpus = -1\n")
    broken = clary_doctor()
    assert broken.returncode == 1
    assert "X   home" in broken.stdout
    assert "cpus" in broken.stdout
    assert "->" in broken.stdout


def test_a_home_that_cannot_be_used_is_a_finding_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = clary_doctor("--json", CLARY_HOME=str(tmp_path / "file" / "home"))
    assert result.returncode == 1
    assert json.loads(result.stdout)["healthy"] is False
    assert result.stderr == ""


def test_a_damaged_database_is_found(home: Any, store: Any) -> None:
    store.documents.create("model", "a", {"text": "x" * 100_000})
    store.read().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    assert by_name(home.root)["database"].state == "ok"
    with home.database.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)
    assert by_name(home.root)["database"].state == "broken"


def test_a_home_that_others_can_read_is_noted(home: Any) -> None:
    home.root.chmod(0o755)
    check = by_name(home.root)["home"]
    assert check.state == "note"
    assert "chmod 700" in check.hint


def test_it_knows_whether_a_server_answers(serve: Callable[..., Any], home_path: Path) -> None:
    server = serve()
    assert by_name(home_path)["server"].data["url"] == server.url
    assert server.stop() == 0
    assert by_name(home_path)["server"].data["url"] is None


def test_a_check_that_fails_is_a_finding(home: Any) -> None:
    (home.root / "runtime.json").write_text("not json")
    check = by_name(home.root)["runtime"]
    assert check.state == "broken"
    assert "JSONDecodeError" in check.detail


def test_it_imports_nothing_heavy(home_path: Path) -> None:
    code = (
        "import sys, clary.doctor as d; d.examine();"
        "print([m for m in ('torch', 'onnxruntime', 'sklearn', 'pandas', 'numpy') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
