// Semantic segmentation: brush, eraser, polygon and fill, by mouse, finger and keyboard.

import { fill, h, percent } from "./dom.js";
import { Edits } from "./edits.js";
import { Labels } from "./labels.js";
import { Mask } from "./mask.js";
import { MaskPaint, PATTERNS } from "./mask_paint.js";
import { SegmentKeys, SEGMENT_HELP } from "./segment_keys.js";
import { SegmentTools } from "./segment_tools.js";
import { ShownImage } from "./shown.js";

/** @param {import("./types.js").Place} place @returns {import("./types.js").Editor} */
export function segments(place) {
  return new SegmentEditor(place);
}

export class SegmentEditor {
  /** @param {import("./types.js").Place} place */
  constructor(place) {
    this.place = place;
    /** class i is the label number i - 1 @type {{name: string, color: string}[]} */
    this.all = place.job.labels;
    this.edits = new Edits();
    this.active = 1; // the class that is painted
    /** @type {"brush"|"eraser"|"polygon"|"fill"} */
    this.tool = "brush";
    this.size = 40; // of the brush, in image pixels across
    this.sized = false;
    this.emptyAsked = false;
    /** @type {Mask} */
    this.mask = new Mask(1, 1);
    this.tools = new SegmentTools(this);
    this.shown = new ShownImage(place, {
      tool: place.readonly ? undefined : this.tools,
      paint: (/** @type {CanvasRenderingContext2D} */ context) => this.tools.paint(context)
    });
    this.view = this.shown.view;
    this.paint = new MaskPaint(
      this.view,
      this.all.map((label) => label.color)
    );
    this.bar = h("div", { class: "tools", role: "group", "aria-label": "Tools" });
    this.legend = h("ul", { class: "list", "aria-label": "Classes" });
    if (place.readonly) place.panel.append(this.legend);
    else {
      this.keys = new SegmentKeys(this);
      place.panel.append(this.bar);
      this.labels = new Labels(place.panel, place.job.labels, {
        choose: (label) => this.choose(label),
        kind: "brush",
        patterns: true
      });
    }
    this.hint = h("p", { class: "faint" });
    place.panel.append(this.hint);
    this.opacity = h("input", {
      type: "range",
      min: 0,
      max: 100,
      value: 50,
      "aria-label": "Opacity of the classes",
      on: { input: () => this.fade(this.opacity.value / 100) }
    });
    place.panel.append(h("label", { class: "slider" }, "Opacity", this.opacity));
    this.buttons();
    this.help = [...(place.readonly ? [] : SEGMENT_HELP), ...this.shown.help];
  }

  buttons() {
    const one = (/** @type {any} */ tool, /** @type {string} */ name, /** @type {string} */ key) =>
      h(
        "button",
        {
          class: "tool",
          "aria-pressed": String(this.tool === tool),
          "aria-keyshortcuts": key,
          title: `${name} (${key})`,
          on: { click: () => this.take(tool) }
        },
        name,
        h("kbd", { text: key })
      );
    const size = h("input", {
      type: "range",
      min: 0,
      max: 100,
      value: this.sizeToSlider(),
      "aria-label": "Size of the brush",
      on: { input: () => this.resize(this.sliderToSize(Number(size.value))) }
    });
    fill(
      this.bar,
      one("brush", "Brush", "B"),
      one("eraser", "Eraser", "E"),
      one("polygon", "Polygon", "P"),
      one("fill", "Fill", "D"),
      h("label", { class: "slider" }, `Size ${Math.round(this.size)}`, size)
    );
    this.labels?.mark([this.tool === "eraser" ? "" : (this.all[this.active - 1]?.name ?? "")]);
  }

  sizeToSlider() {
    return Math.round(
      (100 * Math.log(this.size)) / Math.log(Math.max(this.mask.width, this.mask.height, 100) / 2)
    );
  }

  /** @param {number} value */
  sliderToSize(value) {
    return Math.exp((value / 100) * Math.log(Math.max(this.mask.width, this.mask.height, 100) / 2));
  }

  /** @param {import("./types.js").Item} item @param {any} answer @param {number|null} suggested */
  show(item, answer, suggested) {
    const { width, height } = /** @type {any} */ (item.source);
    const fits = answer?.runs && answer.width === width && answer.height === height;
    this.mask = fits ? Mask.of(answer) : new Mask(width, height);
    this.paint.mask = this.mask;
    if (this.place.readonly) this.explain(answer);
    this.edits.clear();
    if (this.keys) this.keys.dabbed = null;
    this.tools.reset(answer?.corners ?? []);
    this.emptyAsked = false;
    if (!this.sized) this.size = Math.max(2, Math.max(width, height) / 50);
    this.hint.textContent =
      suggested != null
        ? `Suggested, ${percent(suggested)}: Enter accepts.`
        : answer && answer === item.prelabel && !this.place.readonly
          ? "An earlier job's label: correct it, or accept it with Enter."
          : "";
    this.hint.hidden = !this.hint.textContent;
    this.shown.show(item);
    this.buttons();
  }

