"""Training programs that users bring along: plain processes under the container's contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ALGO = "000000000000.dkr.ecr.us-east-1.amazonaws.com/decision-trees:latest"
# The shape of the train script in AWS's bring-your-own examples: fixed paths, a helper beside it, a failure file.
TRAIN = """#!/usr/bin/env python
import json, os, sys, traceback
import helper
prefix = "/opt/ml/"
try:
    with open(os.path.join(prefix, "input/config/hyperparameters.json")) as file:
        parameters = json.load(file)
    folder = os.path.join(prefix, "input/data/training")
    rows = [line for name in sorted(os.listdir(folder)) for line in open(os.path.join(folder, name))]
    if "max_leaf_nodes" not in parameters:
        raise ValueError("max_leaf_nodes is missing")
    with open(os.path.join(prefix, "model/tree.json"), "w") as file:
        json.dump({"leaves": int(parameters["max_leaf_nodes"]), "rows": len(rows)}, file)
    print("Training complete.", sys.argv[1:], os.getcwd(), helper.VALUE)
except Exception as error:
    with open(os.path.join(prefix, "output/failure"), "w") as file:
        file.write("Exception during training: " + str(error) + "\\n" + traceback.format_exc())
    sys.exit(255)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder as AWS's example containers have it at /opt/program."""
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "train").write_text(TRAIN)
    (folder / "train").chmod(0o755)
    (folder / "helper.py").write_text("VALUE = 'help'\n")
    return folder


@pytest.fixture
def data(jobs: Any) -> list[dict[str, Any]]:
    jobs.s3.put_object(Bucket="bucket", Key="data/a.csv", Body=b"1,2\n3,4\n")
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/"}
    return [{"ChannelName": "training", "DataSource": {"S3DataSource": source}}]


def test_a_train_program_runs_without_a_script_or_an_entrypoint(
    jobs: Any, cli: Any, program: Path, data: Any
) -> None:
    cli("add", ALGO, "--program", str(program))
    log = jobs.completed(ALGO, HyperParameters={"max_leaf_nodes": "5"}, InputDataConfig=data)
    assert f"Training complete. [] {program} help" in log
    reason = jobs.failed(ALGO, InputDataConfig=data)
    assert reason.startswith("AlgorithmError: Exception during training: max_leaf_nodes is missing")


def test_an_entrypoint_of_the_image_gets_the_argument_train_or_the_requests_own(
    jobs: Any, cli: Any, tmp_path: Path
) -> None:
    script = tmp_path / "entrypoint.sh"
    script.write_text('#!/bin/sh\necho "RUN $# $*"\n')
    script.chmod(0o755)
    cli("add", "my-algo:*", "--program", str(script))
    assert "RUN 1 train" in jobs.completed("my-algo:v1")
    assert "RUN 2 a b c" in jobs.completed("my-algo:v1", algorithm={"ContainerArguments": ["a", "b c"]})
    entrypoint = {"ContainerEntrypoint": ["/bin/echo", "OTHER"], "ContainerArguments": ["x"]}
    assert "OTHER x" in jobs.completed("my-algo:v1", algorithm=entrypoint)
    # The image's own program decides what becomes of a script, as in the container.
    assert "RUN 1 train" in jobs.completed("my-algo:v1", {"train.py": "print('script')"})


def test_where_there_is_no_private_opt_ml_a_program_is_told_where_its_files_are(
    jobs: Any, cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARY_ISOLATION", "paths")
    (tmp_path / "train").write_text("#!/bin/sh\nls $SAGEMAKER_BASE_DIR/input/config\n")
    (tmp_path / "train").chmod(0o755)
    cli("add", ALGO, "--program", str(tmp_path / "train"))
    log = jobs.completed(ALGO)
    assert "[clary] This machine gives no private /opt/ml: the program has to look in " in log
    assert "hyperparameters.json" in log


def test_a_train_program_of_an_environment_is_what_its_image_runs(
    jobs: Any, cli: Any, environment: Any
) -> None:
    folder = environment()
    train = folder / "bin" / "train"
    train.write_text("#!/usr/bin/env python\nimport sys; print('TRAIN of', sys.prefix)\n")
    train.chmod(0o755)
    cli("add", ALGO, "--venv", str(folder))
    assert f"TRAIN of {folder}" in jobs.completed(ALGO)
    assert "script" in jobs.completed(ALGO, {"train.py": "print('script')"})


def test_a_program_runs_with_the_python_registered_beside_it(
    jobs: Any, cli: Any, program: Path, environment: Any, data: Any
) -> None:
    folder = environment(mark_of_env="1.0")
    (program / "helper.py").write_text("import sys, mark_of_env\nVALUE = sys.prefix\n")
    cli("add", ALGO, "--program", str(program / "train"), "--venv", str(folder))
    log = jobs.completed(ALGO, HyperParameters={"max_leaf_nodes": "5"}, InputDataConfig=data)
    assert f"{program} {folder}" in log


def test_an_image_without_a_program_and_a_job_without_a_script_have_nothing_to_run(jobs: Any) -> None:
    assert jobs.refused("pytorch-training:2.6").startswith(
        "There is nothing to run: Clary has no algorithm for the image pytorch-training:2.6. Give the script in HyperParameters"
    )


def test_what_cannot_be_a_program_is_refused(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain").write_text("")
    start = "Error: A program must be an executable, or a folder with an executable train: "
    assert (
        cli("add", "a", "--program", str(tmp_path / "no"), code=1)
        == f"{start}there is no file {tmp_path}/no.\n"
    )
    text = cli("add", "a", "--program", str(tmp_path / "empty"), code=1)
    assert text == f"{start}the folder {tmp_path}/empty has no file named train.\n"
    text = cli("add", "a", "--program", str(tmp_path / "plain"), code=1)
    assert text == f"Error: The program {tmp_path}/plain is not executable: chmod +x {tmp_path}/plain\n"


def test_what_cannot_be_an_environment_is_refused(
    cli: Any, tmp_path: Path, environment: Any, listed: Any
) -> None:
    text = cli("add", "a", code=1)
    assert text == "Error: Say what stands for the image: --python, --venv or --program.\n"
    text = cli("add", "a", "--python", str(tmp_path / "no"), code=1)
    assert text == f"Error: There is no Python interpreter at {tmp_path}/no.\n"
    text = cli("add", "a", "--venv", str(tmp_path), code=1)
    assert text == f"Error: The folder {tmp_path} is not a virtual environment: it has no bin/python.\n"
    text = cli("add", "a", "--python", "/bin/true", code=1)
    assert text == "Error: /bin/true is not a Python interpreter that runs here: it printed nothing\n"
    folder = environment()
    text = cli("add", "sagemaker-xgboost:1.7-1", "--venv", str(folder), code=1)
    assert text == (
        f"Error: {folder}/bin/python has no xgboost, which sagemaker-xgboost:1.7-1 needs. Install it there first: "
        f"{folder}/bin/python -m pip install xgboost\n"
    )
    assert all(row["source"] == "known" for row in listed().values())
    assert json.dumps(listed()["sagemaker-xgboost"]["needs"]) == '["xgboost"]'
