// Boxes by mouse and finger: a press draws, selects, moves or resizes.

import { between, boxAt, HANDLES, handleNear, moved, resized } from "./box_shapes.js";

/** @typedef {import("./types.js").Box} Box @typedef {{x: number, y: number}} Point */
/** @typedef {{kind: "press", from: Point} | {kind: "draw", from: Point} | {kind: "move", from: Point, box: Box, index: number}
 *   | {kind: "resize", from: Point, box: Box, index: number, handle: number}} Press  what a press began */

export class BoxTool {
  /** @param {import("./boxes.js").BoxEditor} editor */
  constructor(editor) {
    this.editor = editor;
    /** @type {(Press & {now?: Box, index?: number})|null} `now`: the box as it is dragged */
    this.drag = null;
    /** @type {Point|null} where the mouse is */
    this.pointer = null;
  }

  /** @param {Point} point @param {PointerEvent} event */
  down(point, event) {
    const { boxes, selected, view } = this.editor;
    const box = event.shiftKey ? undefined : boxes[selected];
    const handle = box ? handleNear(box, point, (event.pointerType === "touch" ? 18 : 8) / view.scale) : -1;
    if (box && handle >= 0) this.drag = { kind: "resize", from: point, box, handle, index: selected };
    else if (box && boxAt([box], point, 0) === 0)
      this.drag = { kind: "move", from: point, box, index: selected };
    else this.drag = { kind: "press", from: point };
  }

  /** @param {Point} point @param {PointerEvent} event */
  move(point, event) {
    const { editor, drag } = this;
    if (!drag) return;
    const touch = event.pointerType === "touch";
    this.pointer = touch ? null : point;
    const { x, y } = { x: point.x - drag.from.x, y: point.y - drag.from.y };
    // A hand that is not quite still only clicks.
    if (!drag.now && Math.hypot(x, y) * editor.view.scale <= (touch ? 8 : 3)) return;
    if (drag.kind === "press") {
      editor.selected = -1;
      this.drag = {
        kind: "draw",
        from: drag.from,
        now: between(drag.from, point, editor.size, editor.active.name)
      };
    } else if (drag.kind === "draw") drag.now = between(drag.from, point, editor.size, editor.active.name);
    else if (drag.kind === "move") drag.now = moved(drag.box, x, y, editor.size);
    else drag.now = resized(drag.box, HANDLES[drag.handle], point, editor.size);
    editor.view.drawLayer();
  }

  /** @param {Point} point */
  up(point) {
    const { editor, drag } = this;
    this.drag = null;
    if (!drag) return;
    if (drag.kind === "draw" && drag.now) this.drawn(drag.now);
    else if (drag.now && drag.index !== undefined) editor.replace(drag.index, drag.now);
    else editor.select(boxAt(editor.boxes, point, 4 / editor.view.scale));
  }

  /** @param {Box} box */
  drawn(box) {
    const { editor } = this;
    // A slip of the mouse is no box; in an image of a few pixels, one pixel is.
    const small = Math.min(box.width, box.height) * editor.view.scale < 3 && box.width * box.height < 16;
    if (small) editor.refresh();
    else editor.add(box);
  }

  cancel() {
    this.drag = null;
    this.editor.refresh();
  }

  /** @param {Point|null} point */
  hover(point) {
    const { boxes, selected, view } = this.editor;
    this.pointer = point;
    const box = boxes[selected];
    const handle = point && box ? handleNear(box, point, 8 / view.scale) : -1;
    const inside = point && box && boxAt([box], point, 0) === 0;
    view.layer.style.cursor = handle >= 0 ? HANDLES[handle].cursor : inside ? "move" : "crosshair";
    view.drawLayer();
  }
}
