"""Semantic segmentation on the canvas: brush, eraser, polygon, fill, and what is written of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.ui.lab import until

WIDTH, HEIGHT = 400, 300


def grid_of(answer: dict[str, Any]) -> list[list[int]]:
    """The class of every pixel, by row."""
    pixels: list[int] = []
    for value, length in answer["runs"]:
        pixels += [value] * length
    assert len(pixels) == answer["width"] * answer["height"]
    return [pixels[row * answer["width"] : (row + 1) * answer["width"]] for row in range(answer["height"])]


def count(grid: list[list[int]], value: int) -> int:
    return sum(row.count(value) for row in grid)


@pytest.fixture
def canvas_and_work(jobs, open_canvas) -> Any:
    def opened(name: str, **members: Any) -> Any:
        work = jobs.make(name, "semantic-segmentation", jobs.photos(2), **members)
        return open_canvas(name), work

    return opened


def test_what_is_painted_erased_and_filled_is_what_is_written(canvas_and_work, answers):
    canvas, work = canvas_and_work("painted")
    canvas.press("]", "]", "]", "]", "]", "]", "]", "2")  # a brush of about 28 pixels
    canvas.drag((100, 100), (200, 100))
    canvas.press("p", "3")
    for corner in ((250, 50), (350, 50), (350, 150), (250, 150)):
        canvas.click(*corner)
    canvas.press("Enter")  # closes the polygon, does not submit
    canvas.press("e")
    canvas.drag((300, 40), (300, 160))
    canvas.press("d", "1")
    canvas.click(20, 280)  # fills the background around
    canvas.answer("Enter", then=1)
    grid = grid_of(answers(work)[0])
    assert grid[100][150] == 2
    assert grid[85][150] == 1
    assert grid[100][95] == 2  # the brush is round at its ends
    assert grid[60][260] == 3
    assert grid[140][340] == 3
    assert grid[100][300] == 1  # erased, then filled with the rest
    assert count(grid, 0) == 0
    assert abs(count(grid, 3) - 100 * (100 - 29)) < 400
    assert canvas.leaked() == []


def test_strokes_are_undone_one_by_one_and_kept_as_a_draft(canvas_and_work):
    canvas, work = canvas_and_work("strokes")

    def painted() -> list[int] | None:
        mark = work.mark("anna", 0)
        if not mark or not mark["draft"]:
            return None
        grid = grid_of(json.loads(mark["draft"]))
        return [grid[100][150], grid[200][150]]

    canvas.drag((100, 100), (200, 100))
    canvas.press("2")
    canvas.drag((100, 200), (200, 200))
    until(lambda: painted() == [1, 2])
    canvas.press("Control+z")
    until(lambda: painted() == [1, 0])
    canvas.press("Control+z")
    until(lambda: painted() == [0, 0])
    canvas.press("Control+Shift+z", "Control+Shift+z")
    until(lambda: painted() == [1, 2])
    canvas.page.reload()
    canvas.shows(0)
    canvas.press("e")
    canvas.drag((140, 90), (160, 110))
    until(lambda: painted() == [0, 2])


def test_a_polygon_that_was_begun_is_given_up_and_brought_back(canvas_and_work):
    canvas, work = canvas_and_work("begun")

    def kept() -> tuple[int, int]:
        """Painted pixels of class 1, and corners, of the draft."""
        draft = json.loads((work.mark("anna", 0) or {})["draft"] or '{"corners": []}')
        return count(grid_of(draft), 1) if "runs" in draft else 0, len(draft.get("corners", []))

    corners = ((200, 50), (300, 50), (300, 150), (200, 150))
    canvas.press("p")
    for corner in corners:
        canvas.click(*corner)
    until(lambda: kept() == (0, 4))
    canvas.press("b")  # by mistake
    until(lambda: kept() == (0, 0))
    canvas.press("Control+z")
    until(lambda: kept() == (0, 4))
    canvas.press("Backspace", "Escape", "Control+z", "Control+z")
    canvas.page.reload()
    canvas.shows(0)
    canvas.press("Enter")  # closes it: the corners were kept, and the tool is the polygon again
    until(lambda: kept() == (100 * 100, 0))
    canvas.press("Control+z")
    until(lambda: kept() == (0, 4))
    canvas.press("Control+Shift+z")
    until(lambda: kept() == (100 * 100, 0))
    # A drag is one change.
    canvas.press("e")
    canvas.drag((190, 40), (310, 160))
    canvas.press("p")
    canvas.drag((20, 200), (120, 280))
    until(lambda: kept()[1] > 2)
    canvas.press("Control+z")
    until(lambda: kept()[1] == 0)
    assert 0 < kept()[0] < 100 * 100


def test_two_fingers_only_zoom_whatever_the_tool(jobs, open_canvas):
    work = jobs.make("pinches", "semantic-segmentation", jobs.photos(1))
    canvas = open_canvas("pinches", has_touch=True, viewport={"width": 420, "height": 800})
    for tool in ("Brush", "Fill", "Polygon"):
        canvas.page.get_by_role("button", name=tool).tap()
        for left in (100, 200, 300):
            canvas.touch("touchStart", (left, left / 2))
            canvas.touch("touchStart", (left, left / 2), (left + 30, left / 2))
            canvas.touch("touchMove", (left - 1, left / 2), (left + 31, left / 2))
            canvas.touch("touchEnd")
        canvas.press("0")
    canvas.press("Enter")
    expect(canvas.page.get_by_text("Nothing is marked")).to_be_visible()
    # One finger fills, when it is up.
    canvas.press("d")
    canvas.touch("touchStart", (100, 100))
    canvas.touch("touchEnd")
    draft = until(lambda: (work.mark("anna", 0) or {})["draft"])
    assert count(grid_of(json.loads(draft)), 1) == WIDTH * HEIGHT


def test_a_mask_is_made_with_keys_alone(canvas_and_work, answers):
    canvas, work = canvas_and_work("keyed")
    canvas.press("ArrowRight", "Space")  # a dab
    canvas.press(*["ArrowRight"] * 8, "Shift+Space")  # a line to there
    canvas.press(
        "p",
        "2",
        *["ArrowDown"] * 6,
        "Space",
        *["ArrowLeft"] * 6,
        "Space",
        *["ArrowDown"] * 5,
        "Space",
        "Enter",
    )
    canvas.answer("Enter", then=1)
    grid = grid_of(answers(work)[0])
    assert count(grid, 1) > 300
    assert count(grid, 2) > 500
    # An empty mask is an answer, too, but not by mistake.
    canvas.press("Enter")
    expect(canvas.page.get_by_text("Press Enter again")).to_be_visible()
    canvas.answer("Enter")
    assert answers(work)[1]["runs"] == [[0, WIDTH * HEIGHT]]
    assert canvas.leaked() == []


@pytest.mark.parametrize("answer", [{"width": 5, "height": 3, "runs": [[0, 4], [2, 3], [1, 8]]}])
def test_runs_read_and_written_are_the_same(open_canvas, canvas_and_work, answer):
    canvas, _ = canvas_and_work("runs")
    module = "const { Mask } = await import('/canvas/mask.js');"
    again = canvas.page.evaluate(f"async (answer) => {{ {module} return Mask.of(answer).toRuns(); }}", answer)
    assert again == answer["runs"]
    # Twelve megapixels with an edge in every row: written while nobody notices.
    big = f"""async () => {{ {module}
      const mask = new Mask(4000, 3000);
      for (let row = 0; row < 3000; row++) mask.span(row, 1000 + row % 50, 2500, 1);
      const begun = performance.now();
      const runs = mask.toRuns();
      return [performance.now() - begun, runs.length, runs.reduce((sum, run) => sum + run[1], 0)];
    }}"""
    milliseconds, length, total = canvas.page.evaluate(big)
    assert (length, total) == (6001, 12_000_000)
    assert milliseconds < 1000


def test_a_mask_to_verify_has_classes_of_its_own(jobs, open_canvas, answers):
    known = []
    for names in (("road", "sky"), ("sky", "<b>tree</b>")):
        classes = [{"name": name, "color": "#2acf59" if name == "sky" else "#cf2a2a"} for name in names]
        runs = [[0, 20_000], [1, 40_000], [2, 60_000]]
        earlier = {"width": WIDTH, "height": HEIGHT, "runs": runs, "classes": classes}
        known.append({"prelabel": (earlier, None, "earlier-job")})
    work = jobs.make(
        "masks",
        "semantic-segmentation",
        jobs.photos(2),
        mode="verify",
        audit_attribute="old-ref",
        known=known,
        labels=("good", "bad"),
    )
    canvas = open_canvas("masks")
    legend = canvas.page.get_by_role("list", name="Classes").get_by_role("listitem")
    expect(legend).to_have_text(["road", "sky"])
    color = """() => {
      const mask = document.querySelector('.clary-canvas').shadowRoot.querySelector('.view-mask');
      const pixel = (y) => [...mask.getContext('2d').getImageData(mask.width / 2, mask.height * y, 1, 1).data];
      return [pixel(0.3), pixel(0.8)];
    }"""
    road, sky = canvas.page.evaluate(color)
    assert road[0] > 180 > 100 > road[1]
    assert sky[1] > 180 > 100 > sky[0]
    canvas.answer("1", then=1)
    expect(legend).to_have_text(["sky", "<b>tree</b>"])
    sky, tree = canvas.page.evaluate(color)
    assert sky[1] > sky[0]
    assert tree[0] > tree[1]
    assert answers(work)[0] == {"label": "good"}
