"""The training launcher and ``%%train`` in a real JupyterLab: filled in, launched, watched and stopped by hand."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect
from tests.ui.conftest import open_lab
from tests.ui.lab import Lab, until

SCRIPT = """
import argparse, math, os, time
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=8, help="How often the data is seen.")
parser.add_argument("--learning-rate", type=float, default=0.003)
parser.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
options, _ = parser.parse_known_args()
print("optimizer", options.optimizer, os.listdir(options.train), flush=True)
for epoch in range(1, options.epochs + 1):
    time.sleep(0.25)
    loss = 2 * math.exp(-epoch / 4)
    print(f"epoch {epoch}: train_loss={loss:.4f} validation_loss={loss + 0.1:.4f} accuracy={1 - loss / 2:.4f}", flush=True)
with open(os.path.join(options.model_dir, "weights.txt"), "w") as file:
    file.write("1")
"""


@pytest.fixture(scope="module", autouse=True)
def scripts(lab: Lab) -> None:
    (lab.root / "data").mkdir()
    (lab.root / "data" / "rows.csv").write_text("1,2\n")
    (lab.root / "train.py").write_text(SCRIPT)


@pytest.fixture
def page(blank_page: Any) -> Any:
    """A tab in which no JupyterLab is loaded before the notebook is."""
    return blank_page


class Notebook:
    """An open notebook; ``run`` runs its next cell."""

    def __init__(self, lab: Lab, page: Any, name: str, *cells: str) -> None:
        self.page = page
        code = [nbformat.v4.new_code_cell(cell) for cell in cells]
        metadata = {
            "kernelspec": {"name": "clary-python", "display_name": "Clary (Python)", "language": "python"}
        }
        nbformat.write(nbformat.v4.new_notebook(cells=code, metadata=metadata), lab.root / f"{name}.ipynb")
        page.goto(lab.page_url(f"lab/workspaces/{name}/tree/{name}.ipynb"))
        self.body = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        self._next = 0
        expect(page.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle")

    def run(self) -> None:
        cell = self.body.locator(".jp-Cell").nth(self._next)
        self._next += 1
        # A notebook that is still being laid out may take the focus away: then the key was for nobody.
        for _ in range(5):
            for dialog in self.page.locator(".jp-Dialog .jp-mod-accept").all():
                dialog.click()
            cell.locator(".cm-content").click()
            self.page.keyboard.press("Shift+Enter")
            self.page.wait_for_timeout(700)
            if cell.locator(".jp-InputPrompt").inner_text() != "[ ]:":
                return
        raise AssertionError("the cell did not run")

    @property
    def launcher(self) -> Any:
        return self.body.locator(".clary-Launcher").last


def tab(launcher: Any, name: str) -> None:
    launcher.get_by_role("tab", name=name).click()


def test_a_job_is_set_up_launched_and_watched(page: Any, lab: Lab, sagemaker: Any) -> None:
    book = Notebook(
        lab,
        page,
        "by-hand",
        "import clary\nlauncher = clary.TrainingLauncher()\nlauncher",
        "print(launcher.job)",
    )
    book.run()
    panel = book.launcher
    panel.get_by_label("Source").fill("nowhere.py")
    expect(panel).to_contain_text("There is no nowhere.py")
    panel.get_by_label("Source").fill("train.py")
    expect(panel).to_contain_text("train.py: 5 hyperparameters (argparse).")
    expect(panel).to_contain_text("Set by SageMaker: train (SM_CHANNEL_TRAIN), model-dir (SM_MODEL_DIR).")
    expect(panel).to_contain_text("How often the data is seen.")
    # What is wrong is said beside the field, and nothing is launched.
    epochs = panel.get_by_label("epochs", exact=True)
    expect(epochs).to_have_attribute("placeholder", "whole number, default: 8")
    epochs.fill("many")
    expect(panel.get_by_role("alert")).to_contain_text(["epochs is a whole number"])
    panel.get_by_role("button", name="Launch").click()
    expect(panel).to_contain_text("Not launched")
    assert sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
    epochs.fill("12")
    panel.get_by_label("optimizer").select_option("sgd")
    # The script reads the channel train: its row is there, and its place is browsed to.
    expect(panel.get_by_label("Channel's name")).to_have_value("train")
    panel.get_by_role("button", name="Browse").nth(1).click()
    panel.get_by_role("listbox").select_option(label="data/")
    panel.get_by_role("button", name="Open", exact=True).locator("visible=true").click()
    expect(panel.get_by_label("Channel's data")).to_have_value("data/")
    panel.get_by_role("button", name="Suggest").click()
    expect(panel.get_by_label("Metric's name")).to_have_count(3)
    panel.get_by_label("Instance type").fill("ml.m5.huge")
    expect(panel).to_contain_text("ml.m5.huge is no instance type")
    panel.get_by_label("Instance type").fill("ml.m5.large")
    expect(panel).to_contain_text("This machine sets aside 2 cores")
    panel.get_by_role("button", name="Launch").click()
    expect(panel).to_contain_text("In progress")
    expect(panel.get_by_role("log")).to_contain_text("optimizer sgd ['rows.csv']")
    chart = panel.get_by_role("img", name=re.compile("^loss: train_loss"))
    expect(chart).to_be_visible()
    first = chart.get_attribute("aria-label")
    until(lambda: page.wait_for_timeout(100) is None and chart.get_attribute("aria-label") != first)
    expect(panel.get_by_role("img", name=re.compile("^accuracy"))).to_be_visible()
    expect(panel).to_contain_text("Completed")
    expect(panel.get_by_role("log")).to_contain_text("epoch 12:")
    expect(panel).to_contain_text("/output/model.tar.gz")
    expect(panel).to_contain_text(".model.deploy()")
    tab(panel, "Code")
    expect(panel).to_contain_text('hyperparameters={"epochs": 12, "optimizer": "sgd"}')
    panel.get_by_role("button", name="boto3").click()
    expect(panel).to_contain_text("sagemaker.create_training_job(")
    job = sagemaker.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
    tab(panel, "Recent jobs")
    expect(panel.get_by_role("option", name=re.compile(job))).to_have_count(1)
    # Code sees what was done by hand.
    book.run()
    expect(book.body.locator(".jp-OutputArea-output").last).to_contain_text(job)


def test_a_job_is_stopped_and_run_again_while_the_kernel_is_busy(page: Any, lab: Lab, sagemaker: Any) -> None:
    book = Notebook(
        lab,
        page,
        "stopped",
        "import clary\nlauncher = clary.TrainingLauncher('train.py', inputs={'train': './data'}, name='stop-me',\n"
        "    hyperparameters={'epochs': 10_000}, metrics={'loss': 'train_loss=([0-9.]+)'})\nlauncher",
        "import time\nlauncher.launch()\ntime.sleep(6)\nprint('slept')",
    )
    book.run()
    expect(book.launcher).to_be_visible()
    book.run()
    panel = book.launcher
    # While the cell sleeps, the panel moves.
    chart = panel.get_by_role("img", name=re.compile("^loss"))
    first = chart.get_attribute("aria-label")
    until(lambda: page.wait_for_timeout(100) is None and chart.get_attribute("aria-label") != first)
    assert book.body.locator(".jp-OutputArea-output").get_by_text("slept", exact=True).count() == 0
    panel.get_by_role("button", name="Stop").click()
    expect(panel.get_by_text("Stop the job?")).to_be_visible()
    panel.get_by_role("button", name="Keep it running").click()
    expect(panel.get_by_text("Stop the job?")).to_be_hidden()
    assert sagemaker.describe_training_job(TrainingJobName="stop-me")["TrainingJobStatus"] == "InProgress"
    panel.get_by_role("button", name="Stop").click()
    panel.get_by_role("button", name="Stop it").click()
    expect(panel).to_contain_text("Stopped")
    panel.get_by_role("button", name="Run again").click()
    panel.get_by_role("button", name=re.compile("More settings")).click()
    expect(panel.get_by_label("Job name")).to_have_value("stop-me-2")
    panel.get_by_label("Job name").fill("stop-me")
    panel.get_by_role("button", name="Launch").click()
    # What the API refuses is said in its words.
    expect(panel.get_by_role("alert").last).to_contain_text("Training job names must be unique")


def test_keys_that_are_typed_in_a_launcher_do_nothing_to_the_notebook(page: Any, lab: Lab) -> None:
    book = Notebook(lab, page, "keys", "import clary\nclary.TrainingLauncher('train.py')", "1")
    book.run()
    before = book.body.locator(".jp-Cell").count()
    for control in (
        book.launcher.get_by_role("button", name="Suggest"),
        book.launcher.get_by_label("optimizer"),
        book.launcher.get_by_role("tab", name="Set up"),
    ):
        control.focus()
        for key in ("a", "b", "x", "m"):
            page.keyboard.press(key)
    assert book.body.locator(".jp-Cell").count() == before
    assert book.body.locator(".jp-CodeCell").count() == before
    # Shortcuts with a modifier still work.
    page.keyboard.press("Control+Shift+C")
    expect(page.locator(".lm-CommandPalette-input")).to_be_visible()


def test_a_panel_comes_back_after_the_kernel_was_restarted(page: Any, lab: Lab, sagemaker: Any) -> None:
    start = (
        "import clary\nclary.train('train.py', inputs={'train': './data'}, "
        "hyperparameters={'epochs': 10_000}, name='survivor')"
    )
    book = Notebook(lab, page, "restarted", start, "import clary\nclary.TrainingLauncher.attach('survivor')")
    book.run()
    until(lambda: sagemaker.list_training_jobs(NameContains="survivor")["TrainingJobSummaries"])
    expect(book.body.locator(".jp-InputPrompt").first).to_have_text("[1]:")
    page.locator(
        '[data-command="kernelmenu:restart"], [data-command="notebook:restart-kernel"]'
    ).first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(page.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle")
    book.run()
    expect(book.launcher.get_by_role("log")).to_contain_text("epoch")
    book.launcher.get_by_role("button", name="Stop").click()
    book.launcher.get_by_role("button", name="Stop it").click()
    expect(book.launcher).to_contain_text("Stopped")


def test_the_sidebar_opens_a_notebook_with_a_launcher(page: Any, lab: Lab) -> None:
    open_lab(page, lab)
    page.locator("#clary-panel").get_by_role("button", name="New training job").click()
    panel = page.locator(".jp-NotebookPanel .clary-Launcher")
    expect(panel.get_by_label("Source")).to_be_visible(timeout=60_000)
    expect(panel.get_by_role("button", name="Launch")).to_be_visible()


def test_the_output_of_a_cell_that_trains_comes_as_it_is_printed(page: Any, lab: Lab) -> None:
    cell = (
        "%%train --name live-cell job\nimport time\n"
        "for i in range(100):\n    print('line', i, flush=True)\n    time.sleep(0.2)"
    )
    book = Notebook(lab, page, "cell", cell, "job.stop()")
    book.run()
    output = book.body.locator(".jp-OutputArea").first
    expect(output).to_contain_text("line 2")
    expect(output.locator(".jupyter-widgets.widget-inline-hbox, .progress").first).to_be_visible()
    page.locator(
        '[data-command="kernelmenu:interrupt"], [data-command="notebook:interrupt-kernel"]'
    ).first.click()
    expect(output).to_contain_text("live-cell goes on")
    expect(output).to_contain_text("the training job goes on")
