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


@pytest.fixture
def page(lab: Lab, context: Any) -> Iterator[Any]:
    """JupyterLab in a tab of its own, with Clary's panel open."""
    tab = context.new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    open_lab(tab, lab)
    yield tab
    tab.close()
    assert not problems, problems


def open_lab(tab: Any, lab: Lab) -> None:
    """Open JupyterLab with an empty workspace, and Clary's panel in it."""
    tab.goto(lab.page_url("lab/workspaces/auto-test") + "&reset")
    tab.locator(".jp-Launcher").wait_for(timeout=60_000)  # The first time, all scripts are compiled.
    tab.locator('.jp-SideBar [data-id="clary-panel"]').click()
    tab.locator("#clary-panel .clary-Section").first.wait_for()
