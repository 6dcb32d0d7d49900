"""SageMaker's SDK 2, unchanged: every processor runs, logs, stops and fails as on SageMaker."""

from __future__ import annotations

from tests.sdks.user import User

IMAGE = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
START = f"""
import json, os, sagemaker, time
from sagemaker.network import NetworkConfig
from sagemaker.processing import FrameworkProcessor, ProcessingInput, ProcessingJob, ProcessingOutput, Processor, ScriptProcessor
from sagemaker.pytorch.processing import PyTorchProcessor
from sagemaker.sklearn.processing import SKLearnProcessor
session = sagemaker.Session()
IMAGE = "{IMAGE}"
common = dict(role=os.environ["ROLE"], instance_count=1, instance_type="ml.m5.large", sagemaker_session=session)

def ended(job):
    while (answer := job.describe())["ProcessingJobStatus"] in ("InProgress", "Stopping"):
        time.sleep(0.2)
    return answer

def stored(uri, name):
    return sagemaker.s3.S3Downloader.read_file(f"{{uri.rstrip('/')}}/{{name}}", sagemaker_session=session)

def uri_of(answer, name):
    return next(one["S3Output"]["S3Uri"] for one in answer["ProcessingOutputConfig"]["Outputs"] if one["OutputName"] == name)
"""

CLEAN = """
import json, os, sys
import sklearn
rows = open("/opt/ml/processing/input/data/rows.csv").read()
print("arguments", json.dumps(sys.argv[1:]), os.environ["GREETING"], flush=True)
for number in range(100):
    print("line", number, file=sys.stderr if number % 2 else sys.stdout, flush=True)
open("/opt/ml/processing/output/clean/rows.csv", "w").write(rows.upper())
open("/opt/ml/output/message", "w").write("100 lines")
"""


def test_a_scikit_learn_processor_waits_prints_its_log_once_in_order_and_is_found_again(v2: User) -> None:
    v2.write("clean.py", CLEAN)
    v2.write("data/rows.csv", "a,b\n")
    ran = v2.run(
        START
        + """
processor = SKLearnProcessor(framework_version="1.2-1", env={"GREETING": "hello"}, tags=[{"Key": "k", "Value": "v"}],
                             max_runtime_in_seconds=600, **common)
processor.run(
    code="clean.py",
    inputs=[ProcessingInput(source="data", destination="/opt/ml/processing/input/data", input_name="data")],
    outputs=[ProcessingOutput(output_name="clean", source="/opt/ml/processing/output/clean")],
    arguments=["--rate", "0.5"],
    logs=True,
)
answer = processor.latest_job.describe()
again = ProcessingJob.from_processing_name(session, processor.latest_job.job_name)
by_arn = ProcessingJob.from_processing_arn(session, answer["ProcessingJobArn"])
print(json.dumps({
    "status": answer["ProcessingJobStatus"], "message": answer["ExitMessage"],
    "rows": stored(uri_of(answer, "clean"), "rows.csv"),
    "again": [one.destination for one in again.inputs], "output": again.outputs[0].destination == uri_of(answer, "clean"),
    "by_arn": by_arn.job_name == again.job_name, "limit": answer["StoppingCondition"]["MaxRuntimeInSeconds"],
}))
"""
    )
    assert ran.lines("arguments ") == ['arguments ["--rate", "0.5"] hello']
    assert ran.lines("line ") == [f"line {number}" for number in range(100)]
    assert ran.result == {
        "status": "Completed", "message": "100 lines", "rows": "A,B\n", "output": True, "by_arn": True, "limit": 600,
        "again": ["/opt/ml/processing/input/data", "/opt/ml/processing/input/code"],
    }  # fmt: skip


def test_framework_processors_unpack_their_source_install_its_requirements_and_run_it(v2: User) -> None:
    v2.write("source/helper.py", "VALUE = 42\n")
    wheel = v2.wheel("source", "clary_sdk_probe", "VALUE = 7\n")
    v2.write("source/requirements.txt", f"./{wheel.name}\n")
    v2.write(
        "source/process.py",
        """
        import os, sys
        import clary_sdk_probe, helper
        text = f"{helper.VALUE} {clary_sdk_probe.VALUE} {sys.argv[1:]} {os.getcwd()}"
        open("/opt/ml/processing/output/o/said", "w").write(text)
        """,
    )
    ran = v2.run(
        START
        + """
from sagemaker.sklearn.estimator import SKLearn
options = dict(source_dir="source", code="process.py", arguments=["x"], wait=False, logs=False)
outputs = lambda: [ProcessingOutput(output_name="o", source="/opt/ml/processing/output/o")]
said = {}
framework = FrameworkProcessor(estimator_cls=SKLearn, framework_version="1.2-1", **common)
framework.run(outputs=outputs(), **options)
torch = PyTorchProcessor(framework_version="2.3", py_version="py311", **common)
torch.run(outputs=outputs(), **options)
for name, processor in (("framework", framework), ("torch", torch)):
    answer = ended(processor.latest_job)
    said[name] = stored(uri_of(answer, "o"), "said") if answer["ProcessingJobStatus"] == "Completed" else answer["FailureReason"]
print(json.dumps(said))
"""
    )
    text = "42 7 ['x'] /opt/ml/processing/input/code"
    assert ran.result == {"framework": text, "torch": text}


def test_plain_processors_run_any_command_fail_stop_and_stay_without_network(v2: User) -> None:
    v2.write("wait.sh", "echo waiting\nsleep 100\n")
    v2.write("bad.py", "raise KeyError('column')\n")
    ran = v2.run(
        START
        + """
network = NetworkConfig(enable_network_isolation=True)
plain = Processor(image_uri=IMAGE, entrypoint=["bash", "-c"], network_config=network, **common)
plain.run(arguments=["tail -n +3 /proc/net/dev > /opt/ml/processing/output/o/net"], wait=False, logs=False,
          outputs=[ProcessingOutput(output_name="o", source="/opt/ml/processing/output/o", s3_upload_mode="Continuous")])
script = ScriptProcessor(image_uri=IMAGE, command=["bash"], **common)
script.run(code="wait.sh", wait=False, logs=False)
bad = ScriptProcessor(image_uri=IMAGE, command=["python3"], **common)
bad.run(code="bad.py", wait=False, logs=False)
script.latest_job.stop()
stopped, first = ended(script.latest_job), ended(plain.latest_job)
ended(bad.latest_job)
try:
    bad.latest_job.wait(logs=False)
except sagemaker.exceptions.UnexpectedStatusException as error:
    failed = str(error)
print("\\n" + json.dumps({
    "stopped": stopped["ProcessingJobStatus"], "first": first["ProcessingJobStatus"], "failed": failed,
    "isolated": first["NetworkConfig"]["EnableNetworkIsolation"], "net": stored(uri_of(first, "o"), "net").split(":")[0].strip(),
}))
"""
    )
    result = ran.result
    assert "Failed. Reason: AlgorithmError: See job logs for more information" in result.pop("failed")
    assert result == {"stopped": "Stopped", "first": "Completed", "isolated": True, "net": "lo"}
