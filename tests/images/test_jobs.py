"""Which environment a job runs in: the current one, or the one that stands for its image."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

from clary import images

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ALGO = "000000000000.dkr.ecr.us-east-1.amazonaws.com/my-algo:latest"
WHERE = """
import importlib.util, json, os, shutil, sys
print("WHERE " + json.dumps({
    "executable": sys.executable, "prefix": sys.prefix, "python": shutil.which("python"), "python3": shutil.which("python3"),
    "VIRTUAL_ENV": os.environ.get("VIRTUAL_ENV"), "clary": importlib.util.find_spec("clary") is not None,
}))
"""


def where(log: str) -> dict[str, Any]:
    line = next(line for line in log.splitlines() if line.startswith("WHERE "))
    found: dict[str, Any] = json.loads(line.removeprefix("WHERE "))
    return found


def test_a_known_image_runs_in_the_current_environment_and_the_log_says_what_is_another_version(
    jobs: Any,
) -> None:
    log = jobs.completed("pytorch-training:2.3.0-cpu-py310-ubuntu20.04", {"train.py": WHERE})
    assert where(log)["executable"] == sys.executable
    version = ".".join(map(str, sys.version_info[:3]))
    said = [line for line in log.splitlines() if line.startswith("[clary] The image")]
    assert said == [
        "[clary] The image pytorch-training:2.3.0-cpu-py310-ubuntu20.04 names torch 2.3.0 and Python 3.10; the job runs in the "
        f"current environment with torch {torch.__version__} and Python {version}."
    ]


def test_nothing_is_said_of_versions_that_are_those_of_the_tag(jobs: Any) -> None:
    minor = "".join(map(str, sys.version_info[:2]))
    version = torch.__version__.partition("+")[0]
    log = jobs.completed(f"pytorch-training:{version}-cpu-py{minor}", {"train.py": WHERE})
    assert "[clary] The image" not in log


def test_an_image_whose_framework_is_not_installed_is_refused_with_the_commands_that_help(jobs: Any) -> None:
    assert jobs.refused(XGBOOST, {"train.py": ""}) == (
        f'AlgorithmSpecification.TrainingImage cannot be used. The image "{XGBOOST}" needs xgboost, which the current '
        f"environment ({sys.executable}) does not have. Make an environment for it: clary images build {XGBOOST}; or name one "
        f"that has it: clary images add {XGBOOST} --python <path of its python>"
    )


def test_an_unknown_image_is_refused_even_with_a_script_and_says_how_to_register_it(jobs: Any) -> None:
    expected = (
        f'AlgorithmSpecification.TrainingImage cannot be used. The image "{ALGO}" is not one that Clary knows, and it runs no '
        "containers: an image is an environment of this machine. Say what it stands for: the current environment, with "
        f"clary images add {ALGO} --python {sys.executable} (or any other interpreter); a training program of your own, with "
        f"clary images add {ALGO} --program <path>; or an environment made for it, with clary images build {ALGO} "
        "--requirements <file>"
    )
    assert jobs.refused(ALGO, {"train.py": ""}) == expected
    assert jobs.refused(ALGO, algorithm={"ContainerEntrypoint": ["true"]}) == expected


def test_a_built_in_algorithm_of_amazons_is_refused_as_such(jobs: Any) -> None:
    text = jobs.refused("382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1")
    assert "is one of Amazon's built-in algorithms, whose program only Amazon has" in text


def test_an_unknown_image_runs_as_the_user_said(jobs: Any, cli: Any) -> None:
    assert cli("add", ALGO, "--python", sys.executable) == f"{ALGO} is now {sys.executable}\n"
    assert where(jobs.completed(ALGO, {"train.py": WHERE}))["executable"] == sys.executable
    jobs.refused("my-other-algo", {"train.py": ""})
    assert cli("remove", ALGO) == f"{ALGO} removed\n"
    jobs.refused(ALGO, {"train.py": ""})


def test_a_registered_environment_is_that_of_the_job_as_if_activated(
    jobs: Any, cli: Any, environment: Any
) -> None:
    folder = environment(xgboost="1.7.6")
    cli("add", "sagemaker-xgboost", "--venv", str(folder))
    script = WHERE + "import xgboost; print('GOT', xgboost.VERSION)\n"
    log = jobs.completed(XGBOOST, {"train.py": script})
    assert where(log) == {
        "executable": f"{folder}/bin/python",
        "prefix": str(folder),
        "python": f"{folder}/bin/python",
        "python3": f"{folder}/bin/python3",
        "VIRTUAL_ENV": str(folder),
        "clary": False,
    }
    assert "GOT 1.7.6" in log
    # A command may call pip: it has an environment of its own, on top of the registered one.
    look = "import xgboost, importlib.util as u; print('SEES', xgboost.VERSION, u.find_spec('clary'))"
    entrypoint = ["/bin/sh", "-c", f'python3 -c "{look}"']
    assert "SEES 1.7.6 None" in jobs.completed(XGBOOST, algorithm={"ContainerEntrypoint": entrypoint})


def test_python_is_the_registered_interpreter_whatever_its_name(
    jobs: Any, cli: Any, environment: Any, tmp_path: Path
) -> None:
    folder = environment()
    only = tmp_path / "bin" / "python-of-mine"
    only.parent.mkdir()
    only.write_text(f'#!/bin/sh\nexec {folder}/bin/python "$@"\n')
    only.chmod(0o755)
    cli("add", "my-algo", "--python", str(only))
    script = "import subprocess\nsubprocess.run(['python', '-c', 'import sys; print(\"IN\", sys.prefix)'], check=True)\n"
    assert f"IN {folder}" in jobs.completed(ALGO, {"train.py": script})


def test_requirements_of_the_job_are_layered_on_the_registered_environment(
    jobs: Any, cli: Any, environment: Any, wheel: Any, tmp_path: Path
) -> None:
    folder = environment(xgboost="1.7.6")
    wheel(tmp_path / "wheels", "leaf-of-job", "2.0", "VALUE = 'leaf'\n")
    cli("add", XGBOOST, "--venv", str(folder))
    files = {
        "train.py": "import importlib.util, xgboost, leaf_of_job\n"
        "print('GOT', xgboost.VERSION, leaf_of_job.VALUE, importlib.util.find_spec('numpy'))\n",
        "requirements.txt": f"--no-index\n--find-links {tmp_path / 'wheels'}\nleaf-of-job\nxgboost\n",
    }
    assert "GOT 1.7.6 leaf None" in jobs.completed(XGBOOST, files)
    assert not list(folder.glob("lib/*/site-packages/leaf_of_job*"))


def test_a_notebook_in_an_environment_without_ipykernel_fails_and_says_so(
    jobs: Any, cli: Any, environment: Any
) -> None:
    folder = environment()
    cli("add", ALGO, "--venv", str(folder))
    notebook = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    reason = jobs.failed(ALGO, {"run.ipynb": notebook}, program="run.ipynb")
    assert reason == (
        f"ClientError: The notebook run.ipynb needs ipykernel, which the environment of the image {ALGO} ({folder}/bin/python) "
        f"does not have. Install it there ({folder}/bin/python -m pip install ipykernel), or name it in a requirements.txt "
        "beside the notebook."
    )


def test_config_toml_registers_images_and_counts_before_what_was_added(
    jobs: Any, home: Any, cli: Any, environment: Any, listed: Any
) -> None:
    one, two = environment("one", xgboost="1.0"), environment("two", xgboost="2.0")
    cli("add", "sagemaker-xgboost", "--venv", str(one))
    home.config_file.write_text(
        f'[images]\n"sagemaker-xgboost" = "{two}"\n"team/*:v?" = {{ python = "{one}/bin/python" }}\n'
    )
    assert images.resolve(home, XGBOOST).python == two / "bin" / "python"
    assert images.resolve(home, "registry.example.com/team/any:v1").python == one / "bin" / "python"
    assert where(jobs.completed("team/any:v2", {"train.py": WHERE}))["prefix"] == str(one)
    assert listed()["sagemaker-xgboost"]["source"] == "config.toml"
    text = cli("remove", "team/*:v?", code=1)
    assert (
        text
        == f"Error: The image team/*:v? is set in {home.config_file}: remove it there, in the table [images].\n"
    )
    home.config_file.write_text('[images]\n"a" = 3\n')
    assert "must be a table in config.toml with lines such as" in jobs.refused("a", {"train.py": ""})
    home.config_file.write_text('[images]\n"a" = "/no/such/place"\n')
    assert (
        f"{home.config_file}, table [images], a: There is no Python interpreter at /no/such/place."
        in jobs.refused("a")
    )


def test_an_environment_that_has_gone_since_is_named_in_the_refusal(
    jobs: Any, cli: Any, environment: Any
) -> None:
    folder = environment(xgboost="1.7.6")
    cli("add", XGBOOST, "--venv", str(folder))
    next(folder.glob("lib/*/site-packages/xgboost-*/METADATA")).unlink()
    text = jobs.refused(XGBOOST, {"train.py": ""})
    assert (
        f"needs xgboost, which the environment that is registered for it ({folder}/bin/python) does not have"
        in text
    )
    (folder / "bin" / "python").unlink()
    text = jobs.refused(XGBOOST, {"train.py": ""})
    assert text.endswith(
        f"is registered as {XGBOOST} (added), but: The interpreter {folder}/bin/python cannot be run: No such file or directory."
    )
