// Segmentation without a mouse: a cross that the arrows move, and Space that paints where it is.

import { labelOf } from "./keys.js";

/** @type {Record<string, "brush"|"eraser"|"polygon"|"fill">} */
const TOOLS = { b: "brush", e: "eraser", p: "polygon", d: "fill" };
/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class SegmentKeys {
  /** @param {import("./segments.js").SegmentEditor} editor */
  constructor(editor) {
    this.editor = editor;
    /** @type {{x: number, y: number}|null} where Space painted last */
    this.dabbed = null;
    this.line = false;
  }

  /** @param {string} key @param {KeyboardEvent} event @returns {boolean} */
  key(key, event) {
    const { editor } = this;
    const label = labelOf(editor.place.job.labels, key, event);
    if (label) editor.choose(label);
    else if (TOOLS[key]) editor.take(TOOLS[key]);
    else if (key === "[") editor.resize(Math.min(editor.size - 1, editor.size / 1.2));
    else if (key === "]") editor.resize(Math.max(editor.size + 1, editor.size * 1.2));
    else if (key === "o") editor.fade(editor.paint.opacity > 0.7 ? 0 : editor.paint.opacity + 0.25);
    else if (key === "Backspace" || key === "Delete") return editor.tools.back();
    else if (key === "Escape") return this.escape();
    else if (key === " " || key === "Shift+ ") {
      if (!event.repeat) editor.view.panned = false;
      editor.view.panning = true;
      this.line = key !== " ";
    } else return this.arrow(key);
    return true;
  }

  escape() {
    const { tools, view } = this.editor;
    if (!tools.points.length && !tools.cross) return false;
    tools.put([]);
    tools.cross = null;
    view.drawLayer();
    return true;
  }

  /** @param {string} key */
  arrow(key) {
    const match = /^(Shift\+)?(Arrow\w+)$/.exec(key);
    if (!match) return false;
    const { tools, view, mask, place } = this.editor;
    const { clientWidth, clientHeight } = view.box;
    const middle = {
      x: (clientWidth / 2 - view.left) / view.scale,
      y: (clientHeight / 2 - view.top) / view.scale
    };
    const from = tools.cross || middle;
    const step = match[1] ? 1 : Math.max(1, 16 / view.scale);
    const [x, y] = WAYS[match[2]];
    tools.cross = {
      x: Math.min(mask.width - 0.5, Math.max(0.5, from.x + x * step)),
      y: Math.min(mask.height - 0.5, Math.max(0.5, from.y + y * step))
    };
    const [left, top] = view.toScreen(tools.cross.x, tools.cross.y);
    if (left < 20 || left > clientWidth - 20) view.pan(clientWidth / 2 - left, 0);
    if (top < 20 || top > clientHeight - 20) view.pan(0, clientHeight / 2 - top);
    const under = mask.at(tools.cross.x, tools.cross.y);
    place.say(
      `${Math.floor(tools.cross.x)}, ${Math.floor(tools.cross.y)}: ${under ? this.editor.all[under - 1]?.name : "nothing"}`
    );
    view.drawLayer();
    return true;
  }

  /** Space was pressed and no drag followed. */
  dab() {
    const { editor } = this;
    const { tools } = editor;
    const at = tools.cross;
    if (!at) return;
    if (editor.tool === "polygon") tools.corner(at);
    else if (editor.tool === "fill") tools.flood(at);
    else {
      tools.stroke(this.line && this.dabbed ? this.dabbed : at, at);
      editor.commit();
      this.dabbed = at;
      editor.place.say("painted");
    }
  }
}

export const SEGMENT_HELP = [
  { keys: "1 / 2 / …", does: "the class that is painted" },
  { keys: "B / E / P / D", does: "brush, eraser, polygon, fill" },
  { keys: "[ / ]", does: "smaller or larger brush" },
  { keys: "Click", does: "with the polygon: a corner; a drag draws freely" },
  { keys: "Enter", does: "close the polygon; otherwise submit" },
  { keys: "Backspace", does: "take the last corner back" },
  { keys: "Arrows", does: "move the cross; with Shift by a pixel" },
  { keys: "Space", does: "paint at the cross, or set a corner; with Shift a line to there" },
  { keys: "O", does: "more or less opaque" }
];
