// Bounding boxes: drawn, moved and resized by mouse, finger and keyboard.

import { clipped } from "./box_shapes.js";
import { crosshair, drawBox } from "./box_draw.js";
import { BoxKeys } from "./box_keys.js";
import { BoxList } from "./box_list.js";
import { BoxTool } from "./box_tool.js";
import { Edits } from "./edits.js";
import { percent } from "./dom.js";
import { Labels } from "./labels.js";
import { ShownImage } from "./shown.js";

/** @typedef {import("./types.js").Box & {proposed?: boolean, extra?: any}} Box */

/** @param {import("./types.js").Place} place @returns {import("./types.js").Editor} */
export function boxes(place) {
  return new BoxEditor(place);
}

export class BoxEditor {
  /** @param {import("./types.js").Place} place */
  constructor(place) {
    this.place = place;
    this.all = place.job.labels;
    this.active = this.all[0];
    /** @type {Box[]} */
    this.boxes = [];
    this.selected = -1;
    this.edits = new Edits();
    this.confidence = /** @type {number|null} */ (null);
    this.tool = new BoxTool(this);
    this.emptyAsked = false;
    const readonly = Boolean(place.readonly);
    this.shown = new ShownImage(place, {
      tool: readonly ? undefined : this.tool,
      paint: (/** @type {CanvasRenderingContext2D} */ context) => this.paint(context)
    });
    this.view = this.shown.view;
    if (!readonly) {
      this.labels = new Labels(place.panel, this.all, {
        choose: (label) => this.label(label),
        kind: "brush"
      });
      this.list = new BoxList(place.panel, {
        select: (index) => this.select(index),
        remove: (index) => this.remove(index)
      });
      this.keys = new BoxKeys(this);
      this.labels.mark([this.active?.name]);
    } else this.list = new BoxList(place.panel, { select: (index) => this.select(index) });
    this.help = [...BOX_HELP, ...this.shown.help];
  }

  get size() {
    return this.view.size;
  }

  /** @param {string} name */
  color(name) {
    const labels = [...this.all, ...(this.place.job.prelabel_labels || [])];
    return labels.find((label) => label.name === name)?.color || "#6b7280";
  }

  /** @param {import("./types.js").Item} item @param {any} answer @param {number|null} suggested */
  show(item, answer, suggested) {
    this.tool.drag = null;
    this.edits.clear();
    this.confidence = suggested;
    this.emptyAsked = false;
    this.selected = -1;
    const size = /** @type {any} */ (item.source);
    const proposed = suggested != null || (answer === item.prelabel && answer != null);
    this.boxes = inside(answer, size);
    if (proposed && !this.place.readonly) this.boxes = this.boxes.map((box) => ({ ...box, proposed: true }));
    this.shown.show(item);
    this.refresh();
  }

  /** @param {any} answer  it takes the place of the boxes that are there */
  start(answer) {
    this.change(inside(answer, this.size), -1);
  }

  answer() {
    return {
      boxes: this.boxes.map(({ label, left, top, width, height }) => ({ label, left, top, width, height }))
    };
  }

  /** Enter. An image without boxes is an answer, too, but not one by mistake. */
  submit() {
    if (!this.boxes.length && !this.emptyAsked) {
      this.emptyAsked = true;
      this.place.note("No boxes. Press Enter again to say that there is nothing to mark here.");
      return;
    }
    this.place.submit(this.answer());
  }

  refused() {
    this.emptyAsked = false;
  }

  /**
   * @param {Box[]} after @param {number} selected
   * @param {string} [kind] of the change: equal ones in a row are undone at once
   */
  change(after, selected, kind) {
    const before = this.boxes;
    const was = this.selected;
    this.edits.add(
      () => this.put(before, was),
      () => this.put(after, selected),
      kind
    );
    this.put(after, selected);
  }

  /** @param {Box[]} after @param {number} selected */
  put(after, selected) {
    this.boxes = after;
    this.selected = Math.min(selected, after.length - 1);
    this.emptyAsked = false;
    this.refresh();
    this.place.changed();
  }

