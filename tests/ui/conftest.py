"""JupyterLab and Chromium for the tests of one file; a page fails its test when a script fails on it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Under xdist and with a bare `pytest` the repository is not on the path.
sys.path.insert(0, str(Path(__file__).parents[2]))

from playwright.sync_api import expect
from tests.ui import samples
from tests.ui.lab import Lab, browser
from tests.ui.lab import lab as started_lab

# The machine may be busy with other tests.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with started_lab() as one:
        samples.make_bucket(one.client("s3"))
        yield one


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    # Not for the whole run: Playwright's event loop would be in the way of other tests of this process.
    with browser() as one:
        yield one


@pytest.fixture
def sagemaker(lab: Lab) -> Any:
    return lab.client("sagemaker")


@pytest.fixture(scope="module")
def context(chromium: Any) -> Iterator[Any]:
    """One user's browser: JupyterLab's scripts are fetched once."""
    one = chromium.new_context(viewport={"width": 1400, "height": 900})
    one.set_default_timeout(30_000)
    yield one
    one.close()


class Tabs:
    """One tab for the tests of a file, each of which loads its page anew: in the same tab that costs a third less than in a
    new one, where every script is compiled again."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._tab: Any = None
        self.problems: list[str] = []

    def blank(self) -> Any:
        """The tab, with nothing of the last test's in it."""
        if self._tab is None:
            self._tab = self._context.new_page()
            self._tab.on("pageerror", lambda error: self.problems.append(str(error)))
        self._tab.goto("about:blank")
        self.problems.clear()
        return self._tab

    def close(self) -> None:
        if self._tab is not None:
            self._tab.close()
            self._tab = None


@pytest.fixture(scope="module")
def tabs(context: Any) -> Tabs:
    return Tabs(context)


@pytest.fixture
def blank_page(tabs: Tabs, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A tab that shows nothing yet."""
    failed = request.session.testsfailed
    yield tabs.blank()
    if tabs.problems or request.session.testsfailed > failed:
        tabs.close()
    assert not tabs.problems, tabs.problems


@pytest.fixture
def page(lab: Lab, blank_page: Any) -> Any:
    """JupyterLab with Clary's panel open."""
    open_lab(blank_page, lab)
    return blank_page


def open_lab(tab: Any, lab: Lab) -> None:
    """Open JupyterLab with an empty workspace, and Clary's panel in it."""
    tab.goto(lab.page_url("lab/workspaces/auto-test") + "&reset")
    tab.locator(".jp-Launcher").wait_for(timeout=60_000)  # The first time, all scripts are compiled.
    tab.locator('.jp-SideBar [data-id="clary-panel"]').click()
    tab.locator("#clary-panel .clary-Section").first.wait_for()
