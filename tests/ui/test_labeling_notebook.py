"""``clary.label`` in a notebook's cell: labelled by keyboard through the kernel, while the next cell waits for it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect
from tests.ui.lab import Lab, until
from tests.ui.test_launcher import Notebook

START = """import clary
job = clary.label({texts}, labels=["bad", "good"], name={name!r})
job"""
TEXTS = [f"film number {number}" for number in range(6)]


def stage(book: Notebook) -> Any:
    return book.body.locator(".clary-canvas .stage").first


def test_a_cell_labels_by_keyboard_while_the_next_one_waits(page: Any, lab: Lab, sagemaker: Any) -> None:
    wait = "job.wait(timeout=100)\nprint('done:', len(job.annotations()))"
    book = Notebook(lab, page, "films", START.format(texts=TEXTS, name="films"), wait)
    book.run()
    expect(stage(book)).to_contain_text("film number 0")
    book.run()  # The kernel is busy from here on.
    expect(book.body.locator(".jp-InputPrompt").nth(1)).to_have_text("[*]:")
    cells = book.body.locator(".jp-Cell").count()
    stage(book).click()
    # What JupyterLab would do with these keys in a notebook: delete, add, cut and change cells.
    for key in ("d", "d", "b", "x", "m", "y"):
        page.keyboard.press(key)
    for number in range(len(TEXTS)):
        expect(stage(book)).to_contain_text(f"film number {number}")
        page.keyboard.press("1" if number % 2 else "2")
    expect(book.body).to_contain_text("done: 6")
    assert book.body.locator(".jp-Cell").count() == cells
    counters = sagemaker.describe_labeling_job(LabelingJobName="films")["LabelCounters"]
    assert counters["HumanLabeled"] == 6


def test_a_saved_notebook_keeps_a_card_and_a_restarted_kernel_goes_on_at_the_same_item(
    page: Any, lab: Lab, sagemaker: Any
) -> None:
    texts = [f"book {number}" for number in range(4)]
    again = 'import clary\nclary.LabelingJob("books")'
    book = Notebook(lab, page, "books", START.format(texts=texts, name="books"), again)
    book.run()
    expect(stage(book)).to_contain_text("book 0")
    stage(book).click()
    page.keyboard.press("1")
    expect(stage(book)).to_contain_text("book 1")
    page.locator(
        '[data-command="kernelmenu:restart"], [data-command="notebook:restart-kernel"]'
    ).first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(page.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle")
    book.run()
    stages = book.body.locator(".clary-canvas .stage")
    expect(stages).to_have_count(2)
    expect(stages.last).to_contain_text("book 1")
    book.body.locator('[data-command="docmanager:save"]').first.click()
    # What is kept shows without a kernel: a card beside each canvas.
    until(lambda: (lab.root / "books.ipynb").read_text().count('"text/html"') == 2)