  /** @param {number} index @param {Box} box @param {string} [kind] */
  replace(index, box, kind) {
    const made = this.boxes.slice();
    made[index] = { ...box, proposed: false };
    this.change(made, index, kind);
  }

  /** @param {Box} box */
  add(box) {
    this.change([...this.boxes, box], this.boxes.length);
    this.place.say(`Box ${this.boxes.length}, ${box.label}, ${box.width} by ${box.height} pixels`);
  }

  /** @param {number} index */
  remove(index) {
    if (index < 0) return;
    const gone = this.boxes[index];
    this.change(
      this.boxes.filter((_, at) => at !== index),
      -1
    );
    this.place.say(`Box of ${gone.label} deleted`);
  }

  /** @param {number} index -1: none */
  select(index) {
    this.selected = index;
    const box = this.boxes[index];
    if (box) this.place.say(`Box ${index + 1} of ${this.boxes.length}, ${box.label}`);
    this.refresh();
  }

  /** Of the selected box, and of those drawn next. @param {import("./types.js").Label} label */
  label(label) {
    this.active = label;
    const box = this.boxes[this.selected];
    if (box && box.label !== label.name) this.replace(this.selected, { ...box, label: label.name });
    this.place.say(label.name);
    this.refresh();
  }

  refresh() {
    const box = this.boxes[this.selected];
    this.labels?.mark([box?.label ?? this.active?.name]);
    this.list?.show(this.boxes, this.selected, (name) => this.color(name));
    this.view.drawLayer();
  }

  /** @param {CanvasRenderingContext2D} context */
  paint(context) {
    if (!this.view) return;
    const { drag, pointer } = this.tool;
    const drawn = drag?.now;
    this.boxes.forEach((box, index) => {
      const now = drawn && index === drag?.index ? drawn : box;
      if (index !== this.selected) drawBox(context, this.view, now, this.look(box, false));
    });
    const selected = this.boxes[this.selected];
    if (selected)
      drawBox(
        context,
        this.view,
        drawn && drag?.index === this.selected ? drawn : selected,
        this.look(selected, true)
      );
    if (drawn && drag?.kind === "draw")
      drawBox(context, this.view, drawn, {
        color: this.color(drawn.label),
        text: `${drawn.width} × ${drawn.height}`
      });
    if (pointer && !this.place.readonly && drag?.kind !== "move") crosshair(context, this.view, pointer);
  }

  /** @param {Box} box @param {boolean} selected */
  look(box, selected) {
    const sure =
      this.confidence != null && box.proposed
        ? ` suggested ${percent(this.confidence)}`
        : box.proposed && !this.place.readonly
          ? " (earlier)"
          : "";
    return {
      color: this.color(box.label),
      text: `${box.label}${sure}`,
      selected,
      proposed: Boolean(box.proposed)
    };
  }

  /** @param {string} key @param {KeyboardEvent} event */
  key(key, event) {
    if (this.keys?.key(key, event)) return true;
    return this.labels?.key(key) || this.shown.key(key);
  }

  /** @param {string} key */
  release(key) {
    if (key.endsWith(" ")) this.view.panning = false;
  }

  undo() {
    return this.edits.undo();
  }

  redo() {
    return this.edits.redo();
  }

  close() {
    this.shown.close();
    this.labels?.box.remove();
    this.list?.box.remove();
  }
}

/** An answer's boxes as far as they lie in the image. @param {any} answer @param {{width: number, height: number}} size */
function inside(answer, size) {
  return (answer?.boxes || []).map((/** @type {any} */ box) => clipped(box, size)).filter(Boolean);
}

const BOX_HELP = [
  { keys: "1 / 2 / …", does: "the label of the next box, or of the selected one" },
  { keys: "Drag", does: "draw a box (with Shift: also over the selected one)" },
  { keys: "N", does: "a box in the middle, to be moved by keys" },
  { keys: "Tab", does: "select the next box; Shift + Tab the one before" },
  { keys: "Arrows", does: "move the selected box by a pixel; with Shift by ten" },
  { keys: "Alt + Arrows", does: "move its right and bottom edge; with Shift by ten" },
  { keys: "Delete", does: "delete the selected box" },
  { keys: "Escape", does: "select none; then Tab leaves the image" }
];
