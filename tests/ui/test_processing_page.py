"""Processing jobs in the panel and on their page."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect
from tests.ui import samples
from tests.ui.lab import until

SCRIPT = """
import os, sys, time
rows = open("/opt/ml/processing/input/train/digits.csv").read().splitlines()
for step in range(int(sys.argv[1])):
    print(f"step {step}", flush=True)
    time.sleep(0.2)
if os.environ.get("FAIL"):
    raise ValueError("row 3 has two columns")
open("/opt/ml/processing/output/clean/rows.csv", "w").write(rows[0])
open("/opt/ml/output/message", "w").write(f"{len(rows)} rows read")
"""


def process(sagemaker: Any, s3: Any, name: str, steps: int, **environment: str) -> None:
    """Start a processing job of SCRIPT."""
    s3.put_object(Bucket=samples.BUCKET, Key="code/clean.py", Body=SCRIPT)
    inputs = {"train": f"s3://{samples.BUCKET}/data/train/", "code": f"s3://{samples.BUCKET}/code/clean.py"}
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=samples.ROLE,
        AppSpecification={
            "ImageUri": samples.IMAGE,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/clean.py"],
            "ContainerArguments": [str(steps)],
        },
        Environment=environment,
        ProcessingInputs=[
            {
                "InputName": key,
                "S3Input": {"S3Uri": uri, "S3DataType": "S3Prefix", "LocalPath": f"/opt/ml/processing/input/{key}"},
            }
            for key, uri in inputs.items()
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "clean",
                    "S3Output": {
                        "S3Uri": f"s3://{samples.BUCKET}/clean/{name}",
                        "LocalPath": "/opt/ml/processing/output/clean",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        ProcessingResources={
            "ClusterConfig": {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
    )  # fmt: skip


def status(sagemaker: Any, name: str) -> str:
    return str(sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"])


def opened(page: Any, name: str) -> Any:
    """Open a job's page from the panel."""
    section = page.locator("#clary-panel").get_by_role("region", name="Processing jobs")
    section.locator(f'.clary-Row[data-name="{name}"] .clary-Row-open').click()
    found = page.locator(f'.clary-Page[data-kind="processing-job"][data-name="{name}"]')
    found.locator("h1").wait_for()
    return found


def test_a_processing_job_is_watched_to_its_end_and_its_outputs_are_found(
    page: Any, sagemaker: Any, lab: Any
) -> None:
    process(sagemaker, lab.client("s3"), "cleaning", 15)
    job = opened(page, "cleaning")
    expect(job.locator(".clary-Badge")).to_contain_text("In progress")
    expect(job.locator('.clary-Phase[aria-current="step"]')).to_contain_text("Processing")
    expect(job.get_by_role("log")).to_contain_text("step 3")
    expect(job.locator(".clary-Badge")).to_contain_text("Completed")
    expect(job.locator(".clary-Phase").last).to_contain_text("Completed")
    expect(job.get_by_role("region", name="Summary")).to_contain_text("100 rows read")
    expect(job.get_by_role("region", name="Program")).to_contain_text("clean.py 15")
    expect(job.get_by_role("region", name="Inputs")).to_contain_text("s3://digits/data/train/")
    expect(job.get_by_role("region", name="Outputs")).to_contain_text("s3://digits/clean/cleaning")
    expect(job.get_by_role("img", name="Memory")).to_be_visible()
    expect(job.get_by_role("button", name="Stop")).to_have_count(0)
    job.get_by_role("button", name="Open the folder of clean").click()
    expect(page.locator("#filebrowser .jp-DirListing-item").filter(has_text="rows.csv")).to_be_visible()


def test_a_failed_one_says_why(page: Any, sagemaker: Any, lab: Any) -> None:
    process(sagemaker, lab.client("s3"), "broken", 1, FAIL="yes")
    until(lambda: status(sagemaker, "broken") == "Failed")
    job = opened(page, "broken")
    expect(job.get_by_role("alert")).to_contain_text("ValueError: row 3 has two columns, exit code: 1")
    expect(job.locator(".clary-Badge")).to_contain_text("Failed")


def test_one_is_stopped_after_a_question(page: Any, sagemaker: Any, lab: Any) -> None:
    process(sagemaker, lab.client("s3"), "endless", 10_000)
    job = opened(page, "endless")
    expect(job.get_by_role("log")).to_contain_text("step 1")
    job.get_by_role("button", name="Stop").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Stop the processing job?")
    dialog.get_by_role("button", name="Stop").click()
    expect(job.locator(".clary-Badge")).to_contain_text("Stopped")
    assert status(sagemaker, "endless") == "Stopped"
