"""Spans of texts on the canvas: mouse, keyboard, touch, and offsets in code points whatever the text is made of."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

# A letter of five code points (a family), a combining accent, a newline, a letter beyond 16 bits, a word of another script.
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
TEXT = f"Mr. O\u2019Neill {FAMILY} saw Rene\u0301 in Zürich.\nThe 3 \U0001d518ords, then \u6771\u4eac."
LABELS = ("Person", "Place")


def offsets(text: str, part: str) -> tuple[int, int]:
    start = text.index(part)
    return start, start + len(part)


def entity(label: str, part: str, text: str = TEXT) -> dict[str, Any]:
    start, end = offsets(text, part)
    return {"label": label, "startOffset": start, "endOffset": end}


def where(canvas: Any, part: str, at: str = "start") -> tuple[float, float]:
    """Where a part of the text is on the page: just within its first or last letter."""
    found = canvas.page.evaluate(
        """([part, at]) => {
          const root = document.querySelector('.clary-canvas').shadowRoot;
          for (const piece of root.querySelectorAll('.piece')) {
            const index = piece.textContent.indexOf(part);
            if (index < 0) continue;
            const range = document.createRange();
            range.setStart(piece.firstChild, index);
            range.setEnd(piece.firstChild, index + part.length);
            const edges = [...range.getClientRects()];
            const edge = at === 'start' ? edges[0] : edges.at(-1);
            return [at === 'start' ? edge.left + 1 : edge.right - 1, (edge.top + edge.bottom) / 2];
          }
          throw new Error(`no ${part}`);
        }""",
        [part, at],
    )
    return found[0], found[1]


def drag(canvas: Any, first: str, last: str) -> None:
    mouse = canvas.page.mouse
    mouse.move(*where(canvas, first))
    mouse.down()
    mouse.move(*where(canvas, last, "end"), steps=4)
    mouse.up()


def test_words_are_selected_by_the_mouse_and_offsets_count_code_points(jobs, open_canvas, answers):
    work = jobs.make("spans", "named-entity-recognition", [{"source": TEXT}] * 2, labels=LABELS)
    canvas = open_canvas("spans")
    drag(canvas, "Neill", "Neill")  # grows to the whole word
    canvas.press("1")
    drag(canvas, "Zür", "Zür")
    canvas.press("2")
    drag(canvas, "Rene", "Rene")
    canvas.press("1")
    drag(canvas, "ords", "ords")  # behind letters of two UTF-16 units
    canvas.press("2")
    expect(canvas.page.get_by_role("listitem")).to_have_count(4)
    canvas.answer("Enter", then=1)
    assert answers(work)[0]["entities"] == [
        entity("Person", "O\u2019Neill"),
        entity("Person", "Rene\u0301"),
        entity("Place", "Zürich"),
        entity("Place", "\U0001d518ords"),
    ]
    assert canvas.leaked() == []


def test_letters_are_selected_with_alt_and_never_half_a_letter(jobs, open_canvas, answers):
    work = jobs.make("letters", "named-entity-recognition", [{"source": TEXT}] * 2, labels=LABELS)
    canvas = open_canvas("letters")
    canvas.page.keyboard.down("Alt")
    drag(canvas, "rich", "rich")
    canvas.page.keyboard.up("Alt")
    canvas.press("2")
    # By keys: the family is one letter, é is one letter.
    canvas.press("Escape", "Home", "Home", "ArrowRight", "ArrowRight")  # at the family
    canvas.press("Alt+Shift+ArrowRight", "1")
    canvas.press(
        "ArrowRight",
        "ArrowRight",
        "Alt+ArrowRight",
        "Alt+ArrowRight",
        "Alt+ArrowRight",
        "Alt+Shift+ArrowRight",
        "1",
    )
    canvas.answer("Enter", then=1)
    assert answers(work)[0]["entities"] == [
        entity("Person", FAMILY),
        entity("Person", "e\u0301"),
        entity("Place", "rich"),
    ]


def test_the_cursor_goes_by_words_and_lines_and_selects_with_shift(jobs, open_canvas, answers):
    work = jobs.make("cursor", "named-entity-recognition", [{"source": TEXT}] * 3, labels=LABELS)
    canvas = open_canvas("cursor")
    canvas.press("ArrowRight", "ArrowRight", "1")  # labels the word at the cursor
    canvas.press("ArrowDown", "Home", "ArrowDown", "Shift+ArrowRight", "Shift+ArrowRight", "2")  # The 3
    canvas.answer("Enter", then=1)
    assert answers(work)[0]["entities"] == [entity("Person", "O\u2019Neill"), entity("Place", "The 3")]
    # Overlaps are refused, the same span gets another label, Delete deletes, undo brings back.
    canvas.press("ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "1")
    canvas.press("Home", "ArrowRight", "2")
    expect(canvas.page.get_by_text("Spans cannot overlap")).to_be_visible()
    canvas.press("Tab", "2", "Delete", "Control+z")
    canvas.answer("Enter", then=2)
    assert answers(work)[1]["entities"] == [entity("Place", "Mr. O\u2019Neill")]
    assert canvas.leaked() == []


def test_a_finger_takes_a_word_and_the_words_up_to_the_next_tap(jobs, open_canvas, answers):
    work = jobs.make("taps", "named-entity-recognition", [{"source": TEXT}] * 2, labels=LABELS)
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    canvas = open_canvas("taps", **phone)
    canvas.page.touchscreen.tap(*where(canvas, "The"))
    canvas.page.touchscreen.tap(*where(canvas, "ords"))
    canvas.page.get_by_role("radio", name="Person").tap()
    canvas.page.get_by_role("button", name="Submit").tap()
    canvas.shows(1)
    assert answers(work)[0]["entities"] == [entity("Person", "The 3 \U0001d518ords")]
    assert canvas.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_script_in_texts_and_names_is_shown_and_never_run(jobs, open_canvas, answers):
    evil = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script>'
    line = {"source": f"{evil} and more"}
    work = jobs.make(
        "evil",
        "named-entity-recognition",
        [line] * 2,
        labels=(evil, "b"),
        title=evil,
        description=evil,
        instructions=evil,
    )
    canvas = open_canvas("evil")
    expect(canvas.page.get_by_role("heading", name=evil)).to_be_visible()
    drag(canvas, "and", "more")
    canvas.press("1")
    expect(canvas.page.get_by_role("listitem")).to_contain_text(evil)
    canvas.press("i", "Escape", "f")
    canvas.page.get_by_role("textbox").last.fill(evil)
    canvas.press("Enter")
    expect(canvas.page.get_by_role("button", name="Flag")).to_have_attribute("aria-pressed", "true")
    canvas.answer("Enter", then=1)
    canvas.answer("PageUp", then=0)
    assert answers(work)[0]["entities"][0]["label"] == evil
    assert canvas.page.evaluate("window.hacked") is None
    choice = jobs.make("evil-choice", "text-classification", [line] * 2, labels=(evil, "b"))
    canvas = open_canvas("evil-choice")
    canvas.press("g", "1", "Space", "Enter")
    expect(canvas.page.get_by_role("option")).to_have_count(1)
    assert answers(choice)[0] == {"label": evil}
    assert canvas.page.evaluate("window.hacked") is None


# Hebrew with a name and a year in it, which are written from left to right.
RIGHT_TO_LEFT = (
    "\u05e9\u05dc\u05d5\u05dd Zürich 2026 \u05e2\u05d5\u05dc\u05dd, \u05d6\u05d4 "
    "\u05d8\u05e7\u05e1\u05d8 \u05d1\u05e2\u05d1\u05e8\u05d9\u05ea."
)
# A click within a word's first and last letter, whichever way it is written, takes that word.
_CLICKS = """async (words) => {
  const root = document.querySelector('.clary-canvas').shadowRoot;
  const taken = [];
  for (const word of words) {
    for (const at of [0, word.length - 1]) {
      const piece = [...root.querySelectorAll('.piece')].find((one) => one.textContent.includes(word));
      const range = document.createRange();
      const index = piece.firstChild.data.indexOf(word) + at;
      range.setStart(piece.firstChild, index);
      range.setEnd(piece.firstChild, index + 1);
      const edge = range.getBoundingClientRect();
      for (const clientX of [edge.left + 1, edge.right - 1]) {
        const where = { clientX, clientY: (edge.top + edge.bottom) / 2, bubbles: true, composed: true, pointerType: 'touch' };
        const box = root.querySelector('.reading');
        box.dispatchEvent(new PointerEvent('pointerdown', where));
        box.dispatchEvent(new PointerEvent('pointerup', where));
        taken.push([...root.querySelectorAll('.piece.taken')].map((one) => one.textContent).join(''));
        root.querySelector('.stage').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
      }
    }
  }
  return taken;
}"""


def test_words_written_from_right_to_left_are_taken_where_they_are_pressed(jobs, open_canvas, answers):
    long = f"{RIGHT_TO_LEFT} and more words from the left, \u05d5\u05e2\u05d5\u05d3. " * 300
    lines = [{"source": f"{RIGHT_TO_LEFT}\nA second line."}, {"source": long}]
    work = jobs.make("rtl", "named-entity-recognition", lines, labels=LABELS)
    canvas = open_canvas("rtl")
    words = [one.strip(",.") for one in RIGHT_TO_LEFT.split()]
    assert canvas.page.evaluate(_CLICKS, words) == [word for word in words for _ in range(4)]
    directions = "node => getComputedStyle(node).direction"
    assert [one.evaluate(directions) for one in canvas.page.locator(".line").all()] == ["rtl", "ltr"]
    # What is marked stays where it is read: the year right of the name, within words that go to the left.
    drag(canvas, "2026", "2026")
    canvas.press("2")
    assert where(canvas, "Zürich", "end")[0] < where(canvas, "2026")[0] < where(canvas, words[0])[0]
    # A drag from the right to the left over two words; then by keys, to the left and so to the next word.
    canvas.page.mouse.move(*where(canvas, words[3], "end"))
    canvas.page.mouse.down()
    canvas.page.mouse.move(*where(canvas, words[4], "start"), steps=3)
    canvas.page.mouse.up()
    canvas.press("1", "Escape", "ArrowLeft", "ArrowLeft", "2")
    canvas.answer("Enter", then=1)
    text = lines[0]["source"]
    assert answers(work)[0]["entities"] == [
        entity("Place", "2026", text),
        entity("Person", f"{words[3]}, {words[4]}", text),
        entity("Place", words[5], text),
    ]
    # In more than 20,000 letters a move of the mouse still takes no time that anybody feels.
    assert len(long) > 20_000
    spent = canvas.page.evaluate("""() => {
      const box = document.querySelector('.clary-canvas').shadowRoot.querySelector('.reading');
      const edge = box.getBoundingClientRect();
      const at = (type, index) => box.dispatchEvent(new PointerEvent(type, { clientX: edge.left + 200 + 10 * index,
        clientY: edge.top + 100 + 15 * index, pointerId: 1, pointerType: 'touch', bubbles: true, composed: true }));
      const begun = performance.now();
      for (let index = 0; index < 20; index++) at('pointerdown', index);
      return (performance.now() - begun) / 20;
    }""")
    assert spent < 50