  /** The classes of a mask that is only looked at: they need not be the job's labels. @param {any} answer */
  explain(answer) {
    const colors = this.place.job.prelabel_labels || this.place.job.labels;
    this.all = (answer?.classes || colors).map((/** @type {any} */ one) => ({
      name: one.name,
      color: colors.find((label) => label.name === one.name)?.color || "#6b7280"
    }));
    this.paint.colors = this.all.map((label) => label.color);
    const there = new Set((answer?.runs || []).map((/** @type {[number, number]} */ run) => run[0]));
    this.legend.replaceChildren(
      ...this.all.map((label, index) =>
        h(
          "li",
          { class: "row legend", hidden: !there.has(index + 1), style: { "--label": label.color } },
          h("span", { class: `swatch pattern-${index % PATTERNS}` }),
          h("span", { text: label.name })
        )
      )
    );
  }

  /** @param {any} answer  it takes the place of what is painted there */
  start(answer) {
    this.mask.become(Mask.of(answer));
    this.commit();
    this.paint.draw();
  }

  answer() {
    return { width: this.mask.width, height: this.mask.height, runs: this.mask.toRuns() };
  }

  /** With the corners of a polygon that is not closed yet: `[x, y]` in image pixels. */
  draft() {
    const { points } = this.tools;
    return { ...this.answer(), ...(points.length ? { corners: points.map(({ x, y }) => [x, y]) } : {}) };
  }

  submit() {
    if (this.tools.points.length) return this.tools.close();
    if (!this.emptyAsked && this.mask.empty) {
      this.emptyAsked = true;
      return this.place.note(
        "Nothing is marked. Press Enter again to say that there is nothing to mark here."
      );
    }
    this.place.submit(this.answer());
  }

  refused() {
    this.emptyAsked = false;
  }

  /**
   * What was painted can be undone.
   * @param {import("./mask.js").Point[]} [corners] of the polygon that it was; undone, it is open again
   * @returns {boolean} whether any pixel was
   */
  commit(corners = []) {
    const patch = this.mask.commit();
    if (!patch) return false;
    this.emptyAsked = false;
    const apply = (/** @type {"before"|"after"} */ side) => {
      patch.apply(side);
      this.paint.draw(patch.rect);
      if (corners.length) this.tools.set(side === "before" ? corners : []);
      this.place.changed();
    };
    this.edits.add(
      () => apply("before"),
      () => apply("after")
    );
    this.place.changed();
    return true;
  }

  /** @param {import("./types.js").Label} label */
  choose(label) {
    this.active = this.place.job.labels.indexOf(label) + 1;
    if (this.tool === "eraser") this.tool = "brush";
    this.place.say(`${label.name}, ${this.tool}`);
    this.buttons();
    this.view.drawLayer();
  }

  /** @param {"brush"|"eraser"|"polygon"|"fill"} tool */
  take(tool) {
    if (tool !== "polygon") this.tools.put([]);
    this.tool = tool;
    this.place.say(tool);
    this.buttons();
    this.view.drawLayer();
  }

  /** @param {number} size image pixels */
  resize(size) {
    this.size = Math.min(Math.max(this.mask.width, this.mask.height), Math.max(1, size));
    this.sized = true;
    const slider = /** @type {any} */ (this.bar.querySelector("input"));
    if (slider) {
      slider.value = String(this.sizeToSlider());
      slider.previousSibling.textContent = `Size ${Math.round(this.size)}`;
    }
    this.view.drawLayer();
  }

  /** @param {number} opacity 0..1 */
  fade(opacity) {
    this.paint.opacity = opacity;
    this.opacity.value = String(Math.round(opacity * 100));
    this.paint.draw();
  }

  /** @param {string} key @param {KeyboardEvent} event */
  key(key, event) {
    return this.keys?.key(key, event) || this.labels?.key(key) || this.shown.key(key);
  }

  /** @param {string} key @param {boolean} lost */
  release(key, lost) {
    if (!key.endsWith(" ") || !this.view.panning) return;
    this.view.panning = false;
    if (!this.view.panned && !lost) this.keys?.dab();
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
    this.legend.remove();
  }
}
