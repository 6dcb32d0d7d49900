"""Where the focus is: with the item, or where the person put it, never in the notebook around by accident."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect
from tests.ui.lab import until


@pytest.fixture
def texts() -> list[dict[str, Any]]:
    return [{"source": f"text number {number}"} for number in range(4)]


def test_what_is_pressed_away_leaves_the_focus_with_the_item(jobs, open_canvas, answers, texts):
    labels = tuple(f"label{letter}" for letter in "abcdefghijklmnop")
    guess = {"prelabel": ({"label": "labelb"}, 0.9, "detector")}
    work = jobs.make("away", "text-classification", texts, labels=labels, known=[{}, guess])
    canvas = open_canvas("away")
    # A page as a notebook is one: what is pressed beside a control has the focus.
    canvas.page.evaluate("document.getElementById('here').tabIndex = -1")
    assert canvas.focused() == "section.stage"
    edge = canvas.page.get_by_role(
        "button", name="Forward"
    ).bounding_box()  # there is nothing: it is disabled
    canvas.page.mouse.click(edge["x"] + 8, edge["y"] + 8)
    assert canvas.focused() == "section.stage"
    canvas.press("/")
    canvas.page.keyboard.type("labelo")
    canvas.answer("Enter", then=1)
    assert canvas.focused() == "section.stage"
    # Keys go to an application past a screen reader, which therefore is told what the text is.
    expect(canvas.page.get_by_role("application", name="Item")).to_be_focused()
    expect(canvas.page.locator(".unseen")).to_have_text("labelo. Item 2, with a suggestion. text number 1")
    accept = canvas.page.get_by_role("button", name="Accept")
    accept.focus()
    canvas.answer("Enter", then=2)  # there the button is none
    assert canvas.focused() == "section.stage"
    last = canvas.page.get_by_role("radio", name="labela")
    last.focus()
    canvas.answer("Enter", then=3)
    assert canvas.focused().startswith("button.label")  # who walks by Tab stays there
    canvas.answer("Enter")  # the end covers it
    canvas.answer("u", then=3)
    canvas.page.get_by_role("button", name="Grid").focus()
    canvas.press("Enter")
    expect(canvas.page.get_by_role("option")).to_have_count(1)
    assert canvas.focused() == "button.mode"
    assert [answers(work)[item]["label"] for item in range(3)] == ["labelo", "labelb", "labela"]
    assert canvas.leaked() == []


def test_rows_and_tools_keep_the_focus_that_a_key_brought_there(jobs, open_canvas):
    jobs.make("rows", "bounding-box", jobs.photos(1))
    canvas = open_canvas("rows")
    for left in (50, 150, 250):
        canvas.drag((left, 50), (left + 60, 100))
    rows = canvas.page.get_by_role("list", name="Boxes").locator(".pick")
    rows.nth(1).focus()
    canvas.press("Enter")
    assert canvas.focused() == "button.pick"
    expect(rows.nth(1)).to_be_focused()
    expect(rows.nth(1)).to_have_attribute("aria-pressed", "true")
    canvas.press("Tab", "Enter")  # its x: the next row's has the focus then
    expect(canvas.page.get_by_role("button", name="Delete box 2")).to_be_focused()
    canvas.press("Enter")
    expect(canvas.page.get_by_role("button", name="Delete box 1")).to_be_focused()
    canvas.press("Enter")
    expect(canvas.page.get_by_role("heading", name="No boxes yet")).to_be_visible()
    assert canvas.focused() == "section.stage"
    canvas.press("Control+z")
    rows.first.click()
    assert canvas.focused() == "section.stage"
    assert canvas.leaked() == []


def test_sliders_go_by_keys_and_dialogs_give_the_focus_back(jobs, open_canvas):
    work = jobs.make("sliders", "semantic-segmentation", jobs.photos(1))
    canvas = open_canvas("sliders")
    polygon = canvas.page.get_by_role("button", name="Polygon")
    polygon.focus()
    canvas.press("Enter")
    expect(polygon).to_be_focused()
    expect(polygon).to_have_attribute("aria-pressed", "true")
    opacity = canvas.page.get_by_role("slider", name="Opacity of the classes")
    opacity.focus()
    canvas.press("ArrowRight", "ArrowRight")
    expect(opacity).to_have_value("52")
    opacity.click(position={"x": 5, "y": 5})
    assert canvas.focused() == "section.stage"
    canvas.page.get_by_role("slider", name="Size of the brush").focus()
    canvas.press("Enter")  # submits from there, too
    expect(canvas.page.get_by_text("Nothing is marked")).to_be_visible()
    canvas.page.get_by_role("button", name="All keys").click()
    expect(canvas.page.get_by_role("dialog")).to_be_visible()
    canvas.press("Escape")
    expect(canvas.page.get_by_role("dialog")).to_be_hidden()
    assert canvas.focused() == "section.stage"
    canvas.answer("Enter")
    assert list(work.votes()) == [0]


def test_space_that_goes_up_elsewhere_neither_paints_nor_sticks(jobs, open_canvas):
    work = jobs.make("spaces", "semantic-segmentation", jobs.photos(1))
    canvas = open_canvas("spaces")
    canvas.press("ArrowRight")  # the cross, at which Space would paint
    canvas.press("f")
    canvas.page.keyboard.type("two words here")
    canvas.press("Enter")
    expect(canvas.page.get_by_role("button", name="Flag")).to_have_attribute("aria-pressed", "true")
    canvas.page.get_by_role("button", name="Eraser").focus()
    canvas.press("Space", "b")
    canvas.host.evaluate("node => node.shadowRoot.querySelector('.stage').focus()")
    canvas.page.keyboard.down("Space")
    canvas.page.evaluate("""() => {
      const button = document.createElement('button');
      document.body.prepend(button);
      button.focus();
    }""")
    canvas.page.keyboard.up("Space")
    canvas.host.evaluate("node => node.shadowRoot.querySelector('.stage').focus()")
    canvas.press("Enter")  # nothing was painted
    expect(canvas.page.get_by_text("Nothing is marked")).to_be_visible()
    canvas.drag((100, 100), (150, 150))  # paints; the image is not moved
    until(lambda: (work.mark("anna", 0) or {})["draft"])


def test_another_theme_of_jupyterlab_is_followed_without_a_host_that_says_so(jobs, open_canvas, texts):
    jobs.make("themes", "text-classification", texts)
    canvas = open_canvas("themes")
    dark = canvas.page.evaluate("""async () => {
      window.leave();
      const canvas = (await import('/canvas/canvas.js')).default;
      const root = () => document.querySelector('.clary-canvas').shadowRoot.querySelector('.root');
      const model = Object.create(window.model, { get: { value: () => undefined } });
      document.body.dataset.jpThemeLight = 'true';
      window.leave = canvas.render({ model, el: document.getElementById('here') });
      const found = [];
      for (const light of ['true', 'false', 'true']) {
        document.body.dataset.jpThemeLight = light;
        await new Promise((done) => setTimeout(done));
        found.push(root().classList.contains('dark'));
      }
      return found;
    }""")
    assert dark == [False, True, False]
