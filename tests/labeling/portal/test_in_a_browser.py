"""The annotators' page in a real browser: a link, the jobs, the canvas, and the end of a link."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Under xdist and with a bare `pytest` the repository is not on the path.
sys.path.insert(0, str(Path(__file__).parents[3]))

from playwright.sync_api import expect
from tests.ui.lab import browser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as one:
        yield one


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A phone. What the page's policy forbids fails the test."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    tab = context.new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", lambda one: problems.append(one.text) if "Security Policy" in one.text else None)
    tab.set_default_timeout(20_000)
    yield tab
    context.close()
    assert not problems, problems


def link(front: Any, headers: dict[str, str]) -> str:
    return f"{front.url}/clary/portal/#{headers['X-Clary-Annotator']}"


def test_a_link_opens_the_job_until_it_is_revoked(front: Any, job: Any, page: Any) -> None:
    job()
    anna = front.invite()
    page.goto(link(front, anna))
    canvas = page.locator(".clary-canvas")
    expect(canvas).to_have_attribute("data-item", "0")
    # The secret stands in no address that somebody could look at or send on.
    assert page.url == f"{front.url}/clary/portal/"
    page.get_by_role("radio", name="good").tap()
    expect(canvas).to_have_attribute("data-item", "1")
    page.reload()
    expect(canvas).to_have_attribute("data-item", "1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    status, _, _ = front.ask("DELETE", "/clary/workteams/default/members/Anna", front.login)
    assert status == 200
    page.get_by_role("radio", name="bad").tap()
    expect(page.get_by_role("heading", name="This link was revoked")).to_be_visible()
    expect(canvas).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="Open your link")).to_be_visible()
    events = json.loads(front.ask("GET", "/clary/labeling-jobs/mood/events", front.login)[2])["events"]
    assert [(one["worker"], one["object"]) for one in events] == [("Anna", 0)]


def test_several_jobs_are_a_list_and_one_comes_back_to_it(front: Any, job: Any, page: Any) -> None:
    for name in ("mood", "mood-2"):
        job(name, human={"TaskTitle": "<b>What is it?</b>"})
    page.goto(link(front, front.invite("Bo")))
    expect(page.get_by_role("heading", name="Hello, Bo")).to_be_visible()
    card = page.get_by_role("button", name="<b>What is it?</b> mood-2")
    card.tap()
    expect(page.locator(".clary-canvas")).to_have_attribute("data-item", "0")
    page.context.set_offline(True)
    page.get_by_role("radio", name="bad").tap()
    expect(page.get_by_text("Not saved: waiting for the server")).to_be_visible()
    page.get_by_role("button", name="All jobs").tap()
    expect(page.get_by_role("button", name="All jobs, as soon as everything is saved")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("1 done by you, 2 left")).to_be_visible()
    # The browser's own Back and Forward do the same, and a reload stays in the job.
    card.tap()
    expect(page.locator(".clary-canvas")).to_have_attribute("data-item", "1")
    page.get_by_role("radio", name="good").tap()
    page.go_back()
    expect(page.get_by_text("2 done by you, 1 left")).to_be_visible()
    page.go_forward()
    expect(page.locator(".clary-canvas")).to_have_attribute("data-item", "2")
    page.reload()
    expect(page.locator(".clary-canvas")).to_have_attribute("data-item", "2")
    page.get_by_role("button", name="All jobs").tap()
    expect(page.get_by_role("heading", name="Hello, Bo")).to_be_visible()


def test_a_link_that_is_none_says_what_to_do(front: Any, page: Any) -> None:
    page.goto(f"{front.url}/clary/portal/#wrong")
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    page.goto(f"{front.url}/clary/portal/")
    expect(page.get_by_role("heading", name="Open your link")).to_be_visible()


def test_the_page_loads_all_modules_ahead(front: Any) -> None:
    """A module that is found only when another was read costs a round trip; on a slow line that is felt."""
    import re

    from clary.labeling import canvas

    ahead = set(re.findall(r'modulepreload" href="canvas/(\w+\.js)"', canvas.module("portal.html").decode()))
    assert {*ahead, "portal.js"} == {
        name for name in canvas.names() if name.endswith(".js") and name != "types.js"
    }
