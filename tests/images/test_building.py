"""``clary images build``: an environment is there whole or not at all. The package index is a folder of wheels made here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from clary import images

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ELSEWHERE = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1"
BACKEND = """
import os, pathlib, shutil, time
def build_wheel(folder, config_settings=None, metadata_directory=None):
    pathlib.Path({started!r}).write_text(str(os.getpid()))
    while not os.path.exists({go!r}):
        time.sleep(0.02)
    shutil.copy({wheel!r}, folder)
    return os.path.basename({wheel!r})
"""


@pytest.fixture
def slow_package(tmp_path: Path, wheel: Any) -> Any:
    """A source package that builds only when the file ``go`` is there, and says in ``started`` that it has begun."""
    folder = tmp_path / "slow"
    folder.mkdir()
    made = wheel(tmp_path / "made", "slow-package", "1.0", "VALUE = 'slow'\n")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "slow-package"\nversion = "1.0"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    started, go = folder / "started", folder / "go"
    (folder / "backend.py").write_text(BACKEND.format(started=str(started), go=str(go), wheel=str(made)))
    return folder


def until(condition: Any, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def folders(home: Any) -> list[str]:
    place = home.root / "images"
    return sorted(path.name for path in place.iterdir() if path.is_dir() and path.name != "interpreters")


def test_a_known_image_is_built_in_its_tags_version_once_and_runs_jobs_of_any_region(
    jobs: Any, home: Any, cli: Any, wheel: Any, tmp_path: Path, listed: Any
) -> None:
    for version in ("1.6.2", "1.7.6", "2.1.0"):
        wheel(tmp_path / "wheels", "xgboost", version, f"VERSION = {version!r}\n")
    output = cli("build", XGBOOST)
    lines = output.splitlines()
    (folder,) = folders(home)
    place = home.root / "images" / folder
    assert lines[0].startswith(f"Building sagemaker-xgboost:1.7-1 in {place} with Python ")
    assert lines[0].endswith(f", on top of the packages of {sys.executable}")
    assert "Successfully installed xgboost-1.7.6" in lines
    assert lines[-1].startswith("Built sagemaker-xgboost:1.7-1 in ")
    assert lines[-1].endswith(", xgboost 1.7.6")
    assert cli("build", ELSEWHERE) == f"sagemaker-xgboost:1.7-1 is built already: {place}/bin/python\n"
    row = listed()["sagemaker-xgboost:1.7-1"]
    assert (row["source"], row["status"], row["packages"]) == ("built", "ready", {"xgboost": "1.7.6"})
    # What the current environment has is seen, and nothing was put into it.
    script = "import sys, xgboost, numpy, torch; print('GOT', xgboost.VERSION, sys.prefix)\n"
    assert f"GOT 1.7.6 {place}" in jobs.completed(ELSEWHERE, {"train.py": script})
    assert subprocess.run(
        [sys.executable, "-c", "import xgboost"], capture_output=True, check=False
    ).returncode
    assert cli("remove", XGBOOST) == f"sagemaker-xgboost:1.7-1 removed, with {place}\n"
    assert folders(home) == []
    assert "needs xgboost" in jobs.refused(XGBOOST, {"train.py": ""})


def test_a_version_that_the_index_has_not_is_let_go_and_that_is_said(
    cli: Any, wheel: Any, tmp_path: Path
) -> None:
    wheel(tmp_path / "wheels", "xgboost", "2.1.0", "")
    output = cli("build", XGBOOST)
    minor = ".".join(map(str, sys.version_info[:2]))
    assert f"There is no xgboost 1.7 for Python {minor}; taking the newest that fits.\n" in output
    assert output.endswith("xgboost 2.1.0\n")


def test_a_build_that_fails_says_pips_words_and_leaves_nothing(home: Any, cli: Any, listed: Any) -> None:
    output = cli("build", XGBOOST, "--package", "no-such-package-anywhere==1.0", code=1)
    assert output.endswith(
        "The build did not succeed; what there was of it is removed.\n"
        "Error: sagemaker-xgboost:1.7-1 could not be built. pip says:\n"
        "ERROR: Could not find a version that satisfies the requirement xgboost (from versions: none)\n"
        "ERROR: No matching distribution found for xgboost\n"
    )
    assert folders(home) == []
    assert listed()["sagemaker-xgboost"]["status"] == "missing xgboost"


def test_a_wheel_that_installs_but_does_not_import_is_no_environment(
    home: Any, cli: Any, wheel: Any, tmp_path: Path
) -> None:
    wheel(tmp_path / "wheels", "xgboost", "1.7.6", "raise ImportError('compiled for another NumPy')\n")
    output = cli("build", XGBOOST, code=1)
    assert output.endswith(
        "Error: sagemaker-xgboost:1.7-1 could not be built: xgboost 1.7.6 was installed, but cannot be imported: "
        "ImportError: compiled for another NumPy\n"
    )
    assert folders(home) == []


def test_torch_stays_the_one_that_this_machine_has(home: Any, cli: Any, wheel: Any, tmp_path: Path) -> None:
    index = tmp_path / "wheels"
    wheel(index, "torch", "2.3.0", "raise ImportError('the wrong torch')\n")
    for name in ("datasets", "accelerate"):
        wheel(index, name, "1.0", "")
    wheel(index, "transformers", "4.36.2", "", requires="torch<2.4")
    image = "huggingface-pytorch-training:2.3.0-transformers4.36.2-cpu-py311"
    output = cli("build", image, code=1)
    assert "torch stays at " in output
    assert "ResolutionImpossible" in output
    assert folders(home) == []
    wheel(index, "transformers", "4.36.2", "import torch\nVALUE = torch.__version__\n", requires="torch>=2")
    assert cli("build", image).endswith(", transformers 4.36.2\n")
    (folder,) = folders(home)
    assert not list((home.root / "images" / folder).glob("lib/*/site-packages/torch*"))


def test_a_cuda_build_of_torch_is_not_fetched_for_an_environment_of_its_own(
    home: Any, cli: Any, wheel: Any, tmp_path: Path, environment: Any
) -> None:
    for name in ("nvidia-cublas", "pip"):
        wheel(tmp_path / "wheels", name, "1.0", "")
    wheel(tmp_path / "wheels", "torch", "2.3.0", "", requires="nvidia-cublas")
    wheel(tmp_path / "wheels", "needs-torch", "1.0", "", requires="torch")
    output = cli("build", "my-algo", "--package", "needs-torch", "--python", str(environment()), code=1)
    assert "my-algo could not be built: it would install torch 2.3.0, a CUDA build of several GB." in output
    assert folders(home) == []


def test_an_environment_of_another_python_has_nothing_of_clarys(
    jobs: Any, cli: Any, wheel: Any, tmp_path: Path, environment: Any
) -> None:
    wheel(tmp_path / "wheels", "pip", "1.0", "")
    output = cli("build", "sagemaker-base-python-39:1.0", "--python", str(environment()))
    assert "on top of" not in output
    script = "from importlib.util import find_spec; print('HAS', *[find_spec(n) is not None for n in ('pip', 'numpy', 'clary')])"
    log = jobs.completed("sagemaker-base-python-39:1.0", {"train.py": script})
    assert "HAS True False False" in log
    assert (
        "[clary] The image sagemaker-base-python-39:1.0 names Python 3.9; the job runs in the environment "
        in log
    )


def test_an_unknown_image_is_built_from_packages_and_requirements(
    jobs: Any, cli: Any, wheel: Any, tmp_path: Path
) -> None:
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/my-algo:v1"
    for name in ("one-of-two", "two-of-two"):
        wheel(tmp_path / "wheels", name, "1.0", "VALUE = 'here'\n")
    (tmp_path / "requirements.txt").write_text("two-of-two==1.0\n")
    assert "say it with --package or --requirements" in cli("build", image, code=1)
    cli("build", image, "--package", "one-of-two", "--requirements", str(tmp_path / "requirements.txt"))
    script = "import one_of_two, two_of_two; print('GOT', one_of_two.VALUE, two_of_two.VALUE)\n"
    assert "GOT here here" in jobs.completed(image, {"train.py": script})
    text = cli("build", image, "--package", "one-of-two", code=1)
    assert text.startswith(
        f"Error: {image} is built already, from another recipe (one-of-two -r {tmp_path}/requirements.txt). "
    )
    text = cli("add", image, "--python", sys.executable, code=1)
    assert (
        text
        == f"Error: Clary has built an environment for {image}. Remove it first: clary images remove {image}\n"
    )


def test_what_cannot_be_built_is_refused_before_anything_is_done(home: Any, cli: Any) -> None:
    text = cli("build", "pytorch-training:2.3.0", code=1)
    assert text == (
        'Error: There is nothing to build for "pytorch-training:2.3.0": the current environment has what it needs. Give '
        "--package or --requirements for more, or --python for another Python.\n"
    )
    text = cli("build", "sagemaker-xgboost", "--python", "3.99", code=1)
    assert text.startswith(
        "Error: There is no python3.99 on PATH. Install one, give its path with --python, or leave "
    )
    text = cli("build", "sagemaker-xgboost", "--requirements", "/no/such/file", code=1)
    assert text == "Error: There is no requirements file /no/such/file.\n"
    text = cli("remove", "sagemaker-xgboost", code=1)
    assert text == "Error: No image is registered as sagemaker-xgboost. Registered: none.\n"


@pytest.mark.slow
def test_a_build_that_is_killed_leaves_nothing_that_would_be_used_and_the_next_one_starts_anew(
    jobs: Any, home: Any, command: Any, cli: Any, slow_package: Path, listed: Any
) -> None:
    build = ("build", "my-algo", "--package", str(slow_package))
    process = command(*build)
    until((slow_package / "started").exists)
    children = psutil.Process(process.pid).children()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(folders(home)) == 1  # half of it is there ...
    assert "my-algo" not in listed()  # ... and nobody uses it
    assert "is not one that Clary knows" in jobs.refused("my-algo", {"train.py": ""})
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    os.kill(int((slow_package / "started").read_text()), signal.SIGKILL)
    (left,) = folders(home)
    cli("build", "other-algo", "--package", "left-over", code=1)  # whichever build comes next clears it away
    assert folders(home) == []
    (slow_package / "go").touch()
    cli(*build)
    assert folders(home) == [left]
    assert "GOT slow" in jobs.completed(
        "my-algo", {"train.py": "import slow_package; print('GOT', slow_package.VALUE)"}
    )


@pytest.mark.slow
def test_of_two_builds_of_an_image_at_once_one_waits_and_finds_it_built(
    home: Any, command: Any, slow_package: Path, listed: Any
) -> None:
    build = ("build", "my-algo", "--package", str(slow_package))
    first = command(*build)
    until((slow_package / "started").exists)
    second = command(*build)
    assert second.stdout is not None
    assert second.stdout.readline() == "Another build of my-algo is at work; waiting for it\n"
    (slow_package / "go").touch()
    ends = [
        first.communicate(timeout=60)[0].splitlines()[-1],
        second.communicate(timeout=60)[0].splitlines()[-1],
    ]
    assert (first.returncode, second.returncode) == (0, 0)
    python = listed()["my-algo"]["environment"]
    assert ends[0].startswith("Built my-algo in ")
    assert ends[1] == f"my-algo was built meanwhile: {python}"
    assert len(folders(home)) == 1


@pytest.mark.slow
def test_a_built_environment_is_not_removed_while_a_job_runs_in_it(
    jobs: Any, cli: Any, wheel: Any, tmp_path: Path
) -> None:
    wheel(tmp_path / "wheels", "xgboost", "1.7.6", "")
    cli("build", XGBOOST)
    script = (
        f"import os, time, xgboost\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.05)\n"
    )
    name = jobs.create(XGBOOST, {"train.py": script})
    until(lambda: jobs.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"] == "Training")
    assert "is in use: a job runs in it" in cli("remove", XGBOOST, code=1)
    (tmp_path / "go").touch()
    assert jobs.wait(name)["TrainingJobStatus"] == "Completed"
    cli("remove", XGBOOST)


@pytest.mark.slow
def test_a_notebook_runs_its_cells_in_the_environment_of_the_image(
    jobs: Any, home: Any, cli: Any, wheel: Any, tmp_path: Path
) -> None:
    wheel(tmp_path / "wheels", "xgboost", "1.7.6", "VERSION = '1.7.6'\n")
    cli("build", XGBOOST)
    source = "import sys, xgboost; print('CELL', xgboost.VERSION, sys.prefix)"
    cell = {
        "cell_type": "code",
        "id": "a",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    log = jobs.completed(XGBOOST, {"run.ipynb": notebook}, program="run.ipynb")
    assert f"CELL 1.7.6 {images.resolve(home, XGBOOST).python.parent.parent}" in log


@pytest.mark.slow
def test_a_job_that_starts_warm_runs_its_script_in_the_environment_of_the_image(
    jobs: Any, home: Any, cli: Any, environment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clary.runner import zygote

    monkeypatch.setenv("CLARY_ZYGOTE", "1")
    folder = environment(xgboost="1.7.6")
    cli("add", XGBOOST, "--venv", str(folder))
    zygote.ensure(home)
    until(lambda: zygote.alive(home))
    script = "import sys; print('IN', sys.prefix, 'torch' in sys.modules)"
    assert f"IN {folder} False" in jobs.completed(XGBOOST, {"train.py": script})
    zygote.stop(home)


def test_a_notebook_shows_the_images_as_a_table(home: Any, environment: Any) -> None:
    import clary

    folder = environment()
    clary.images.add("<mine>*", venv=folder)
    shown = clary.images.list()._repr_html_()
    assert '<td style="text-align:left">&lt;mine&gt;*</td>' in shown
    assert f"{folder}/bin/python" in shown
    assert "missing xgboost</span><br><code>clary images build sagemaker-xgboost</code>" in shown
    assert [row.image for row in clary.images.list() if row.source == "added"] == ["<mine>*"]
    assert clary.images.remove("<mine>*").python == f"{folder}/bin/python"
    with pytest.raises(clary.images.ImageError, match="No image is registered"):
        clary.images.remove("<mine>*")
