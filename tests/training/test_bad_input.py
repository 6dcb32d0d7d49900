"""What users get wrong: each ends with a reason that says what to do, and nothing is left running."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError


def left_running(home: Path) -> list[psutil.Process]:
    """The processes of jobs of this home."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(home / "jobs") in process.environ().get("CLARY_ATTEMPT", ""):
                found.append(process)
        except psutil.Error:
            continue
    return found


def nothing_is_left(home: Path) -> None:
    end = time.monotonic() + 10
    while left_running(home):
        assert time.monotonic() < end, left_running(home)
        time.sleep(0.05)


def failed(trainer: Any, home: Path, *arguments: Any, **options: Any) -> str:
    """The reason of a job that fails."""
    trainer.create(*arguments, **options)
    answer = trainer.wait()
    assert answer["TrainingJobStatus"] == "Failed", trainer.log()
    nothing_is_left(home)
    return str(answer["FailureReason"])


def test_a_package_that_is_missing_is_named(trainer: Any, home_path: Path) -> None:
    reason = failed(trainer, home_path, "import package_of_nobody\n")
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:")
    assert "ModuleNotFoundError: No module named 'package_of_nobody'" in reason
    assert reason.endswith("exit code: 1")


@pytest.mark.slow
def test_requirements_that_do_not_resolve_are_named(trainer: Any, home_path: Path) -> None:
    values = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": trainer.code(
            {"train.py": "", "requirements.txt": "--no-index\npackage-of-nobody==9.9\n"}
        ),
    }
    reason = failed(trainer, home_path, None, hyperparameters=values)
    assert reason.startswith("AlgorithmError: InstallRequirementsError:")
    assert "No matching distribution found for package-of-nobody==9.9" in reason


def test_an_entry_point_that_is_not_in_the_archive_is_named_beside_what_is(
    trainer: Any, home_path: Path
) -> None:
    values = {
        "sagemaker_program": "tain.py",
        "sagemaker_submit_directory": trainer.code({"train.py": "", "helper.py": ""}),
    }
    reason = failed(trainer, home_path, None, hyperparameters=values)
    assert "'tain.py' is not in the code" in reason
    assert "helper.py, train.py" in reason
    assert "sagemaker_program" in reason


def test_an_archive_that_is_none_is_refused_with_its_name(trainer: Any, home_path: Path) -> None:
    values = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": trainer.put("code/bad.tar.gz", b"no archive"),
    }
    reason = failed(trainer, home_path, None, hyperparameters=values)
    assert "The code could not be unpacked" in reason
    assert "s3://bucket/code/bad.tar.gz" in reason


def test_metrics_that_are_no_numbers_do_not_spoil_the_others(trainer: Any) -> None:
    regexes = {"loss": "loss=(.*?);", "endless": "(x+x+)+y", "accuracy": "accuracy=(.*?);"}
    trainer.create(
        "print('loss=nan; accuracy=0.5;')\nprint('loss=oops;')\nprint('x' * 5000)\nprint('loss=inf; accuracy=0.75;')\n",
        AlgorithmSpecification={
            "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6-cpu-py311",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": name, "Regex": regex} for name, regex in regexes.items()],
        },
    )
    answer = trainer.completed()
    final = {one["MetricName"]: one["Value"] for one in answer["FinalMetricDataList"]}
    assert final == {"accuracy": 0.75}


def test_a_second_job_of_the_same_name_is_refused_and_the_first_goes_on(trainer: Any) -> None:
    trainer.create("print('first')\n")
    with pytest.raises(ClientError) as caught:
        trainer.create(None, command=["echo", "second"])
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"
    assert "job" in caught.value.response["Error"]["Message"]
    trainer.completed()
    assert "first" in trainer.log()
    assert "second" not in trainer.log()


@pytest.mark.slow
def test_a_stop_at_any_moment_ends_the_job_and_leaves_nothing(trainer: Any, home_path: Path) -> None:
    for number in range(40):
        trainer.put(f"rows/{number}", b"x" * 10_000)
    channel = {
        "ChannelName": "rows",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/rows/"}},
    }
    script = "import os\nopen('/opt/ml/model/m', 'wb').write(os.urandom(20_000_000))\n"
    phases = set()
    for number, delay in enumerate((0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3)):
        name = f"stop-{number}"
        trainer.create(script, name=name, InputDataConfig=[channel])
        time.sleep(delay)
        phases.add(trainer.describe(name)["SecondaryStatus"])
        try:
            trainer.sagemaker.stop_training_job(TrainingJobName=name)
        except ClientError as error:
            assert "status Completed" in error.response["Error"]["Message"]
        answer = trainer.wait(name)
        assert answer["TrainingJobStatus"] in ("Stopped", "Completed"), answer
        if answer["TrainingJobStatus"] == "Completed":
            assert len(trainer.artifact(name)["m"]) == 20_000_000
    nothing_is_left(home_path)
    assert len(phases) >= 3, phases
