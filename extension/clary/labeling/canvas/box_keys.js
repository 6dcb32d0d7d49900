// Boxes without a mouse: made, selected, moved, resized, labeled, deleted.

import { grown, moved } from "./box_shapes.js";
import { labelOf } from "./keys.js";

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class BoxKeys {
  /** @param {import("./boxes.js").BoxEditor} editor */
  constructor(editor) {
    this.editor = editor;
    this.leaving = false;
  }

  /** @param {string} key @param {KeyboardEvent} event @returns {boolean} */
  key(key, event) {
    const { editor } = this;
    const label = labelOf(editor.all, key, event);
    if (!/Tab|Escape/.test(key)) this.leaving = false;
    if (label) editor.label(label);
    else if (key === "n") this.add();
    else if (key === "Tab" || key === "Shift+Tab") return this.cycle(key === "Tab" ? 1 : -1, event);
    else if (key === "Escape") return this.escape();
    else if (editor.selected < 0) return false;
    else if (key === "Delete" || key === "Backspace") editor.remove(editor.selected);
    else return this.arrow(key);
    return true;
  }

  /** A box in the middle of what is seen. */
  add() {
    const { view, size, active } = this.editor;
    const { clientWidth, clientHeight } = view.box;
    const side = Math.max(
      1,
      Math.round(Math.min(clientWidth / view.scale, clientHeight / view.scale, size.width, size.height) / 4)
    );
    const left = (clientWidth / 2 - view.left) / view.scale - side / 2;
    const top = (clientHeight / 2 - view.top) / view.scale - side / 2;
    const box = { label: active.name, left: 0, top: 0, width: side, height: side };
    this.editor.add(moved(box, left, top, size));
  }

  /**
   * Round and round; after Escape, Tab leaves the image as usual.
   * @param {number} step @param {KeyboardEvent} event
   */
  cycle(step, event) {
    const { editor } = this;
    const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
    const count = editor.boxes.length;
    if (!target.classList.contains("stage") || !count || this.leaving) return false;
    editor.select(editor.selected < 0 && step < 0 ? count - 1 : (editor.selected + step + count) % count);
    return true;
  }

  escape() {
    const { editor } = this;
    this.leaving = true;
    if (!editor.tool.drag && editor.selected < 0) return false;
    editor.tool.drag = null;
    editor.select(-1);
    return true;
  }

  /** @param {string} key */
  arrow(key) {
    const { editor } = this;
    const match = /^(Alt\+)?(Shift\+)?(Arrow\w+)$/.exec(key);
    if (!match) return false;
    const [x, y] = /** @type {any} */ (WAYS)[match[3]].map(
      (/** @type {number} */ one) => one * (match[2] ? 10 : 1)
    );
    const box = editor.boxes[editor.selected];
    const changed = match[1] ? grown(box, x, y, editor.size) : moved(box, x, y, editor.size);
    editor.replace(editor.selected, changed, `${match[1] || ""}arrow${editor.selected}`);
    editor.place.say(`${changed.left}, ${changed.top}, ${changed.width} by ${changed.height}`);
    return true;
  }
}
