"""SageMaker's SDK 3, unchanged: its processors, which live in sagemaker.core, and its resource class."""

from __future__ import annotations

from tests.sdks.user import User

IMAGE = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
START = f"""
import json, os, time
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.processing import FrameworkProcessor, Processor, ScriptProcessor
from sagemaker.core.resources import ProcessingJob
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
session = Session()
common = dict(
    role=os.environ["ROLE"], image_uri="{IMAGE}", instance_count=1, instance_type="ml.m5.large", sagemaker_session=session,
)

def output(name):
    target = ProcessingS3Output(
        s3_uri=f"s3://{{session.default_bucket()}}/v3/{{name}}", local_path=f"/opt/ml/processing/output/{{name}}",
        s3_upload_mode="EndOfJob",
    )
    return ProcessingOutput(output_name=name, s3_output=target)

def finished(processor):
    job = ProcessingJob.get(processing_job_name=processor.latest_job.processing_job_name)
    while job.refresh().processing_job_status in ("InProgress", "Stopping"):
        time.sleep(0.2)
    return job

def stored(name, file):
    s3 = session.boto_session.client("s3")
    return s3.get_object(Bucket=session.default_bucket(), Key=f"v3/{{name}}/{{file}}")["Body"].read().decode()
"""


def test_a_script_processor_brings_local_files_stores_outputs_and_prints_its_log(v3: User) -> None:
    v3.write("data/rows.csv", "a,b\n")
    v3.write(
        "clean.py",
        """
        import sys
        rows = open("/opt/ml/processing/input/data/rows.csv").read()
        for number in range(20):
            print("line", number, sys.argv[1:], flush=True)
        open("/opt/ml/processing/output/clean/rows.csv", "w").write(rows.upper())
        open("/opt/ml/output/message", "w").write("done")
        """,
    )
    ran = v3.run(
        START
        + """
processor = ScriptProcessor(command=["python3"], **common)
data = ProcessingInput(input_name="data", s3_input=ProcessingS3Input(
    s3_uri="data", local_path="/opt/ml/processing/input/data", s3_data_type="S3Prefix", s3_input_mode="File"))
processor.run(code="clean.py", inputs=[data], outputs=[output("clean")], arguments=["x"], logs=True)
job = finished(processor)
listed = [one.processing_job_name for one in ProcessingJob.get_all(status_equals="Completed")]
print(json.dumps({"status": job.processing_job_status, "message": job.exit_message, "rows": stored("clean", "rows.csv"),
                  "listed": job.processing_job_name in listed}))
"""
    )
    assert ran.lines("line ") == [f"line {number} ['x']" for number in range(20)]
    assert ran.result == {"status": "Completed", "message": "done", "rows": "A,B\n", "listed": True}


def test_a_framework_processor_unpacks_its_source_and_installs_its_requirements(v3: User) -> None:
    v3.write("source/helper.py", "VALUE = 42\n")
    wheel = v3.wheel("source", "clary_sdk_probe", "VALUE = 7\n")
    v3.write("source/requirements.txt", f"./{wheel.name}\n")
    v3.write(
        "source/process.py",
        """
        import sys
        import clary_sdk_probe, helper
        open("/opt/ml/processing/output/o/said", "w").write(f"{helper.VALUE} {clary_sdk_probe.VALUE} {sys.argv[1:]}")
        """,
    )
    ran = v3.run(
        START
        + """
processor = FrameworkProcessor(command=["python3"], **common)
processor.run(code="process.py", source_dir="source", outputs=[output("o")], arguments=["x"], wait=False, logs=False)
job = finished(processor)
print(json.dumps(stored("o", "said") if job.processing_job_status == "Completed" else job.failure_reason))
"""
    )
    assert ran.result == "42 7 ['x']"


def test_a_plain_processor_is_stopped_and_one_that_fails_says_why(v3: User) -> None:
    ran = v3.run(
        START
        + """
waits = Processor(entrypoint=["sleep", "100"], **common)
waits.run(wait=False, logs=False)
ProcessingJob.get(processing_job_name=waits.latest_job.processing_job_name).stop()
fails = Processor(entrypoint=["bash", "-c", "echo no such table; exit 3"], **common)
fails.run(wait=False, logs=False)
print(json.dumps([finished(waits).processing_job_status, finished(fails).failure_reason]))
"""
    )
    assert ran.result == [
        "Stopped",
        "AlgorithmError: See job logs for more information\nno such table, exit code: 3",
    ]
