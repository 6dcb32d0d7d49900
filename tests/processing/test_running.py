"""A processing job from CreateProcessingJob to its end: what the program sees, and what is told of it afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

TELL = """
import json, os, sys
told = {
    "argv": sys.argv,
    "python": sys.executable,
    "resources": json.load(open("/opt/ml/config/resourceconfig.json")),
    "job": json.load(open("/opt/ml/config/processingjobconfig.json")),
    "variables": dict(os.environ),
    "data": open("/opt/ml/processing/input/data/a/b.csv").read(),
    "outputs": os.listdir("/opt/ml/processing/output"),
}
open("/opt/ml/processing/output/told/told.json", "w").write(json.dumps(told))
os.makedirs("/opt/ml/processing/output/told/deep/er")
open("/opt/ml/processing/output/told/deep/er/file", "w").write("deep")
open("/opt/ml/output/message", "w").write("seen 1 file")
print("done", flush=True)
"""


def test_a_script_finds_what_the_request_says_and_its_outputs_are_stored(processor: Any) -> None:
    processor.put("data/a/b.csv", "1,2\n")
    processor.create(
        TELL,
        arguments=["--rate", "0.1"],
        inputs=[processor.given("data", "s3://bucket/data/")],
        outputs=[processor.wanted("told", "s3://bucket/out/"), processor.wanted("empty", "s3://bucket/none")],
        Environment={"WISH": "granted"},
        Tags=[{"Key": "team", "Value": "a"}],
        NetworkConfig={"EnableNetworkIsolation": False},
    )
    answer = processor.completed()
    stored = processor.stored()
    assert stored["deep/er/file"] == b"deep"
    assert processor.stored("none") == {}
    told = json.loads(stored["told.json"])
    assert told["argv"] == ["/opt/ml/processing/input/code/process.py", "--rate", "0.1"]
    assert told["python"] == sys.executable
    assert told["resources"]["current_host"] == "algo-1"
    assert told["resources"]["hosts"] == ["algo-1"]
    assert told["resources"]["current_instance_type"] == "ml.m5.large"
    assert told["job"]["ProcessingJobName"] == "job"
    assert told["job"]["ProcessingJobArn"] == answer["ProcessingJobArn"]
    assert told["job"]["AppSpecification"]["ContainerArguments"] == ["--rate", "0.1"]
    assert told["job"]["ProcessingInputs"][0]["S3Input"]["S3InputMode"] == "File"
    assert told["job"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert told["variables"]["WISH"] == "granted"
    assert told["variables"]["AWS_REGION"] == "us-east-1"
    assert told["data"] == "1,2\n"
    assert sorted(told["outputs"]) == ["empty", "told"]
    assert answer["ExitMessage"] == "seen 1 file"
    assert "FailureReason" not in answer
    assert answer["CreationTime"] <= answer["ProcessingStartTime"] < answer["ProcessingEndTime"]
    assert answer["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 1
    assert processor.said() == ["done"]
    streams = processor.engine.call(
        "logs", "DescribeLogStreams", {"logGroupName": "/aws/sagemaker/ProcessingJobs"}
    )
    assert [one["logStreamName"].rpartition("-")[0] for one in streams["logStreams"]] == ["job/algo-1"]
    tags = processor.sagemaker.list_tags(ResourceArn=answer["ProcessingJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]


def test_nothing_of_a_finished_job_lies_about(processor: Any, home: Any) -> None:
    processor.create("open('/opt/ml/processing/output/o/big', 'w').write('x' * 10000)",
                     outputs=[processor.wanted("o", "s3://bucket/out/")])  # fmt: skip
    processor.completed()
    deadline = time.monotonic() + 20
    while list(home.jobs.rglob("ml")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_any_command_may_be_the_entrypoint_and_bash_finds_the_same_python(processor: Any) -> None:
    processor.create(
        command=["/bin/bash", "-c"],
        arguments=["python3 -c 'import sys, sklearn; print(sys.version_info[:2])'; echo \"$0 $WISH\"; pwd"],
        Environment={"WISH": "x"},
    )
    processor.completed()
    assert processor.said() == [str(sys.version_info[:2]), "/bin/bash x", "/opt/ml/processing"]


def test_a_program_that_only_the_image_has_by_that_path_is_looked_up_by_its_name(processor: Any) -> None:
    processor.create(
        "print('ran')", command=["/opt/conda/bin/python3", "/opt/ml/processing/input/code/process.py"]
    )
    processor.completed()
    assert processor.said() == ["ran"]
    assert "There is no /opt/conda/bin/python3 on this machine" in processor.log()


def test_boto3_in_the_program_reaches_the_api_as_it_does_on_sagemaker(processor: Any) -> None:
    script = """
