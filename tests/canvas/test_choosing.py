"""Classification on the canvas: keys, undo, skip, flag, history, the grid."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect
from tests.ui.lab import until


@pytest.fixture
def texts() -> list[dict[str, Any]]:
    return [{"source": f"text number {number}"} for number in range(6)]


def test_a_key_answers_and_the_next_item_shows_when_the_answer_is_on_disk(jobs, open_canvas, answers, texts):
    work = jobs.make("keys", "text-classification", texts)
    canvas = open_canvas("keys")
    canvas.answer("1", then=1)
    assert answers(work)[0] == {"label": "cat"}
    canvas.answer("2", then=2)
    assert answers(work)[1] == {"label": "dog"}
    expect(canvas.page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "2")
    # A double click is one answer: nobody has seen the item that the second one falls on.
    canvas.page.evaluate(
        """async () => {
          const host = document.querySelector('.clary-canvas');
          const bird = host.shadowRoot.querySelectorAll('.label')[2];
          const click = (detail, timeStamp) => bird.dispatchEvent(Object.defineProperty(
            new MouseEvent('click', { detail, bubbles: true, composed: true }), 'timeStamp', { value: timeStamp }));
          click(1, 1000);
          await new Promise((shown) => new MutationObserver(shown).observe(host, { attributeFilter: ['data-item'] }));
          await new Promise((unlocked) => setTimeout(unlocked));
          click(2, 1200);
        }"""
    )
    canvas.shows(3)
    canvas.answer("1", then=4)
    assert answers(work)[3] == {"label": "cat"}
    canvas.answer("1", then=5)
    canvas.answer("1")
    expect(canvas.page.get_by_text("6 items labeled by you")).to_be_visible()
    assert len(answers(work)) == 6
    assert canvas.leaked() == []


def test_undo_goes_back_over_items_without_limit_and_redo_forward_again(jobs, open_canvas, answers, texts):
    work = jobs.make("undo", "text-classification", texts)
    canvas = open_canvas("undo")
    for item in range(4):
        canvas.answer("1", then=item + 1)
    for key, item in (("Control+z", 3), ("u", 2), ("Control+z", 1), ("Control+z", 0)):
        canvas.answer(key, then=item)
    assert answers(work) == {}
    canvas.press("Control+z")
    expect(canvas.page.get_by_text("There is nothing to undo")).to_be_visible()
    canvas.answer("Control+Shift+z", then=1)
    canvas.answer("Control+y", then=2)
    assert set(answers(work)) == {0, 1}
    canvas.answer("2", then=3)
    assert answers(work)[2] == {"label": "dog"}
    canvas.press("Control+Shift+z")
    expect(canvas.page.get_by_text("There is nothing to redo")).to_be_visible()


def test_one_looks_back_and_changes_an_earlier_answer(jobs, open_canvas, answers, texts):
    work = jobs.make("back", "text-classification", texts)
    canvas = open_canvas("back")
    canvas.answer("1", then=1)
    canvas.answer("1", then=2)
    canvas.answer("ArrowLeft", then=1)
    expect(canvas.page.get_by_role("radio", name="cat")).to_be_checked()
    canvas.answer("PageUp", then=0)
    canvas.answer("3", then=1)
    assert answers(work)[0] == {"label": "bird"}
    canvas.answer("ArrowRight", then=2)
    # After a reload the former sitting is still there to look back at.
    canvas.page.reload()
    canvas.shows(2)
    canvas.answer("ArrowLeft", then=0)
    canvas.answer("ArrowLeft", then=1)


def test_items_are_skipped_and_flagged_with_a_comment(jobs, open_canvas, answers, texts):
    work = jobs.make("flags", "text-classification", texts)
    canvas = open_canvas("flags")
    canvas.answer("s", then=1)
    canvas.press("f")
    canvas.page.get_by_role("textbox").fill("cut off: 1 2 s u")
    canvas.press("Enter")
    expect(canvas.page.get_by_role("button", name="Flag")).to_have_attribute("aria-pressed", "true")
    assert [event.action for event in work.events()] == ["skip", "flag"]
    assert work.events()[-1].body["comment"] == "cut off: 1 2 s u"
    canvas.press("f")
    canvas.page.get_by_role("button", name="Take the flag away").click()
    expect(canvas.page.get_by_role("button", name="Flag")).to_have_attribute("aria-pressed", "false")
    canvas.answer("2", then=2)
    assert answers(work) == {1: {"label": "dog"}}
    assert canvas.leaked() == []


def test_several_labels_are_put_on_and_off_and_submitted(jobs, open_canvas, answers, texts):
    work = jobs.make("several", "text-classification-multilabel", texts)
    canvas = open_canvas("several")
    canvas.press("1", "2", "3", "1", "Control+z", "Control+z")
    expect(canvas.page.get_by_role("checkbox", name="bird")).not_to_be_checked()
    canvas.answer("Enter", then=1)
    assert answers(work)[0] == {"labels": ["cat", "dog"]}
    canvas.answer("Enter", then=2)
    assert answers(work)[1] == {"labels": []}


def test_a_suggestion_is_shown_as_such_and_taken_with_enter(jobs, open_canvas, answers, texts):
    guess = {"prelabel": ({"label": "dog"}, 0.93, "detector")}
    work = jobs.make("guess", "text-classification", texts, known=[guess] * 6)
    canvas = open_canvas("guess")
    expect(canvas.page.get_by_role("radio", name="dog")).to_contain_text("suggested 93 %")
    canvas.answer("Enter", then=1)
    canvas.answer("1", then=2)
    assert answers(work) == {0: {"label": "dog"}, 1: {"label": "cat"}}


def test_a_held_key_is_one_answer(jobs, open_canvas, answers, texts):
    work = jobs.make("held", "text-classification", texts)
    canvas = open_canvas("held")
    for _ in range(5):
        canvas.page.keyboard.down("1")
    canvas.shows(1)
    canvas.page.keyboard.up("1")
    canvas.answer("2", then=2)
    assert answers(work) == {0: {"label": "cat"}, 1: {"label": "dog"}}


def test_all_of_these_are_cats(jobs, open_canvas, answers):
    work = jobs.make("grid", "image-classification", jobs.photos(8))
    canvas = open_canvas("grid")
    canvas.press("g", "1")
    cells = canvas.page.get_by_role("option")
    expect(cells).to_have_count(8)
    cells.nth(0).click()
    cells.nth(2).click(modifiers=["Shift"])
    canvas.press("ArrowRight", "ArrowRight", "Space", "Enter")
    expect(cells).to_have_count(4)
    assert answers(work) == {thing: {"label": "cat"} for thing in (0, 1, 2, 4)}
    canvas.press("2", "a", "Enter")
    expect(canvas.page.get_by_role("heading", name="All done")).to_be_visible()
    assert len(answers(work)) == 8
    canvas.press("Control+z")
    until(lambda: len(answers(work)) == 4)
    expect(cells).to_have_count(4)
    assert canvas.leaked() == []


def test_the_grid_begins_with_what_is_to_be_done_and_undo_brings_all_of_it_back(jobs, open_canvas, answers):
    lines = [{"source": f"text number {number:02}"} for number in range(75)]
    work = jobs.make("many", "text-classification", lines)
    canvas = open_canvas("many")
    canvas.answer("1", then=1)
    canvas.answer("PageUp", then=0)
    canvas.press("g")
    cells = canvas.page.get_by_role("option")
    expect(cells).to_have_count(36)
    expect(cells.first).to_contain_text("text number 01")
    expect(canvas.page.locator(".looking-back")).to_have_count(0)
    canvas.press("2", "a", "Enter")
    expect(cells.first).to_contain_text("text number 37")
    assert len(answers(work)) == 37
    canvas.press("Control+z")
    expect(cells.first).to_contain_text("text number 01")
    expect(cells.nth(35)).to_contain_text("text number 36")
    assert len(answers(work)) == 1
    canvas.press("Control+Shift+z")
    expect(cells.first).to_contain_text("text number 37")
    assert len(answers(work)) == 37


def test_the_help_shows_all_keys_and_keys_do_nothing_behind_it(jobs, open_canvas, answers, texts):
    work = jobs.make("help", "text-classification", texts)
    canvas = open_canvas("help")
    canvas.press("?")
    help_shown = canvas.page.get_by_role("dialog", name="Keys")
    expect(help_shown).to_be_visible()
    expect(help_shown).to_contain_text("undo, as far back as you like")
    canvas.press("1", "s", "Escape")
    expect(help_shown).to_be_hidden()
    canvas.answer("1", then=1)
    assert list(answers(work)) == [0]
    assert canvas.leaked() == []


def test_one_text_module_is_the_whole_canvas(jobs, open_canvas, answers, texts):
    work = jobs.make("bundle", "text-classification", texts)
    canvas = open_canvas("bundle", more="&bundle=1&theme=dark")
    canvas.answer("2", then=1)
    assert answers(work)[0] == {"label": "dog"}


def test_a_job_may_want_enter_after_every_choice(jobs, open_canvas, answers, texts):
    lines = [{**line, "from": "a <b>list</b>"} for line in texts]
    work = jobs.make("slow", "text-classification", lines, options={"auto_advance": False})
    canvas = open_canvas("slow")
    canvas.press("1", "2", "3", "u")
    expect(canvas.page.get_by_role("radio", name="dog")).to_be_checked()
    canvas.answer("Enter", then=1)
    assert answers(work) == {0: {"label": "dog"}}
    # Undo takes back the choice, and the draft with it; only then the item before.
    canvas.press("1")
    until(lambda: work.mark("anna", 1)["draft"])
    canvas.press("u")
    until(lambda: not work.mark("anna", 1)["draft"])
    expect(canvas.page.get_by_role("radio", name="cat")).not_to_be_checked()
    assert answers(work) == {0: {"label": "dog"}}
    canvas.page.get_by_text("About this item").click()
    expect(canvas.page.get_by_text("a <b>list</b>")).to_be_visible()


def test_no_key_at_all_reaches_the_page_around(jobs, open_canvas, answers, texts):
    work = jobs.make("leaks", "text-classification", texts)
    canvas = open_canvas("leaks")
    # In a notebook these would delete, cut, insert and run cells, save, find and open menus.
    canvas.press(
        "d",
        "d",
        "x",
        "a",
        "b",
        "z",
        "m",
        "Shift+Enter",
        "Control+s",
        "Control+Shift+c",
        "Delete",
        "Escape",
        "F2",
        "9",
    )
    canvas.press("Home", "End", "Backspace", "Control+Enter", "Space", "Shift+Space", "/", ".", "Alt+x")
    canvas.answer("2", then=1)
    assert canvas.leaked() == []
    assert list(answers(work)) == [0]


def test_a_change_of_mind_is_kept_while_one_looks_back(jobs, open_canvas, answers, texts):
    work = jobs.make("minds", "text-classification-multilabel", texts)
    canvas = open_canvas("minds")
    canvas.press("1")
    canvas.answer("Enter", then=1)
    canvas.answer("PageUp", then=0)
    canvas.press("2")
    canvas.answer("PageDown", then=1)
    canvas.answer("PageUp", then=0)
    expect(canvas.page.get_by_role("checkbox", name="dog")).to_be_checked()
    assert answers(work)[0] == {"labels": ["cat"]}
    canvas.answer("Enter", then=1)
    assert answers(work)[0] == {"labels": ["cat", "dog"]}
