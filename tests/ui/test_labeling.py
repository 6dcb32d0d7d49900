"""Labeling jobs in JupyterLab: in the panel, on their page with results, and the canvas, as a tab and in a notebook's cell."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.ui import labeling_samples, samples
from tests.ui.lab import Lab, until
from tests.ui.test_launcher import Notebook

NAMES = [str(digit) for digit in range(10)]
START = """import clary
job = clary.label({texts}, labels=["bad", "good"], name={name!r})
job"""
TEXTS = [f"film number {number}" for number in range(6)]


@pytest.fixture(scope="module", autouse=True)
def truth(lab: Lab) -> list[int]:
    """What the images of digits/input.manifest show."""
    return labeling_samples.put_digits(lab.client("s3"), "digits", 8)


def row(page: Any, name: str) -> Any:
    section = page.locator("#clary-panel").get_by_role("region", name="Labeling jobs")
    return section.locator(f'.clary-Row[data-name="{name}"]')


def opened(page: Any, name: str) -> Any:
    """Open a job's page from the panel."""
    row(page, name).locator(".clary-Row-open").click()
    found = page.locator(f'.clary-Page[data-name="{name}"]')
    found.locator("h1").wait_for()
    return found


def test_a_job_made_with_boto3_is_labelled_by_keyboard_and_a_reload_resumes(
    page: Any, lab: Lab, truth: list[int]
) -> None:
    labeling_samples.create(lab, "by-hand", manifest="digits/input.manifest", labels=NAMES)
    job = opened(page, "by-hand")
    expect(job).to_contain_text("0 of 8 labeled")
    expect(job).to_contain_text("8 for you.")
    job.get_by_role("button", name="Label", exact=True).click()
    canvas = page.locator(".clary-canvas")
    expect(canvas.locator(".root")).to_contain_text("Which digit is it?")
    expect(canvas).to_have_attribute("data-item", "0")
    tabs = page.locator("#jp-main-dock-panel .lm-TabBar-tab").count()
    # JupyterLab has shortcuts of its own for some of these; none of them is a label here.
    for key in ("a", "d", "d", "b", "x", "m", "Shift+M"):
        page.keyboard.press(key)
    for number in range(3):
        expect(canvas).to_have_attribute("data-item", str(number))
        page.keyboard.press(str(truth[number]))  # A label that is a digit has that key.
    expect(canvas).to_have_attribute("data-item", "3")
    assert page.locator("#jp-main-dock-panel .lm-TabBar-tab").count() == tabs
    expect(row(page, "by-hand")).to_contain_text("3 of 8")
    # JupyterLab saves its layout a little later; a browser that comes back finds the tab and the item.
    page.wait_for_timeout(1500)
    page.goto(lab.page_url("lab/workspaces/auto-test"))
    expect(canvas).to_have_attribute("data-item", "3", timeout=60_000)
    canvas.locator(".stage").click()
    page.route(re.compile(r"/canvas\b[^/]*$"), lambda route: route.abort())
    page.keyboard.press(str(truth[3]))
    expect(canvas.get_by_text("Not saved: waiting for the server")).to_be_visible()
    tab = page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text="Label by-hand")
    tab.locator(".lm-TabBar-tabCloseIcon").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Not everything is saved yet")
    dialog.get_by_role("button", name="Cancel").click()
    page.unroute_all()
    expect(canvas).to_have_attribute("data-item", "4")
    canvas.locator(".stage").click()
    for number in range(4, 8):
        expect(canvas).to_have_attribute("data-item", str(number))
        page.keyboard.press(str(truth[number]))
    until(lambda: labeling_samples.status(lab, "by-hand") == "Completed")
    job = opened(page, "by-hand")
    expect(job.locator(".clary-Badge")).to_contain_text("Completed")
    expect(job).to_contain_text("8 of 8 labeled")
    expect(job.get_by_role("button", name="Label", exact=True)).to_have_count(0)
    classes = job.get_by_role("region", name="Classes")
    expect(classes.locator(".clary-Bars li")).to_have_count(len(NAMES))
    classes.get_by_role("button", name="Classes as a table").click()
    expect(classes.get_by_role("table")).to_contain_text("12.5 %")
    job.get_by_role("button", name="Open the output").click()
    expect(page.locator(".jp-DirListing-item")).to_contain_text(["output.manifest"])
    written = (
        lab.client("s3")
        .get_object(Bucket=samples.BUCKET, Key="labels/by-hand/manifests/output/output.manifest")["Body"]
        .read()
    )
    found = [int(one) for one in re.findall(rb'"digit": ?(\d+)', written)]
    assert found == truth


