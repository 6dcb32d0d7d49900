"""JupyterLab's server as a whole: who gets in, how it stops, and what a kill -9 does to jobs."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.ui import samples
from tests.ui.conftest import open_lab
from tests.ui.lab import Lab, until
from tests.ui.lab import lab as started_lab


@pytest.fixture
def own_lab() -> Iterator[Lab]:
    """A server for one test that ends it."""
    with started_lab() as one:
        samples.make_bucket(one.client("s3"))
        yield one


def test_a_browser_that_is_not_logged_in_sees_nothing(lab: Lab, chromium: Any, sagemaker: Any) -> None:
    samples.make_model(sagemaker, "secret-model")
    context = chromium.new_context()
    tab = context.new_page()
    tab.goto(f"{lab.url}lab")
    expect(tab).to_have_title("Jupyter Server")
    assert "login" in tab.url
    answer = tab.evaluate(
        """async base => {
            const headers = {
                'X-Amz-Target': 'SageMaker.ListModels', 'Content-Type': 'application/x-amz-json-1.1'
            };
            const response = await fetch(base + 'clary/aws/', {method: 'POST', body: '{}', headers});
            return [response.status, await response.text()];
        }""",
        lab.url,
    )
    assert answer[0] == 403
    assert "secret-model" not in answer[1]
    context.close()


def test_a_request_without_a_login_is_refused(lab: Lab) -> None:
    for path in (
        "clary/doctor",
        "clary/environment",
        "clary/aws/digits/code/sourcedir.tar.gz",
        "clary/locate?uri=s3://digits",
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(lab.url + path)
        assert refused.value.code == 403


def test_a_job_outlives_a_killed_server_and_the_next_one_shows_it(own_lab: Lab, chromium: Any) -> None:
    samples.train(own_lab.client("sagemaker"), "survivor", epochs=20)
    until(
        lambda: (
            own_lab.client("sagemaker").describe_training_job(TrainingJobName="survivor")["SecondaryStatus"]
            == "Training"
        )
    )
    own_lab.kill()
    own_lab.start()
    context = chromium.new_context()
    tab = context.new_page()
    open_lab(tab, own_lab)
    row = tab.locator('#clary-panel .clary-Row[data-name="survivor"]')
    expect(row).to_be_visible(timeout=15_000)
    expect(row).to_contain_text("Completed", timeout=30_000)
    job = own_lab.client("sagemaker").describe_training_job(TrainingJobName="survivor")
    assert [one["Status"] for one in job["SecondaryStatusTransitions"]].count("Training") == 1
    context.close()


def test_the_server_stops_cleanly_and_leaves_jobs_running(own_lab: Lab) -> None:
    client = own_lab.client("sagemaker")
    samples.train(client, "running-on", epochs=10_000)
    until(lambda: client.describe_training_job(TrainingJobName="running-on")["SecondaryStatus"] == "Training")
    assert own_lab.stop() == 0
    log = own_lab.log()
    assert "Traceback" not in log, log
    assert not list((own_lab.home / "run").glob("watch-*.sock"))
    own_lab.start()
    again = own_lab.client("sagemaker")
    job = again.describe_training_job(TrainingJobName="running-on")
    assert job["TrainingJobStatus"] == "InProgress"
    again.stop_training_job(TrainingJobName="running-on")
    until(lambda: again.describe_training_job(TrainingJobName="running-on")["TrainingJobStatus"] == "Stopped")