import boto3, json
job = json.load(open("/opt/ml/config/processingjobconfig.json"))["ProcessingJobName"]
print(boto3.client("sagemaker").describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"])
boto3.client("s3").put_object(Bucket="bucket", Key="by-hand", Body=b"x")
"""
    processor.create(script)
    processor.completed()
    assert processor.said() == ["InProgress"]
    assert processor.stored("by-hand") == {"": b"x"}


@pytest.mark.slow
def test_packages_that_the_program_installs_end_with_the_job(processor: Any, tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "pyproject.toml").write_text('[project]\nname = "clary-probe-package"\nversion = "1.0"\n')
    (package / "clary_probe_package.py").write_text("VALUE = 42\n")
    wheels = tmp_path / "wheels"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            wheels,
            package,
        ],
        check=True,
    )
    (wheel,) = wheels.iterdir()
    uri = processor.put(f"wheels/{wheel.name}", wheel.read_bytes())
    script = f"""
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "pip", "install", "-q", "/opt/ml/processing/input/wheels/{wheel.name}"])
import clary_probe_package, sklearn
print(clary_probe_package.VALUE)
"""
    processor.create(script, inputs=[processor.given("wheels", uri)])
    processor.completed()
    assert "42" in processor.said()
    with pytest.raises(ImportError):
        __import__("clary_probe_package")


@pytest.mark.slow
def test_a_job_of_an_experiment_is_a_trial_component_with_its_inputs_outputs_and_size(processor: Any) -> None:
    processor.sagemaker.create_experiment(ExperimentName="cleaning")
    config = {"ExperimentName": "cleaning", "TrialComponentDisplayName": "Clean"}
    processor.create(
        "print('ok')",
        arguments=["--rate", "2"],
        outputs=[processor.wanted("o", "s3://bucket/out/")],
        Environment={"DEPTH": "3"},
        ExperimentConfig=config,
    )
    assert processor.completed()["ExperimentConfig"] == config
    (found,) = processor.sagemaker.list_trial_components(ExperimentName="cleaning")["TrialComponentSummaries"]
    name = found["TrialComponentName"]
    assert name == "job-aws-processing-job"
    told = processor.sagemaker.describe_trial_component(TrialComponentName=name)
    assert told["DisplayName"] == "Clean"
    assert told["Source"]["SourceType"] == "SageMakerProcessingJob"
    assert told["Status"]["PrimaryStatus"] == "Completed"
    assert told["Parameters"]["DEPTH"] == {"NumberValue": 3.0}
    assert told["Parameters"]["SageMaker.InstanceCount"] == {"NumberValue": 1.0}
    assert told["Parameters"]["SageMaker.ContainerArguments"] == {"StringValue": "--rate 2"}
    assert told["InputArtifacts"]["code"] == {"Value": "s3://bucket/code/job/process.py"}
    assert told["OutputArtifacts"]["o"] == {"Value": "s3://bucket/out/"}
    assert told["StartTime"] < told["EndTime"]


def test_a_failing_script_is_failed_with_its_error_its_message_and_its_outputs(processor: Any) -> None:
    script = """
