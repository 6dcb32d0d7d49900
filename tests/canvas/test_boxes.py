"""Bounding boxes on the canvas: mouse, touch, keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect
from tests.ui.lab import until

from clary.labeling.session import Session


@pytest.fixture
def draft() -> Any:
    """The boxes that are kept of unfinished work, without their labels: (left, top, width, height)."""

    def read(work: Any, thing: int = 0, worker: str = "anna") -> list[tuple[int, ...]] | None:
        import json

        mark = work.mark(worker, thing)
        if not mark or not mark["draft"]:
            return None
        boxes = json.loads(mark["draft"])["boxes"]
        return [(box["left"], box["top"], box["width"], box["height"]) for box in boxes]

    return read


def near(box: dict[str, int], left: int, top: int, width: int, height: int, by: int = 2) -> bool:
    wanted = {"left": left, "top": top, "width": width, "height": height}
    return all(type(box[name]) is int and abs(box[name] - value) <= by for name, value in wanted.items())


def test_boxes_are_drawn_moved_resized_and_clipped_to_the_image(jobs, open_canvas, answers):
    work = jobs.make("boxes", "bounding-box", jobs.photos(4))
    canvas = open_canvas("boxes")
    canvas.press("2")
    canvas.drag((50, 60), (150, 160))  # a dog
    canvas.click(100, 110)  # a click within selects it
    canvas.drag((100, 110), (120, 140))  # moves
    canvas.drag((170, 190), (200, 200))  # its corner
    canvas.press("Escape", "1")
    canvas.drag((300, 200), (450, 340))  # a cat, over the image's edge
    canvas.answer("Enter", then=1)
    dog, cat = answers(work)[0]["boxes"]
    assert dog["label"] == "dog"
    assert near(dog, 70, 90, 130, 110)
    assert cat["label"] == "cat"
    assert near(cat, 300, 200, 100, 100)
    assert (cat["left"] + cat["width"], cat["top"] + cat["height"]) == (400, 300)
    assert canvas.leaked() == []


def test_a_box_within_a_selected_one_is_drawn_with_shift(jobs, open_canvas, answers):
    work = jobs.make("inner", "bounding-box", jobs.photos(2))
    canvas = open_canvas("inner")
    canvas.drag((50, 50), (250, 250))
    canvas.page.keyboard.down("Shift")
    canvas.drag((100, 100), (150, 150))
    canvas.page.keyboard.up("Shift")
    canvas.answer("Enter", then=1)
    assert len(answers(work)[0]["boxes"]) == 2


def test_everything_can_be_done_with_keys_alone(jobs, open_canvas, answers):
    work = jobs.make("keyed", "bounding-box", jobs.photos(3))
    canvas = open_canvas("keyed")
    canvas.press("n")  # 75 x 75 in the middle: at 162 or 163, 112 or 113
    canvas.press("ArrowRight", "ArrowRight", "Shift+ArrowDown", "Alt+ArrowRight", "Alt+Shift+ArrowDown")
    canvas.press("3", "n", "Shift+ArrowLeft", "Tab", "2")  # Tab goes round to the first, which becomes a dog
    canvas.press("n", "Delete")
    canvas.answer("Enter", then=1)
    first, second = answers(work)[0]["boxes"]
    assert first["label"] == "dog"
    assert near(first, 165, 123, 76, 85, by=1)
    assert second["label"] == "bird"
    assert near(second, 153, 113, 75, 75, by=1)
    # No boxes at all are an answer, too, but not by mistake.
    canvas.press("Enter")
    expect(canvas.page.get_by_text("Press Enter again")).to_be_visible()
    canvas.answer("Enter", then=2)
    assert answers(work)[1] == {"boxes": []}
    # Tab is no trap: after Escape it leaves the image.
    canvas.press("n", "Escape", "Tab")
    focused = "document.activeElement.shadowRoot.activeElement.className"
    assert "stage" not in canvas.page.evaluate(focused)
    assert canvas.leaked() == []


def test_undo_within_an_item_and_then_across_items(jobs, open_canvas, answers, draft):
    work = jobs.make("steps", "bounding-box", jobs.photos(3))
    canvas = open_canvas("steps")
    canvas.drag((50, 50), (100, 100))
    canvas.answer("Enter", then=1)
    canvas.press("n", "Shift+ArrowLeft")
    canvas.drag((300, 200), (350, 250))
    until(lambda: len(draft(work, 1) or []) == 2)
    canvas.press("Control+z", "Control+z", "Control+z")
    until(lambda: draft(work, 1) == [])
    canvas.press("Control+Shift+z")
    until(lambda: len(draft(work, 1) or []) == 1)
    canvas.press("u")
    canvas.answer("u", then=0)
    assert answers(work) == {}
    canvas.answer("Enter", then=1)  # what was answered stands there to go on with
    assert near(answers(work)[0]["boxes"][0], 50, 50, 50, 50)


def test_unfinished_boxes_survive_a_reload_and_zoom_keeps_their_pixels(jobs, open_canvas, draft):
    work = jobs.make("drafts", "bounding-box", jobs.photos(2))
    canvas = open_canvas("drafts")
    canvas.drag((50, 60), (150, 160))
    (before,) = until(lambda: draft(work))
    canvas.page.reload()
    canvas.shows(0)
    expect(canvas.page.get_by_text("100 \u00d7 100")).to_be_visible()
    canvas.press("+", "+", "Tab", "ArrowRight", "0")
    until(lambda: draft(work) == [(before[0] + 1, *before[1:])])


def test_two_fingers_zoom_and_one_draws(jobs, open_canvas, answers):
    work = jobs.make("touch", "bounding-box", jobs.photos(2))
    phone = {
        "viewport": {"width": 360, "height": 740},
        "has_touch": True,
        "is_mobile": True,
        "device_scale_factor": 2,
    }
    canvas = open_canvas("touch", **phone)
    touch = canvas.touch
    touch("touchStart", (100, 100))
    touch("touchMove", (150, 150))
    touch("touchMove", (200, 200))
    touch("touchEnd")
    expect(canvas.page.get_by_role("heading", name="Boxes (1)")).to_be_visible()
    # Two fingers: no second box, a larger image.
    touch("touchStart", (150, 150))
    touch("touchStart", (150, 150), (250, 150))
    touch("touchMove", (100, 150), (300, 150))
    touch("touchEnd")
    expect(canvas.page.get_by_role("heading", name="Boxes (1)")).to_be_visible()
    canvas.page.get_by_role("button", name="Submit").tap()
    canvas.shows(1)
    (box,) = answers(work)[0]["boxes"]
    assert near(box, 100, 100, 100, 100, by=4)
    # The page is no wider than the phone, and what is pressed is large enough for a thumb.
    assert canvas.page.evaluate("document.documentElement.scrollWidth") <= 360
    for name in ("cat", "dog", "bird"):
        assert canvas.page.get_by_role("radio", name=name).bounding_box()["height"] >= 44


def test_a_picture_stays_sharp_and_in_its_place_on_a_screen_of_other_pixels(jobs, open_canvas):
    jobs.make("screens", "bounding-box", jobs.photos(1))
    canvas = open_canvas("screens")
    session = canvas.page.context.new_cdp_session(canvas.page)
    measure = """() => {
      const base = document.querySelector('.clary-canvas').shadowRoot.querySelector('.view-base');
      const { data } = base.getContext('2d').getImageData(0, 0, base.width, base.height);
      let painted = 0;
      for (let at = 3; at < data.length; at += 4) painted += data[at] > 0;
      return [base.width / base.clientWidth, painted / (base.width * base.height)];
    }"""
    ratio, share = canvas.page.evaluate(measure)
    assert ratio == 1
    metrics = {"width": 1200, "height": 760, "mobile": False, "deviceScaleFactor": 2}
    session.send("Emulation.setDeviceMetricsOverride", metrics)
    assert canvas.page.evaluate("window.devicePixelRatio") == 2
    canvas.page.mouse.move(*canvas.point(200, 150))  # where the browser does not say it, the next move does
    until(lambda: canvas.page.evaluate(measure)[0] == 2)
    assert canvas.page.evaluate(measure)[1] == pytest.approx(share, abs=0.01)


def test_an_adjustment_starts_from_the_earlier_label(jobs, open_canvas, answers):
    earlier = {"boxes": [{"label": "dog", "left": 20, "top": 30, "width": 100, "height": 80}]}
    known = [{"prelabel": (earlier, None, "earlier-job")}] * 2
    work = jobs.make(
        "adjust", "bounding-box", jobs.photos(2), mode="adjust", audit_attribute="old", known=known
    )
    canvas = open_canvas("adjust")
    canvas.press("Tab", "ArrowRight")
    canvas.answer("Enter", then=1)
    assert answers(work)[0]["boxes"] == [{"label": "dog", "left": 21, "top": 30, "width": 100, "height": 80}]
    canvas.answer("Enter")
    assert answers(work)[1] == earlier


def test_a_verification_shows_the_label_and_takes_a_verdict_with_a_comment(jobs, open_canvas, answers):
    earlier = {"boxes": [{"label": "heron", "left": 20, "top": 30, "width": 100, "height": 80}]}
    known = [{"prelabel": (earlier, None, "earlier-job")}] * 2
    work = jobs.make(
        "verify",
        "bounding-box",
        jobs.photos(2),
        mode="verify",
        audit_attribute="old",
        known=known,
        labels=("good", "bad"),
    )
    canvas = open_canvas("verify")
    expect(canvas.page.get_by_role("heading", name="Boxes (1)")).to_be_visible()
    expect(canvas.page.get_by_role("listitem")).to_contain_text("heron")
    canvas.press("c")
    canvas.page.keyboard.type("perhaps")
    until(lambda: work.mark("anna", 0)["draft"])
    canvas.page.get_by_role("textbox").fill("")
    until(lambda: not work.mark("anna", 0)["draft"])  # taken back: it must not return with a reload
    canvas.page.keyboard.type("too wide at 1")
    canvas.press("Escape")
    canvas.answer("2", then=1)
    assert answers(work)[0] == {"label": "bad", "comment": "too wide at 1"}
    canvas.answer("1")
    assert answers(work)[1] == {"label": "good"}
    assert canvas.leaked() == []


@pytest.fixture
def disputed(jobs) -> Any:
    """A job of two photos on which Anna and Ben disagree."""

    def made(name: str, task: str, answers: tuple[Any, Any]) -> Any:
        work = jobs.make(name, task, jobs.photos(2), workers_per_object=2, review_below=0.9)
        for worker, answer in zip(("anna", "ben"), answers, strict=True):
            session = Session(jobs.home, None, None, name, worker, False)
            for item in session.call("next", {"n": 2})["items"]:
                told = {"object": item["id"], "answer": answer, "nonce": f"{worker}{item['id']}"}
                session.call("act", {"action": "answer", **told})
        return work

    return made


def test_the_owner_sees_all_votes_and_decides(disputed, open_canvas):
    box = {"width": 100, "height": 100, "label": "cat"}
    places = ({"left": 20, "top": 20}, {"left": 250, "top": 150})
    work = disputed("review", "bounding-box", tuple({"boxes": [{**box, **place}]} for place in places))
    owner = open_canvas("review", "owner", item=None)
    owner.page.get_by_role("button", name="Review 2", exact=True).click()
    owner.shows(0)
    votes = owner.page.get_by_role("group", name="What the annotators said")
    expect(votes.get_by_role("button")).to_have_count(2)
    # What the owner drew is not lost to a vote, nor to a reload, nor when the item is passed over.
    owner.press("n", "n", "n", "Shift+Digit1")
    expect(owner.page.get_by_role("heading", name="Boxes (1)")).to_be_visible()
    owner.press("Control+z")
    expect(owner.page.get_by_role("heading", name="Boxes (3)")).to_be_visible()
    until(lambda: "clary-review review" in owner.page.evaluate("Object.keys(localStorage)"))
    owner.answer("s", then=1)
    owner.answer("s", then=0)
    expect(owner.page.get_by_role("heading", name="Boxes (3)")).to_be_visible()
    owner.page.reload()
    owner.page.get_by_role("button", name="Review 2", exact=True).click()
    expect(owner.page.get_by_role("heading", name="Boxes (3)")).to_be_visible()
    owner.press("Shift+Digit2", "Tab", "2")
    owner.answer("Enter", then=1)
    (decided,) = work.decisions().values()
    assert decided.answer["boxes"][0]["label"] == "dog"
    assert near(decided.answer["boxes"][0], 250, 150, 100, 100)
    owner.answer("u", then=0)
    assert work.decisions() == {}
    expect(votes.get_by_role("button")).to_have_count(2)
    expect(owner.page.get_by_role("listitem")).to_contain_text("dog")
    owner.answer("Control+Shift+z", then=1)
    assert len(work.decisions()) == 1
    assert owner.page.evaluate("Object.keys(localStorage)") == []


def test_a_vote_for_a_mask_is_taken_as_one_stroke(disputed, open_canvas):
    masks = [[[0, 60000], [one, 60000]] for one in (1, 2)]
    work = disputed(
        "masks",
        "semantic-segmentation",
        tuple({"width": 400, "height": 300, "runs": runs} for runs in masks),
    )
    owner = open_canvas("masks", "owner", item=None)
    owner.page.get_by_role("button", name="Review 2", exact=True).click()
    owner.shows(0)
    owner.drag((50, 50), (80, 80))
    owner.press("Shift+Digit1", "Shift+Digit2", "Control+z")
    owner.answer("Enter", then=1)
    assert work.decisions()[0].answer["runs"] == masks[0]
