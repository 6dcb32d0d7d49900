"""Whatever is killed, nothing is lost and nothing is there twice; what goes wrong is said in words."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.ui.lab import until

from clary.labeling.session import Session


@pytest.fixture
def texts() -> list[dict[str, Any]]:
    return [{"source": f"text number {number}"} for number in range(6)]


def answered(work: Any) -> list[int]:
    return [event.object for event in work.events() if event.action == "answer"]


def test_a_killed_browser_goes_on_at_the_same_item(jobs, open_canvas, answers, texts):
    work = jobs.make("browser", "named-entity-recognition", texts)
    canvas = open_canvas("browser")
    canvas.press("ArrowRight", "1")
    canvas.answer("Enter", then=1)
    canvas.press("ArrowRight", "ArrowRight", "2")
    until(lambda: work.mark("anna", 1)["draft"])
    canvas.page.context.close()
    again = open_canvas("browser", item=1)
    expect(again.page.get_by_role("heading", name="Spans (1)")).to_be_visible()
    again.answer("Enter", then=2)
    assert answers(work)[1] == {"entities": [{"label": "dog", "startOffset": 5, "endOffset": 11}]}


def test_an_answer_waits_for_a_killed_server_and_is_there_once(jobs, open_canvas, answers, texts):
    work = jobs.make("server", "text-classification", texts)
    canvas = open_canvas("server")
    canvas.answer("1", then=1)
    jobs.kill()
    canvas.press("2")
    expect(canvas.page.get_by_text("Not saved: waiting for the server")).to_be_visible()
    canvas.shows(1)  # the next item does not show before the answer is on disk
    canvas.press("3", "s", "Control+z")  # keys are held: they would be meant for another item
    canvas.page.get_by_role("radio", name="bird").click()  # and so is the mouse
    canvas.page.get_by_role("button", name="Grid").click()
    expect(canvas.page.get_by_role("radio", name="dog")).to_be_checked()
    jobs.start()
    canvas.shows(2)
    expect(canvas.page.get_by_text("Not saved")).to_be_hidden()
    expect(canvas.page.get_by_text("everything is saved")).to_be_visible()
    expect(canvas.page.locator(".root")).to_have_attribute("data-mode", "label")
    canvas.answer("3", then=3)
    assert answered(work) == [0, 1, 2]
    assert answers(work)[1] == {"label": "dog"}


def test_an_answer_that_waits_is_saved_although_the_canvas_was_closed(jobs, open_canvas, answers, texts):
    work = jobs.make("closed", "named-entity-recognition", texts)
    canvas = open_canvas("closed")
    canvas.press("ArrowRight", "1")
    canvas.answer("Enter", then=1)
    jobs.kill()
    canvas.press("Control+z")  # waits, and behind it nothing is lost
    expect(canvas.page.get_by_text("Not saved: waiting for the server")).to_be_visible()
    canvas.page.evaluate("leave()")
    expect(canvas.host).to_have_count(0)
    jobs.start()
    canvas.page.evaluate("leave.saved()")
    assert answers(work) == {}
    # A change that was not even sent yet goes its way, too.
    again = open_canvas("closed")
    again.press("ArrowRight", "ArrowRight", "2")
    again.page.evaluate("leave(); leave.saved()")
    assert len(work.mark("anna", 0)["draft"]) > len(work.mark("anna", 1)["draft"] or "")


def test_an_answer_that_takes_long_is_sent_again_and_the_first_acknowledgement_counts(
    jobs, open_canvas, texts
):
    work = jobs.make("long", "text-classification", texts)
    canvas = open_canvas("long")
    held: list[Any] = []

    def hold(route: Any) -> None:
        if '"answer"' in (route.request.post_data or "") and len(held) < 2:
            held.append(route)
        else:
            route.continue_()

    canvas.page.clock.install()
    canvas.page.route("**/canvas?*", hold)
    canvas.press("1")
    until(lambda: canvas.page.evaluate("1") and len(held) == 1)
    canvas.page.clock.fast_forward(9000)
    expect(canvas.page.get_by_text("Not saved: waiting for the server")).to_be_visible()
    canvas.page.clock.fast_forward(1000)
    until(lambda: canvas.page.evaluate("1") and len(held) == 2)
    held[0].continue_()
    expect(canvas.host).to_have_attribute("data-item", "1", timeout=6000)  # before it is sent a third time
    expect(canvas.page.get_by_text("everything is saved")).to_be_visible()
    assert answered(work) == [0]
    canvas.answer("1", then=2)
    assert answered(work) == [0, 1]


def test_work_on_an_earlier_item_stays_when_the_page_looks_for_new_ones(jobs, open_canvas, answers):
    work = jobs.make("polled", "bounding-box", jobs.photos(1))
    canvas = open_canvas("polled")
    canvas.page.clock.install()
    canvas.drag((50, 50), (100, 100))
    canvas.press("Enter")
    expect(canvas.page.get_by_role("heading", name="All done")).to_be_visible()
    canvas.press("PageUp", "n", "n")
    expect(canvas.page.get_by_role("heading", name="Boxes (3)")).to_be_visible()
    with canvas.page.expect_request("**/canvas?*"):  # the draft
        canvas.page.clock.fast_forward(6000)
    canvas.press("Control+z", "Control+z")
    expect(canvas.page.get_by_role("heading", name="Boxes (1)")).to_be_visible()
    assert len(answers(work)[0]["boxes"]) == 1


def test_an_acknowledgement_that_was_lost_is_asked_for_again(jobs, open_canvas, texts):
    work = jobs.make("lost", "text-classification", texts)
    canvas = open_canvas("lost")
    lost = []

    def lose(route: Any) -> None:
        if not lost and '"act"' in (route.request.post_data or ""):
            lost.append(route.fetch().json())  # the server has done it
            route.abort()
        else:
            route.continue_()

    canvas.page.route("**/canvas?*", lose)
    canvas.answer("1", then=1)
    assert len(lost) == 1
    assert answered(work) == [0]
    canvas.answer("1", then=2)
    assert answered(work) == [0, 1]


def test_a_lease_that_ran_out_is_said_and_the_next_item_shows(jobs, open_canvas, answers, texts):
    work = jobs.make("lease", "text-classification", texts[:3], task_time_limit_s=0.5)
    canvas = open_canvas("lease")
    ben = Session(jobs.home, None, None, "lease", "ben", False)

    def taken() -> bool:
        items = ben.call("next", {"n": 1})["items"]
        return bool(items) and items[0]["id"] == 0

    until(taken)
    ben.call("act", {"action": "answer", "object": 0, "answer": {"label": "dog"}, "nonce": "b", "seconds": 1})
    canvas.press("1")
    expect(canvas.page.get_by_text("somebody else has it now")).to_be_visible()
    canvas.answer("3", then=2)
    assert answers(work)[0] == {"label": "dog"}
    assert answers(work)[1] == {"label": "bird"}


def test_a_job_that_was_stopped_says_so(jobs, open_canvas, texts):
    work = jobs.make("stopped", "text-classification", texts)
    canvas = open_canvas("stopped")
    canvas.answer("1", then=1)
    work.set(status="Stopping")
    canvas.press("2")
    expect(canvas.page.get_by_role("heading", name="This job is over")).to_be_visible()
    for name in ("Undo", "Redo"):
        expect(canvas.page.get_by_role("button", name=name)).to_be_disabled()
    canvas.press("u")
    expect(canvas.page.get_by_text("This job is over: answers can no longer be taken back.")).to_be_visible()
    assert answered(work) == [0]


def test_the_last_answer_of_a_complete_job_may_be_changed(jobs, open_canvas, answers, texts):
    work = jobs.make("complete", "text-classification", texts[:2])
    canvas = open_canvas("complete")
    canvas.answer("1", then=1)
    canvas.press("1")
    expect(canvas.page.get_by_role("heading", name="All done")).to_be_visible()
    work.set(status="Completed", ended=time.time())
    canvas.press("u")
    expect(canvas.page.get_by_role("heading", name="This job is over")).to_be_visible()
    canvas.page.get_by_role("button", name="Look back at your answers").click()
    canvas.shows(1)
    canvas.press("2")
    until(lambda: answers(work)[1] == {"label": "dog"})
    assert answers(work)[0] == {"label": "cat"}
    assert work.due() == "finish"


def test_an_image_that_cannot_be_shown_is_said_and_can_be_skipped(jobs, open_canvas, answers):
    lines = jobs.photos(3, (420, 300))
    work = jobs.make("broken", "image-classification", lines)
    Path(f"{jobs.folder}/photo-420x300-0.jpg").write_bytes(b"no image")
    Path(f"{jobs.folder}/photo-420x300-1.jpg").unlink()
    canvas = open_canvas("broken")
    expect(canvas.page.get_by_text("The image cannot be shown")).to_be_visible()
    canvas.answer("s", then=1)
    expect(canvas.page.get_by_text("does not exist")).to_be_visible()
    canvas.answer("s", then=2)
    expect(canvas.page.get_by_text("The image cannot be shown")).to_be_hidden()
    canvas.answer("1", then=0)  # what was skipped comes again
    assert list(answers(work)) == [2]


def test_a_job_that_is_not_there_says_so(open_canvas):
    canvas = open_canvas("nowhere", item=None)
    expect(canvas.page.get_by_role("heading", name="The job does not open")).to_be_visible()
    expect(canvas.page.get_by_text("There is no labeling job named nowhere")).to_be_visible()


def test_an_item_that_others_took_meanwhile_is_not_worked_on(jobs, open_canvas, answers, texts):
    work = jobs.make("meanwhile", "text-classification", texts[:4], task_time_limit_s=0.5)
    canvas = open_canvas("meanwhile")
    ben = Session(jobs.home, None, None, "meanwhile", "ben", False)

    def taken() -> bool:
        return {1} <= {one["id"] for one in ben.call("next", {"n": 3})["items"]}

    until(taken)
    ben.call("act", {"action": "answer", "object": 1, "answer": {"label": "dog"}, "nonce": "b", "seconds": 1})
    canvas.press("1")
    # Whichever of them: the item that Ben has answered is gone before anybody answers it.
    expect(canvas.page.get_by_text("somebody else has it now")).to_be_visible()
    until(lambda: canvas.host.get_attribute("data-item") not in (None, "1"))
    assert work.votes()[1][0].worker == "ben"