open("/opt/ml/processing/output/o/partial", "w").write("so far")
open("/opt/ml/output/message", "w").write("row 3 is bad")
raise ValueError("cannot parse 'x'")
"""
    processor.create(script, outputs=[processor.wanted("o", "s3://bucket/out")])
    reason = processor.failed()
    assert reason == "AlgorithmError: row 3 is bad\nValueError: cannot parse 'x', exit code: 1"
    assert processor.describe()["ExitMessage"] == "row 3 is bad"
    assert processor.stored() == {"partial": b"so far"}
    listed = processor.sagemaker.list_processing_jobs()["ProcessingJobSummaries"][0]
    assert (listed["ProcessingJobStatus"], listed["FailureReason"], listed["ExitMessage"]) == (
        "Failed", reason, "row 3 is bad",
    )  # fmt: skip


ENDS = {
    "code": (["/bin/bash", "-c", "echo last words; exit 7"], "information\nlast words, exit code: 7"),
    "none": (
        ["no-such-program"],
        "Cannot execute no-such-program: No such file or directory, exit code: 127",
    ),
    "script": (["python3", "/opt/ml/processing/input/none.py"], "exit code: 2"),
    "killed": (["/bin/bash", "-c", "kill -9 $$"], "Process killed by SIGKILL"),
}


@pytest.mark.slow
def test_how_the_program_ended_is_the_reason(processor: Any) -> None:
    for name, (command, _) in ENDS.items():
        processor.create(command=command, name=name)
    for name, (_, reason) in ENDS.items():
        told = processor.failed(name)
        assert told.startswith("AlgorithmError: See job logs for more information\n")
        assert reason in told


def test_a_long_message_is_cut_to_a_kilobyte_and_never_within_a_character(processor: Any) -> None:
    processor.create("open('/opt/ml/output/message', 'w').write('é' * 511 + 'x' + 'é' * 100)")
    assert processor.completed()["ExitMessage"] == "é" * 511 + "x"


def test_a_message_that_is_not_text_fails_the_job(processor: Any) -> None:
    processor.create("open('/opt/ml/output/message', 'wb').write(b'\\xff\\xfe\\x00')")
    assert processor.failed() == "ClientError: The file /opt/ml/output/message is not UTF-8 text."
    assert "ExitMessage" not in processor.describe()


def test_a_program_of_the_users_own_stands_for_an_image(processor: Any, tmp_path: Path, home: Any) -> None:
    from clary import images

    program = tmp_path / "analyse"
    program.write_text('#!/bin/sh\necho "analysed $@"\n')
    program.chmod(0o755)
    images.add("my-analysis:1", program=str(program))
    body = processor.request(command=["x"], arguments=["--all"])
    body["AppSpecification"] = {"ImageUri": "my-analysis:1", "ContainerArguments": ["--all"]}
    processor.sagemaker.create_processing_job(**body)
    processor.completed()
    assert processor.said() == ["analysed --all"]


@pytest.mark.slow
def test_a_plain_script_starts_warm_and_one_that_calls_pip_does_not(warm_processor: Any) -> None:
    script = "import sys; print(sys.argv, sys.orig_argv[0], sys.path[0], 'clary' in sys.modules, __name__, __file__)"
    for name, text in (("warm", script), ("cold", f"{script}  # pip install x")):
        warm_processor.create(text, name=name, arguments=["1"])
        warm_processor.completed(name)
    folder = "/opt/ml/processing/input/code"
    (said,) = warm_processor.said("warm")
    assert (
        said == f"['{folder}/process.py', '1'] {sys.executable} {folder} False __main__ {folder}/process.py"
    )
    notes = {}
    for name in ("warm", "cold"):
        job = warm_processor.engine.runner.get("processing-job", name)
        notes[name] = json.loads((warm_processor.engine.runner.attempt_dir(job) / "agent.json").read_text())
    assert (notes["warm"]["warm"], notes["cold"]["warm"]) == (True, False)


def test_where_there_are_no_namespaces_the_command_its_script_and_the_variables_name_the_jobs_own_folder(
    home: Any, monkeypatch: pytest.MonkeyPatch, processor_of: Any
) -> None:
    monkeypatch.setenv("CLARY_ISOLATION", "paths")
    processor = processor_of()
    code = """#!/bin/bash
cd /opt/ml/processing/input/code
ls
cp process.sh /opt/ml/processing/output/o/copy
echo $WHERE $1 > /opt/ml/output/message
"""
    uri = processor.put("code/process.sh", code)
    processor.create(
        command=["bash", "/opt/ml/processing/input/code/process.sh"],
        arguments=["/opt/ml/processing/input"],
        inputs=[processor.given("code", uri)],
        outputs=[processor.wanted("o", "s3://bucket/out/")],
        Environment={"WHERE": "/opt/ml/processing"},
    )
    answer = processor.completed()
    own = f"{home.jobs}/1/1/ml/processing"
    assert answer["ExitMessage"] == f"{own} {own}/input\n"
    assert list(processor.stored()) == ["copy"]
    assert processor.stored("code/") == {"process.sh": code.encode()}
    with pytest.raises(ClientError, match="InstanceCount above 1 needs mount namespaces"):
        processor.create("", count=2)
