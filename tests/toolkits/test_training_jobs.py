"""Training jobs through the runner: what the script finds, and what is made of how it ends."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

SHOW = """
import json, os, sys
def tree(top):
    return sorted(os.path.relpath(os.path.join(d, f), top) for d, _, files in os.walk(top) for f in files)
print("SHOW " + json.dumps({
    "argv": sys.argv, "cwd": os.getcwd(), "env": dict(os.environ), "tree": tree("/opt/ml"),
    "config": {n: json.load(open("/opt/ml/input/config/" + n)) for n in os.listdir("/opt/ml/input/config")},
}))
open(os.path.join(os.environ["SM_MODEL_DIR"], "model.bin"), "wb").write(b"weights")
open(os.path.join(os.environ["SM_OUTPUT_DATA_DIR"], "report.txt"), "w").write("fine")
"""


def shown(desk: Any, job: Any) -> Any:
    line = next(line for line in desk.log(job).splitlines() if line.startswith("SHOW "))
    return json.loads(line.removeprefix("SHOW "))


def channel(name: str, uri: str, **more: Any) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, **more.pop("source", {})}},
        **more,
    }


def test_a_script_finds_everything_where_sagemaker_puts_it(desk: Any) -> None:
    desk.put("data/train/a.csv", "1,2")
    desk.put("data/train/deep/b.csv", "3,4")
    job = desk.completed(
        desk.train(
            {"train.py": SHOW, "helper.py": ""},
            hyperparameters={"epochs": "3", "lr": "0.1", "name": "x y"},
            cpus=2.0,
            Environment={"MY_VARIABLE": "mine", "SM_LOG_LEVEL": "10"},
            InputDataConfig=[channel("train", "s3://bucket/data/train", ContentType="text/csv")],
        )
    )
    seen = shown(desk, job)
    assert seen["argv"] == ["train.py", "--epochs", "3", "--lr", "0.1", "--name", "x y"]
    assert seen["cwd"] == "/opt/ml/code"
    assert seen["tree"] == [
        "code/helper.py",
        "code/train.py",
        "input/config/hyperparameters.json",
        "input/config/inputdataconfig.json",
        "input/config/resourceconfig.json",
        "input/data/train/a.csv",
        "input/data/train/deep/b.csv",
    ]
    environment = seen["env"]
    expected = {
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": job.spec["payload"]["TrainingJobArn"],
        "AWS_REGION": "us-east-1",
        "MY_VARIABLE": "mine",
        "SM_LOG_LEVEL": "10",
        "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
        "SM_HP_EPOCHS": "3",
        "SM_NUM_CPUS": "2",
        "OMP_NUM_THREADS": "2",
    }
    assert {name: environment.get(name) for name in expected} == expected
    assert "SAGEMAKER_BASE_DIR" not in environment
    assert seen["config"]["hyperparameters.json"] == job.spec["payload"]["HyperParameters"]
    assert seen["config"]["inputdataconfig.json"] == {
        "train": {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
            "ContentType": "text/csv",
        }
    }
    resources = seen["config"]["resourceconfig.json"]
    assert {"current_host", "hosts", "current_instance_type", "network_interface_name"} <= set(resources)
    assert (resources["current_host"], resources["hosts"]) == ("algo-1", ["algo-1"])
    assert desk.artifact(job) == {"model.bin": b"weights"}
    assert desk.artifact(job, "output.tar.gz") == {"report.txt": b"fine"}
    assert job.result["ModelArtifacts"] == {
        "S3ModelArtifacts": f"s3://bucket/out/{job.name}/output/model.tar.gz"
    }
    assert job.result["BillableTimeInSeconds"] >= 1
    assert job.result["TrainingStartTime"] <= job.result["TrainingEndTime"]
    # What it read and wrote is in buckets; the copies in its own folder are gone.
    deadline = time.monotonic() + 10
    while (desk.attempt_dir(job) / "ml").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_host_that_sagemaker_names_can_be_resolved(desk: Any) -> None:
    source = "import json, os, socket\nprint('AT', [socket.gethostbyname(h) for h in json.loads(os.environ['SM_HOSTS'])])"
    job = desk.completed(desk.train({"train.py": source}))
    assert "AT ['127.0.0.1']" in desk.log(job)


def test_the_phases_of_a_job_are_those_of_sagemaker(desk: Any) -> None:
    job = desk.completed(desk.train({"train.py": "pass"}))
    phases = [(one.status, one.message) for one in desk.store.jobs.transitions(job.id)]
    assert [status for status, _ in phases] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert ("Downloading", "Downloading input data") in phases
    assert ("Uploading", "Uploading generated training model") in phases


def test_metrics_are_the_last_values_that_the_log_shows(desk: Any) -> None:
    source = "import sys\nfor i in range(3): print(f'loss={1 / (i + 1):.3f};'); print(f'acc: {i}', file=sys.stderr)"
    job = desk.completed(
        desk.train(
            {"train.py": source},
            metrics=[
                {"Name": "loss", "Regex": "loss=([0-9.]+);"},
                {"Name": "acc", "Regex": "acc: ([0-9.]+)"},
            ],
        )
    )
    final = {metric["MetricName"]: metric["Value"] for metric in job.result["FinalMetricDataList"]}
    assert final == {"loss": 0.333, "acc": 2.0}


def test_hyperparameters_as_sdk_v3_writes_them_work_too(desk: Any) -> None:

    uri = desk.put("code.tar.gz", desk.tar_of({"train.py": "import sys; print(sys.argv)"}))
    job = desk.completed(
        desk.train(
            hyperparameters={"sagemaker_program": "train.py", "sagemaker_submit_directory": uri, "x": "1"}
        )
    )
    assert "['train.py', '-x', '1']" in desk.log(job)


def test_code_may_come_with_the_code_channel_as_under_network_isolation(desk: Any) -> None:

    desk.put("code/sourcedir.tar.gz", desk.tar_of({"train.py": "print('from the channel')"}))
    job = desk.completed(
        desk.train(
            hyperparameters={
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz",
            },
            InputDataConfig=[channel("code", "s3://bucket/code")],
        )
    )
    assert "from the channel" in desk.log(job)


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("raise ValueError('boom')", 1, 'ErrorMessage "ValueError: boom"'),
        ("import sys; sys.exit(7)", 7, "ExitCode 7"),
        ("import sys; print('not enough data', file=sys.stderr); sys.exit(3)", 3, 'not enough data"'),
        ("import os; os.kill(os.getpid(), 9)", 137, "OutOfMemory: Process killed by SIGKILL (signal 9)"),
        ("import os; os.kill(os.getpid(), 11)", 139, "Process killed by SIGSEGV (signal 11)"),
        ("open('/opt/ml/output/failure', 'w').write('my own words'); raise SystemExit(5)", 5, "my own words"),
        ("open('/opt/ml/output/failure', 'w').write('x' * 5000); raise SystemExit(1)", 1, "x" * 900),
    ],
    ids=[
        "exception",
        "exit code",
        "text on stderr",
        "killed",
        "crashed",
        "failure file",
        "long failure file",
    ],
)
def test_a_failure_says_why_in_awss_words(desk: Any, source: str, code: int, words: str) -> None:
    job = desk.train({"train.py": f"print('start', flush=True)\n{source}"}, hyperparameters={"lr": "0.1"})
    reason = desk.failed(job)
    assert reason.startswith("AlgorithmError: ")
    assert reason.endswith(f", exit code: {code}")
    assert words in reason
    if "failure" not in source:
        assert "AlgorithmError: ExecuteUserScriptError:\n" in reason
        assert reason.count("train.py --lr 0.1") == 1
    assert "ModelArtifacts" not in job.result
    assert not desk.objects.exists("bucket", f"out/{job.name}/output/model.tar.gz")


def test_the_reason_of_a_silent_script_quotes_no_line_of_ours(desk: Any) -> None:
    desk.put("data/a.csv", "1")
    desk.put("checkpoints/state.txt", "epoch 1")
    job = desk.train(
        {"train.py": "raise SystemExit(3)"},
        InputDataConfig=[channel("train", "s3://bucket/data")],
        CheckpointConfig={"S3Uri": "s3://bucket/checkpoints"},
    )
    log = desk.log(job).splitlines()
    assert "[clary] Downloading channel train: 1 object(s) from s3://bucket/data" in log
    assert "[clary] Restored 1 checkpoint file(s) from s3://bucket/checkpoints" in log
    assert 'ExitCode 3\nErrorMessage ""\n' in desk.failed(job)


def test_trouble_before_the_script_is_not_blamed_on_the_script(desk: Any) -> None:
    reason = desk.failed(desk.train({"train.py": ""}, Environment="no dictionary"))
    assert reason.startswith("InternalServerError: the job ended before its program was started: ")
    assert "'str' object has no attribute 'items'" in reason


def test_a_failed_job_still_leaves_its_output_data(desk: Any) -> None:
    source = "open('/opt/ml/output/data/partial.txt', 'w').write('so far'); raise SystemExit(1)"
    job = desk.train({"train.py": source})
    desk.failed(job)
    assert desk.artifact(job, "output.tar.gz") == {"partial.txt": b"so far"}


def test_a_job_over_its_memory_says_so(desk: Any) -> None:
    source = (
        "import time\nx = bytearray(400 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\ntime.sleep(30)"
    )
    job = desk.train({"train.py": source}, memory_limit_mb=200)
    reason = desk.failed(job)
    assert "OutOfMemory" in reason
    assert "200 MB" in reason
    assert reason.endswith("exit code: 137")


def test_a_script_that_fills_its_output_fails_with_that_said(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARY_LOG_LIMIT_MB", "1")
    full = type(desk)(desk.home, bucket="")
    source = "for i in range(40000): print('x' * 50)\nraise ValueError('boom')"
    job = full.train({"train.py": source})
    assert "the log had reached its limit" in full.failed(job)
    assert len(full.log(job)) < 2 << 20


def test_output_that_is_not_utf_8_does_no_harm(desk: Any) -> None:
    source = "import os\n"
    source += "os.write(1, b'caf\\xe9 \\xff\\xfe\\n')\nos.write(2, b'\\x00\\x1b[31mred\\n')\nraise ValueError('\\udcff')"
    job = desk.train({"train.py": source})
    assert "ValueError: " in desk.failed(job)
    assert "caf\ufffd" in desk.log(job)
    job.failure_reason.encode()


@pytest.mark.parametrize(
    ("files", "program", "words"),
    [
        ({"other.py": ""}, "train.py", "'train.py' is not in the code (/opt/ml/code holds other.py)"),
        ({"train.py": ""}, "../train.py", "cannot be used"),
        ({"train.py": ""}, "a;b.py", "cannot be used"),
    ],
)
def test_an_entry_point_that_cannot_be_run_is_named(
    desk: Any, files: dict[str, str], program: str, words: str
) -> None:
    reason = desk.failed(desk.train(files, program=program))
    assert reason.startswith("ClientError: The entry point")
    assert words in reason


def test_code_that_is_not_there_or_is_no_archive_is_named(desk: Any) -> None:
    values = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://bucket/none.tar.gz"}
    reason = desk.failed(desk.train(hyperparameters=values))
    assert reason.startswith("ClientError: Data download failed: The specified key does not exist")
    desk.put("none.tar.gz", b"this is no archive")
    reason = desk.failed(desk.train(hyperparameters=values))
    assert "s3://bucket/none.tar.gz is not a readable tar archive" in reason


def test_an_archive_that_climbs_out_is_refused(desk: Any) -> None:

    desk.put("evil.tar.gz", desk.tar_of({"train.py": "", "../../evil": "x"}))
    reason = desk.failed(
        desk.train(
            hyperparameters={
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": "s3://bucket/evil.tar.gz",
            }
        )
    )
    assert "'../../evil' climbs out of the folder" in reason
    assert not list(desk.home.root.rglob("evil"))


def test_a_job_that_names_no_program_is_told_what_to_name(desk: Any) -> None:
    assert "sagemaker_program" in desk.failed(desk.train())


def test_shell_scripts_and_container_commands_run_as_they_are(desk: Any) -> None:
    job = desk.completed(
        desk.train(
            {"run.sh": '#!/bin/sh\necho "args: $@ in $(pwd)"\n'},
            program="run.sh",
            hyperparameters={"a": "1 2", "b": "it's"},
        )
    )
    assert "args: -a 1 2 -b it's in /opt/ml/code" in desk.log(job)
    job = desk.completed(
        desk.train(
            AlgorithmSpecification={
                "TrainingImage": "clary/python",
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["/bin/bash"],
                "ContainerArguments": [
                    "-c",
                    "echo $TRAINING_JOB_NAME > /opt/ml/model/name && python -c 'import sys; print(sys.executable)'",
                ],
            }
        )
    )
    assert desk.artifact(job) == {"name": f"{job.name}\n".encode()}
    # An environment of the job's own, on top of the one it was created from.
    assert f"{desk.runner.attempt_dir(job)}/environment/bin/python" in desk.log(job)
    job = desk.train(
        AlgorithmSpecification={
            "TrainingImage": "clary/python",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/no/such/program"],
        }
    )
    assert desk.failed(job).endswith("exit code: 127")


def test_two_jobs_at_once_have_an_opt_ml_each(desk: Any) -> None:
    source = (
        "import os, sys, time\nopen('/opt/ml/model/who', 'w').write(os.environ['TRAINING_JOB_NAME'])\n"
        "print('written', flush=True)\ntime.sleep(1)\nprint(os.listdir('/opt/ml/model'))\n"
    )
    jobs = [desk.submit({"train.py": source}, cpus=0.1) for _ in range(2)]
    for job in jobs:
        desk.until(job, lambda now: desk.said(now, "written"))
    for job in jobs:
        done = desk.completed(desk.wait(job))
        assert desk.artifact(done) == {"who": job.name.encode()}


def test_uncompressed_output_is_stored_as_files(desk: Any) -> None:
    source = "import os\nos.mkdir('/opt/ml/model/d')\n"
    source += "open('/opt/ml/model/d/a', 'w').write('a')\nopen('/opt/ml/model/b', 'w').write('b')"
    job = desk.completed(
        desk.train(
            {"train.py": source},
            OutputDataConfig={"S3OutputPath": "s3://bucket/out/", "CompressionType": "NONE"},
        )
    )
    assert job.result["ModelArtifacts"] == {"S3ModelArtifacts": f"s3://bucket/out/{job.name}/output/model/"}
    assert desk.objects.read("bucket", f"out/{job.name}/output/model/d/a") == b"a"
    assert desk.objects.read("bucket", f"out/{job.name}/output/model/b") == b"b"


def test_output_may_go_to_a_folder_of_this_machine(desk: Any, tmp_path: Any) -> None:
    job = desk.completed(
        desk.train(
            {"train.py": "open('/opt/ml/model/m', 'w').write('m')"},
            OutputDataConfig={"S3OutputPath": f"file://{tmp_path}/out"},
        )
    )
    assert sorted(path.name for path in (tmp_path / "out" / job.name / "output").iterdir()) == [
        "model.tar.gz"
    ]


def test_a_command_that_is_not_there_is_named_in_the_reason(desk: Any) -> None:
    job = desk.train(
        {},
        AlgorithmSpecification={
            "TrainingImage": "clary/python",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/no/such/program"],
        },
    )
    assert "Cannot execute /no/such/program" in desk.failed(job)
