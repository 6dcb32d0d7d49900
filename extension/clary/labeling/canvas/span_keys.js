// A text's spans without a mouse: a cursor that goes by words, letters and lines, and selects with Shift.

import { labelOf } from "./keys.js";

export class SpanKeys {
  /** @param {import("./spans.js").SpanEditor} editor */
  constructor(editor) {
    this.editor = editor;
    this.leaving = false;
    /** the cursor stands at a word (not between letters) */
    this.word = true;
  }

  /** @param {string} key @param {KeyboardEvent} event @returns {boolean} */
  key(key, event) {
    const { editor } = this;
    const label = labelOf(editor.all, key, event);
    if (!/Tab|Escape/.test(key)) this.leaving = false;
    if (label) {
      if (!event.repeat) editor.label(label);
      return true;
    }
    const arrow = /^(Alt\+)?(Shift\+)?(Arrow\w+|Home|End)$/.exec(key);
    if (arrow) return this.arrow(arrow[3], Boolean(arrow[2]), Boolean(arrow[1]));
    if (key === "Delete" || key === "Backspace") return this.remove();
    if (key === "Tab" || key === "Shift+Tab") return this.cycle(key === "Tab" ? 1 : -1, event);
    if (key === "Escape") return this.escape();
    return editor.labels?.key(key) || false;
  }

  /** @param {string} key @param {boolean} selects @param {boolean} letters */
  arrow(key, selects, letters) {
    const { editor } = this;
    const was = editor.range;
    editor.selected = -1;
    if (!editor.cursorShown) {
      editor.cursorShown = true;
      // The first press shows where the cursor is.
      if (!selects && was.from === was.to) return this.at(editor.cursor, false);
    }
    this.word = !letters;
    if (key === "ArrowUp" || key === "ArrowDown")
      return this.at(this.line(key === "ArrowUp" ? -1 : 1), selects);
    if (key === "Home") return this.at(0, selects);
    if (key === "End") return this.at(editor.offsets.length, selects);
    // To where the arrow points: backwards, in a line that is written from right to left.
    const step = (key === "ArrowLeft") === editor.text.leftwards(editor.cursor) ? 1 : -1;
    return this.at(
      letters ? editor.offsets.letter(editor.cursor, step) : this.byWord(step, selects),
      selects
    );
  }

  /** @param {number} step @param {boolean} selects then the cursor goes to a word's far end */
  byWord(step, selects) {
    const { words, length } = this.editor.offsets;
    const { cursor } = this.editor;
    if (step > 0) {
      if (selects) return words.find((word) => word.end > cursor)?.end ?? length;
      return words.find((word) => word.start > cursor)?.start ?? words.at(-1)?.start ?? length;
    }
    return words.findLast((word) => word.start < cursor)?.start ?? words[0]?.start ?? 0;
  }

  /** The same place a line up or down. @param {number} step */
  line(step) {
    const { text, cursor, offsets } = this.editor;
    const edge = text.edgeOf(cursor);
    const found = text.pointAt(
      {
        clientX: (edge.left + edge.right) / 2,
        clientY: edge.top + edge.height / 2 + step * lineHeight(text.text)
      },
      true
    );
    if (found === null) return step < 0 ? 0 : (offsets.words.at(-1)?.start ?? 0);
    return this.word ? (offsets.words[offsets.wordAt(found)]?.start ?? found) : found;
  }

  /** @param {number} point @param {boolean} selects */
  at(point, selects) {
    const { editor } = this;
    editor.cursor = point;
    if (!selects) editor.anchor = point;
    editor.refresh();
    editor.text.keepInSight(point);
    const { from, to } = editor.range;
    const word = editor.offsets.words[editor.offsets.wordAt(point)];
    editor.place.say(
      from < to
        ? `selected: ${editor.offsets.slice(from, to)}`
        : word
          ? editor.offsets.slice(word.start, word.end)
          : ""
    );
    return true;
  }

  remove() {
    const { editor } = this;
    const { from, to } = editor.range;
    let index = editor.selected;
    if (index < 0 && editor.cursorShown) {
      index = editor.entities.findIndex((one) =>
        from < to
          ? one.startOffset < to && one.endOffset > from
          : one.startOffset <= from && one.endOffset > from
      );
    }
    if (index < 0) return false;
    editor.remove(index);
    return true;
  }

  /** @param {number} step @param {KeyboardEvent} event */
  cycle(step, event) {
    const { editor } = this;
    const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
    const count = editor.entities.length;
    if (!target.classList.contains("stage") || !count || this.leaving) return false;
    editor.select(editor.selected < 0 && step < 0 ? count - 1 : (editor.selected + step + count) % count);
    return true;
  }

  escape() {
    const { editor } = this;
    this.leaving = true;
    const { from, to } = editor.range;
    const had = from < to || editor.selected >= 0 || editor.cursorShown || editor.active;
    editor.anchor = editor.cursor;
    editor.selected = -1;
    editor.cursorShown = false;
    editor.active = null;
    editor.refresh();
    return Boolean(had);
  }
}

/** @param {Element} element */
function lineHeight(element) {
  return parseFloat(getComputedStyle(element).lineHeight) || 24;
}