def test_annotators_are_invited_compared_and_their_disputes_decided(
    page: Any, lab: Lab, truth: list[int]
) -> None:
    name = "disputed"
    labeling_samples.create(
        lab, name, manifest="digits/input.manifest", labels=NAMES, workers=2, review_below=0.9
    )
    labeling_samples.answer(lab, name, "anna", lambda item: {"label": str(truth[item["id"]])})
    # Ben takes every 8 for a 3, and so he does the last one; the last is also an 8's place.
    seen = {
        number: str((digit + 1) % 10 if number in (2, 5) else digit) for number, digit in enumerate(truth)
    }
    labeling_samples.answer(lab, name, "ben", lambda item: {"label": seen[item["id"]]})
    job = opened(page, name)
    people = job.get_by_role("region", name="Annotators")
    expect(people.get_by_role("row", name=re.compile("^anna 8 "))).to_be_visible()
    people.get_by_role("textbox").fill("cleo <b>")
    people.get_by_role("button", name="Make a link").click()
    expect(people.get_by_role("status")).to_contain_text("The link of cleo <b>")
    link = people.locator("code").inner_text()
    assert re.fullmatch(r"http://\S+/clary/portal/#\S+", link), link
    member = people.get_by_role("row", name=re.compile("^cleo <b>"))
    member.get_by_role("button", name="Revoke the link of cleo <b>").click()
    page.locator(".jp-Dialog").get_by_role("button", name="Revoke").click()
    expect(member).to_contain_text("revoked")
    agreement = job.get_by_role("region", name="Agreement")
    expect(agreement).to_contain_text("95 % interval")
    expect(agreement.get_by_role("list", name="Agreement by person")).to_contain_text("ben")
    confusion = job.get_by_role("region", name="Confusion between annotators")
    expect(confusion.locator("tbody tr")).not_to_have_count(0)
    doubtful = job.get_by_role("region", name="Doubtful objects")
    expect(doubtful.locator("img").first).to_be_visible()
    expect(doubtful).to_contain_text("ben")
    picture = doubtful.locator("img").first
    picture.scroll_into_view_if_needed()
    until(lambda: picture.evaluate("image => image.naturalWidth") == 96)
    job.get_by_role("button", name="Review 2").click()
    canvas = page.locator(".clary-canvas")
    expect(canvas).to_have_attribute("data-item", "2")
    page.keyboard.press(str(truth[2]))
    expect(canvas).to_have_attribute("data-item", "5")
    page.keyboard.press(str(truth[5]))
    until(lambda: labeling_samples.status(lab, name) == "Completed")


def test_a_form_makes_a_labeling_job_in_a_notebook(page: Any, lab: Lab) -> None:
    (lab.root / "mails.txt").write_text("cheap pills\nsee you at noon\n")
    page.locator("#clary-panel").get_by_role("button", name="New labeling job").click()
    form = page.locator(".jp-Dialog")
    form.get_by_role("button", name="Begin").click()
    expect(form).to_contain_text("What is to be labeled?")
    expect(form).to_contain_text("At least two labels, a line each.")
    form.get_by_label("What to label").fill("mails.txt")
    form.get_by_label("Labels, a line each").focus()
    page.keyboard.type("spam\nno spam")
    form.get_by_role("button", name="Begin").click()
    canvas = page.locator(".jp-NotebookPanel .clary-canvas .stage")
    expect(canvas).to_contain_text("cheap pills", timeout=60_000)
    expect(page.locator(".jp-NotebookPanel .cm-content").first).to_contain_text('labels=["spam", "no spam"]')
    # The keyboard is the canvas's, in the notebook that is the current one now.
    expect(page.locator(".lm-DockPanel-tabBar .jp-mod-current")).to_contain_text("Untitled")
    page.keyboard.press("1")
    expect(canvas).to_contain_text("see you at noon")
    expect(form).to_have_count(0)
    page.locator('.jp-SideBar [data-id="clary-panel"]').click()
    expect(page.locator("#clary-panel")).to_contain_text("1 of 2")


def test_what_runs_is_among_the_running_things_and_is_stopped_there(page: Any, lab: Lab) -> None:
    labeling_samples.create(lab, "long-one", manifest="digits/input.manifest", labels=NAMES)
    job = opened(page, "long-one")
    job.get_by_role("button", name="Stop").click()
    page.locator(".jp-Dialog").get_by_role("button", name="Stop").click()
    expect(job.locator(".clary-Badge")).to_contain_text("Stopped")
    expect(job).to_contain_text("0 of 8 labeled")


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
