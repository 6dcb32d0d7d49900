// Spans by mouse and finger.

export class SpanPointer {
  /** @param {import("./spans.js").SpanEditor} editor */
  constructor(editor) {
    this.editor = editor;
    /** @type {{point: number, moved: boolean}|null} */
    this.dragged = null;
    this.listen();
  }

  listen() {
    const { box } = this.editor.text;
    box.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      if (event.button) return;
      const point = this.editor.text.pointAt(event);
      if (point === null) return;
      // A finger's drag scrolls; a tap takes a word, the next tap takes up to there.
      if (event.pointerType === "touch") return;
      event.preventDefault();
      box.setPointerCapture(event.pointerId);
      if (event.shiftKey) this.stretch(point, event.altKey);
      else this.dragged = { point, moved: false };
      this.editor.place.stage.focus({ preventScroll: true });
    });
    box.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (!this.dragged || event.pointerType === "touch") return;
      const point = this.editor.text.pointAt(event);
      if (point === null || (!this.dragged.moved && point === this.dragged.point)) return;
      this.dragged.moved = true;
      this.editor.cursorShown = false;
      this.editor.take(this.dragged.point, point, event.altKey);
    });
    box.addEventListener("pointercancel", () => (this.dragged = null));
    box.addEventListener("pointerup", (/** @type {PointerEvent} */ event) => {
      const drag = this.dragged;
      this.dragged = null;
      if (drag?.moved) this.taken();
      else if (drag || event.pointerType === "touch") this.tap(event);
    });
  }

  /** @param {number} point @param {boolean} letters */
  stretch(point, letters) {
    this.editor.take(this.editor.anchor, point, letters);
    this.taken();
  }

  /** The mouse let go of a selection. */
  taken() {
    const { from, to } = this.editor.range;
    if (from < to && this.editor.active) this.editor.add(from, to, this.editor.active.name);
  }

  /**
   * A click or a tap: on a span selects it, on a word takes the word; a tap beside a taken word takes up to
   * there.
   * @param {PointerEvent} event
   */
  tap(event) {
    const point = this.editor.text.pointAt(event, true);
    if (point === null) return;
    const inside = this.editor.entities.findIndex((one) => one.startOffset <= point && one.endOffset > point);
    const tag = /** @type {HTMLElement} */ (event.composedPath()[0]).closest?.(".entity");
    const hit = tag ? Number(/** @type {HTMLElement} */ (tag).dataset.entity) : inside;
    if (hit >= 0) return this.editor.select(hit);
    const { from, to } = this.editor.range;
    const touch = event.pointerType === "touch" && from < to;
    this.editor.cursorShown = false;
    this.editor.take(
      touch ? Math.min(from, point) : point,
      touch ? Math.max(to, point + 1) : point + 1,
      false
    );
    this.taken();
  }
}
