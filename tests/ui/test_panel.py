"""The sidebar panel, in a real browser, against a real server."""

from __future__ import annotations

import re
import time
from typing import Any

from playwright.sync_api import expect
from tests.ui import samples
from tests.ui.lab import Lab, until


def section(page: Any, title: str) -> Any:
    return page.locator("#clary-panel .clary-Section").filter(has=page.get_by_role("button", name=title))


def row(page: Any, name: str) -> Any:
    return page.locator(f'#clary-panel .clary-Row[data-name="{name}"]')


def test_an_empty_panel_says_what_to_do(page: Any) -> None:
    expect(section(page, "Training jobs")).to_contain_text("create_training_job")
    expect(section(page, "Models")).to_contain_text("create_model")
    expect(section(page, "Endpoints")).to_contain_text("Deploy")


def test_a_job_is_shown_live_while_it_runs(page: Any, sagemaker: Any) -> None:
    samples.train(sagemaker, "live", epochs=8)
    expect(row(page, "live")).to_contain_text("Training")
    expect(row(page, "live")).to_contain_text("Completed")
    expect(row(page, "live")).to_contain_text("just now")
    expect(page.locator(".Toastify__toast")).to_contain_text("live completed")


def test_a_quiet_server_is_not_asked_again_and_again(page: Any, sagemaker: Any) -> None:
    samples.make_model(sagemaker, "quiet")
    row(page, "quiet").wait_for()
    last = [time.monotonic()]

    def note(request: Any) -> None:
        if "/clary/" in request.url:
            last[0] = time.monotonic()

    page.on("request", note)
    # What has changed is read once more a little later; from then on there is silence.
    until(lambda: page.wait_for_timeout(200) is None and time.monotonic() - last[0] > 6, 40)


def test_changes_while_the_connection_was_lost_are_shown_after_it_is_back(
    lab: Lab, chromium: Any, sagemaker: Any
) -> None:
    from tests.ui.conftest import open_lab

    context = chromium.new_context()
    tab = context.new_page()
    sockets: list[Any] = []

    def connect(socket: Any) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    tab.route_web_socket(re.compile("api/events/subscribe"), connect)
    open_lab(tab, lab)
    until(lambda: tab.wait_for_timeout(50) is None and len(sockets) >= 2)
    for socket in list(sockets):
        socket.close()
    samples.make_model(sagemaker, "made-meanwhile")
    expect(row(tab, "made-meanwhile")).to_be_visible(timeout=15_000)
    context.close()


def test_stopping_a_job_asks_first(page: Any, sagemaker: Any) -> None:
    samples.train(sagemaker, "endless", epochs=10_000)
    expect(row(page, "endless")).to_contain_text("Training")
    row(page, "endless").hover()
    page.get_by_role("button", name="Stop endless").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("endless")
    dialog.get_by_role("button", name="Cancel").click()
    assert sagemaker.describe_training_job(TrainingJobName="endless")["TrainingJobStatus"] == "InProgress"
    row(page, "endless").hover()
    page.get_by_role("button", name="Stop endless").click()
    dialog.get_by_role("button", name="Stop").click()
    expect(row(page, "endless")).to_contain_text("Stopped")
    assert sagemaker.describe_training_job(TrainingJobName="endless")["TrainingJobStatus"] == "Stopped"


def test_deleting_a_model_asks_first(page: Any, sagemaker: Any) -> None:
    samples.make_model(sagemaker, "unwanted")
    row(page, "unwanted").hover()
    page.get_by_role("button", name="Delete unwanted").click()
    page.locator(".jp-Dialog").get_by_role("button", name="Delete").click()
    expect(row(page, "unwanted")).to_have_count(0)
    assert "unwanted" not in [model["ModelName"] for model in sagemaker.list_models()["Models"]]


def test_the_filter_shows_only_matching_names(page: Any, sagemaker: Any) -> None:
    samples.make_model(sagemaker, "maple")
    samples.make_model(sagemaker, "cedar")
    row(page, "cedar").wait_for()
    box = page.get_by_label("Filter by name")
    box.fill("aple")
    expect(row(page, "maple")).to_be_visible()
    expect(row(page, "cedar")).to_have_count(0)
    box.fill("nothing-has-this")
    expect(section(page, "Models")).to_contain_text("No name contains")
    box.fill("a b!")
    expect(section(page, "Models")).to_contain_text("letters, digits and hyphens")
    box.fill("")
    expect(row(page, "cedar")).to_be_visible()


def test_older_items_come_with_show_more(page: Any, sagemaker: Any) -> None:
    for number in range(45):
        samples.make_model(sagemaker, f"many-{number:02}")
    models = section(page, "Models")
    expect(row(page, "many-44")).to_be_visible()
    expect(models.locator(".clary-Row")).to_have_count(20)
    models.get_by_role("button", name="Show more").click()
    expect(models.locator(".clary-Row")).to_have_count(40)
    models.get_by_role("button", name="Show more").click()
    expect(row(page, "many-00")).to_be_visible()


def test_rows_are_reached_and_opened_with_the_keyboard(page: Any, sagemaker: Any) -> None:
    samples.make_model(sagemaker, "key-a")
    samples.make_model(sagemaker, "key-b")
    row(page, "key-b").locator(".clary-Row-open").focus()
    page.keyboard.press("ArrowDown")
    assert "key-a" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    expect(page.locator('.clary-Page[data-name="key-a"] h1')).to_have_text("key-a")


def test_a_job_is_among_the_running_things(page: Any, sagemaker: Any) -> None:
    samples.train(sagemaker, "counted", epochs=10_000)
    expect(row(page, "counted")).to_contain_text("Training")
    page.locator('.jp-SideBar [data-id="jp-running-sessions"]').click()
    item = page.locator("#jp-running-sessions .jp-RunningSessions-item").filter(has_text="counted")
    expect(item).to_be_visible()
    sagemaker.stop_training_job(TrainingJobName="counted")
    expect(item).to_have_count(0)


def test_the_launcher_opens_the_panel(page: Any) -> None:
    page.locator('.jp-SideBar [data-id="filebrowser"]').click()
    expect(page.locator("#clary-panel")).to_be_hidden()
    page.locator(".jp-LauncherCard").filter(has_text="Jobs and endpoints").click()
    expect(page.locator("#clary-panel")).to_be_visible()


def test_the_palette_tells_what_this_machine_can_do(page: Any) -> None:
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("What This Machine")
    page.locator(".lm-CommandPalette-item").filter(has_text="What This Machine Can Do").click()
    expect(page.locator(".jp-Dialog .clary-FullText")).to_contain_text("cpu", ignore_case=True)
