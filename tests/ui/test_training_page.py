"""The page of a training job."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

from playwright.sync_api import expect
from tests.ui import samples
from tests.ui.lab import Lab, until


def opened(page: Any, name: str) -> Any:
    """Open a resource's page from the panel."""
    page.locator(f'#clary-panel .clary-Row[data-name="{name}"] .clary-Row-open').first.click()
    found = page.locator(f'.clary-Page[data-name="{name}"]')
    found.locator("h1").wait_for()
    return found


def status(sagemaker: Any, name: str) -> str:
    return str(sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"])


def last_line(lab: Lab, name: str) -> str:
    logs, group = lab.client("logs"), "/aws/sagemaker/TrainingJobs"
    try:
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        return ""
    if not streams:
        return ""
    found = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"], limit=1)
    return "".join(event["message"] for event in found["events"])


def finished(sagemaker: Any, name: str, **hyperparameters: Any) -> None:
    samples.train(sagemaker, name, **hyperparameters)
    until(lambda: status(sagemaker, name) in ("Completed", "Failed"))


def test_a_running_jobs_page_shows_phases_metrics_and_log_as_they_come(page: Any, sagemaker: Any) -> None:
    samples.train(sagemaker, "watched", epochs=24)
    job = opened(page, "watched")
    expect(job.locator(".clary-Badge")).to_contain_text("In progress")
    expect(job.locator('.clary-Phase[aria-current="step"]')).to_contain_text("Training")
    expect(job.get_by_role("log")).to_contain_text("epoch 3:")
    chart = job.get_by_role("img", name=re.compile("^loss"))
    expect(chart).to_be_visible()
    points = [len(chart.locator("circle").all())]
    until(lambda: page.wait_for_timeout(100) is None and len(chart.locator("circle").all()) > points[0])
    expect(job.get_by_role("img", name=re.compile("^accuracy"))).to_be_visible()
    expect(job.get_by_role("img", name=re.compile("^Memory"))).to_be_visible()
    expect(job.locator(".clary-Badge")).to_contain_text("Completed")
    expect(job.locator(".clary-Phase").last).to_contain_text("Completed")
    expect(job.get_by_role("log")).to_contain_text("epoch 24:")
    expect(job.get_by_role("button", name="Stop")).to_have_count(0)


def test_the_page_tells_parameters_channels_and_artifacts(page: Any, sagemaker: Any) -> None:
    finished(sagemaker, "told", epochs=2, pause=0.05)
    job = opened(page, "told")
    expect(job.get_by_role("region", name="Parameters")).to_contain_text("train.py")
    expect(job.get_by_role("region", name="Parameters")).to_contain_text("epochs")
    expect(job.get_by_role("region", name="Channels")).to_contain_text("s3://digits/data/train/")
    artifacts = job.get_by_role("region", name="Artifacts")
    expect(artifacts).to_contain_text("s3://digits/output/told/output/model.tar.gz")
    expect(job.get_by_role("region", name="Summary")).to_contain_text("Final accuracy")


def test_the_artifacts_folder_opens_in_the_file_browser(page: Any, sagemaker: Any) -> None:
    finished(sagemaker, "stored", epochs=1, pause=0.05)
    job = opened(page, "stored")
    job.get_by_role("button", name="Open folder").click()
    expect(page.locator("#filebrowser .jp-DirListing-item").filter(has_text="model.tar.gz")).to_be_visible()
    expect(page.locator("#filebrowser .jp-BreadCrumbs")).to_contain_text("stored")


def test_a_failed_job_says_why_where_nobody_can_miss_it(page: Any, sagemaker: Any) -> None:
    finished(sagemaker, "broken", epochs=1, pause=0.05, fail="the labels do not fit")
    toast = page.locator(".Toastify__toast").filter(has_text="broken failed")
    expect(toast).to_contain_text("ValueError: the labels do not fit")
    toast.get_by_role("button", name="Show").click()
    expect(page.locator(".jp-Dialog .clary-FullText")).to_contain_text("AlgorithmError")
    page.locator(".jp-Dialog").get_by_role("button", name="Close").click()
    job = opened(page, "broken")
    expect(job.get_by_role("alert")).to_contain_text("the labels do not fit")
    expect(job.locator(".clary-Log-line.clary-mod-error").first).to_contain_text("Traceback")
    # The phase in which it failed has the cross, not the storing after it.
    expect(job.locator(".clary-Phase.clary-mod-bad")).to_contain_text(["Trainingfailed after", "Failed"])
    expect(job.locator(".clary-Phase.clary-mod-good").last).to_contain_text("Uploading")


def test_a_job_that_ended_without_metrics_does_not_wait_for_them(page: Any, sagemaker: Any) -> None:
    finished(sagemaker, "silent-job-with-a-name-too-long-for-the-panel", epochs=0, fail="x" * 400)
    job = opened(page, "silent-job-with-a-name-too-long-for-the-panel")
    expect(job.get_by_role("region", name="Metrics")).to_contain_text(
        "train:loss, validation:loss, accuracy."
    )
    name = page.locator('.clary-Row[data-name^="silent"] .clary-Row-name')
    expect(name).to_have_text("silent-job-with-a-name-too-long-for-the-panel")
    log = job.get_by_role("log")
    expect(log).to_contain_text("x" * 400)
    assert log.evaluate("node => node.scrollWidth > node.clientWidth")
    job.get_by_label("Wrap").check()
    expect(log.locator(".clary-Log-line").get_by_text("x" * 400)).to_have_count(0)
    assert log.evaluate("node => node.scrollWidth <= node.clientWidth")
    job.get_by_label("Times").check()
    expect(log.locator(".clary-Log-time").first).to_be_visible()
    assert log.evaluate("node => node.scrollWidth <= node.clientWidth")


def test_a_job_is_stopped_from_its_page(page: Any, sagemaker: Any) -> None:
    samples.train(sagemaker, "halted", epochs=10_000)
    job = opened(page, "halted")
    expect(job.get_by_role("log")).to_contain_text("epoch 1:")
    job.get_by_role("button", name="Stop").click()
    page.locator(".jp-Dialog").get_by_role("button", name="Stop").click()
    expect(job.locator(".clary-Badge")).to_contain_text("Stopped")
    assert status(sagemaker, "halted") == "Stopped"


def test_an_error_is_a_notification_whose_show_opens_the_whole_text(page: Any, sagemaker: Any) -> None:
    samples.train(sagemaker, "too-late", epochs=10_000)
    job = opened(page, "too-late")
    job.get_by_role("button", name="Stop").click()
    # It ends while the dialog is open: the answer to the second stop is an error of the API.
    sagemaker.stop_training_job(TrainingJobName="too-late")
    until(lambda: status(sagemaker, "too-late") == "Stopped")
    page.locator(".jp-Dialog").get_by_role("button", name="Stop").click()
    toast = page.locator(".Toastify__toast").filter(has_text="Could not stop too-late")
    toast.get_by_role("button", name="Show").click()
    text = page.locator(".jp-Dialog .clary-FullText")
    expect(text).to_contain_text("StopTrainingJob answered ValidationException (HTTP 400)")
    expect(text).to_contain_text("too-late")


def test_a_long_log_is_followed_until_the_reader_scrolls(page: Any, lab: Lab, sagemaker: Any) -> None:
    program = "import time\nfor i in range(30000): print('line', i)\nprint('so far', flush=True)\n"
    program += "for i in range(60):\n    time.sleep(0.25)\n    print('later', i, flush=True)\n"
    lab.client("s3").put_object(
        Bucket=samples.BUCKET, Key="code/long.tar.gz", Body=samples.packed(long_py=program)
    )
    samples.train(
        sagemaker,
        "long",
        sagemaker_program="long.py",
        sagemaker_submit_directory=f"s3://{samples.BUCKET}/code/long.tar.gz",
    )
    until(lambda: "later 1" in last_line(lab, "long"))
    job = opened(page, "long")
    log = job.get_by_role("log")
    expect(log).to_contain_text("later 3")
    # However long it is, only what is in view is in the page.
    assert len(log.locator(".clary-Log-line").all()) < 100
    log.evaluate("node => { node.scrollTop = 0 }")
    expect(job.get_by_role("button", name="Follow the log")).to_be_visible()
    top = log.locator(".clary-Log-line").first.text_content()
    count = job.locator(".clary-Log-count")
    expect(count).to_contain_text("2,0")
    page.wait_for_timeout(1500)
    assert log.locator(".clary-Log-line").first.text_content() == top
    job.get_by_role("button", name="Load earlier lines").click()
    expect(count).to_contain_text("7,0")
    job.get_by_role("button", name="Follow the log").click()
    expect(log).to_contain_text("later")
    job.get_by_label("Find in the log").fill("so far")
    expect(log.locator(".clary-Log-line")).to_have_count(1)
    sagemaker.stop_training_job(TrainingJobName="long")


def test_a_notebook_job_shows_how_many_of_its_cells_are_done(page: Any, lab: Lab, sagemaker: Any) -> None:
    book = samples.notebook(*(f"import time; time.sleep(0.7); print('cell', {n})" for n in range(6)))
    lab.client("s3").put_object(
        Bucket=samples.BUCKET, Key="code/book.tar.gz", Body=samples.packed(book_nb=book)
    )
    samples.train(
        sagemaker,
        "book",
        sagemaker_program="book.ipynb",
        sagemaker_submit_directory=f"s3://{samples.BUCKET}/code/book.tar.gz",
    )
    job = opened(page, "book")
    bar = job.get_by_role("progressbar", name="Notebook cells")
    expect(bar).to_have_attribute("aria-valuemax", "6", timeout=40_000)
    expect(job.locator(".clary-Progress")).to_contain_text(re.compile("[1-5] of 6"))
    expect(job.locator(".clary-Badge")).to_contain_text("Completed", timeout=40_000)
    expect(bar).to_have_count(0)
    expect(job.locator(".clary-Phase-name").get_by_text("Training", exact=True)).to_have_count(1)


def test_pages_are_restored_with_the_layout(page: Any, sagemaker: Any) -> None:
    finished(sagemaker, "kept", epochs=1, pause=0.05)
    opened(page, "kept")
    page.wait_for_timeout(1500)  # JupyterLab saves its layout after a second without changes.
    page.goto(page.url.split("?")[0])
    expect(page.locator('.clary-Page[data-name="kept"] h1')).to_have_text("kept")
    expect(page.locator("#clary-panel")).to_be_visible()


def test_a_page_of_what_is_not_there_says_so(page: Any) -> None:
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("Open Training Job")
    page.locator(".lm-CommandPalette-item").filter(has_text="Open Training Job").click()
    page.locator(".jp-Dialog input").fill("nobody")
    page.locator(".jp-Dialog").get_by_role("button", name="Open").click()
    expect(page.locator('.clary-Page[data-name="nobody"]')).to_contain_text("no training job named")


def test_a_spot_jobs_page_tells_that_it_was_interrupted(page: Any, lab: Lab, sagemaker: Any) -> None:
    sagemaker.create_training_job(
        TrainingJobName="spot",
        AlgorithmSpecification={"TrainingImage": samples.IMAGE, "TrainingInputMode": "File"},
        RoleArn=samples.ROLE,
        HyperParameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{samples.BUCKET}/code/sourcedir.tar.gz",
            "epochs": "10000",
        },
        OutputDataConfig={"S3OutputPath": f"s3://{samples.BUCKET}/output"},
        ResourceConfig={"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
        EnableManagedSpotTraining=True,
    )
    job = opened(page, "spot")
    expect(job.get_by_role("region", name="Summary")).to_contain_text("not interrupted; ends after 20 min")
    expect(job.get_by_role("log")).to_contain_text("epoch 1:")
    command = [sys.executable, "-m", "clary.cli", "--home", str(lab.home), "interrupt", "spot"]
    subprocess.run(command, check=True, capture_output=True)
    expect(job.locator(".clary-Phase.clary-mod-warn")).to_contain_text(["Interrupted"])
    expect(job.get_by_role("region", name="Summary")).to_contain_text("interrupted once")
    sagemaker.stop_training_job(TrainingJobName="spot")
