"""The extension must not be felt when JupyterLab starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HEAVY = (
    "boto3",
    "numpy",
    "onnxruntime",
    "orjson",
    "pandas",
    "papermill",
    "psutil",
    "sklearn",
    "sqlite3",
    "torch",
)

PROGRAM = """
import json, sys, time
import jupyter_server.serverapp
before, start = set(sys.modules), time.perf_counter()
from clary.jupyter import _jupyter_server_extension_points
point = _jupyter_server_extension_points()[0]
import clary.jupyter.handlers.aws, clary.jupyter.handlers.locate
print(json.dumps({"new": sorted(set(sys.modules) - before), "seconds": time.perf_counter() - start}))
"""


def test_linking_the_extension_imports_nothing_heavy(tmp_path: Path) -> None:
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, cwd=tmp_path
    ).stdout
    told = json.loads(output.splitlines()[-1])
    roots = {name.split(".")[0] for name in told["new"]}
    assert not roots & set(HEAVY)
    late = ("botocore.", "clary.runner", "clary.serving", "clary.toolkits", "clary.objects")
    assert not [name for name in told["new"] if name.startswith(late)]


def test_the_boto3_of_other_extensions_is_left_alone(extension: Any) -> None:
    from clary.api import transport

    assert not transport._attached


def test_the_servers_configuration_switches_on_the_extension_and_nothing_else() -> None:
    path = Path(__file__).parents[2] / "jupyter-config" / "server" / "clary.json"
    assert json.loads(path.read_text()) == {"ServerApp": {"jpserver_extensions": {"clary.jupyter": True}}}
