// What a press on the image does, by the tool that was taken.

import { crosshair } from "./box_draw.js";

/** @typedef {{x: number, y: number}} Point */

export class SegmentTools {
  /** @param {import("./segments.js").SegmentEditor} editor */
  constructor(editor) {
    this.editor = editor;
    /** @type {Point|null} where the brush was last */
    this.last = null;
    /** @type {Point[]} corners of the polygon that is being drawn; never changed in place */
    this.points = [];
    /** @type {{point: Point, touch: boolean, points: Point[]}|null} a press that may become a pinch, and the corners before it */
    this.pressed = null;
    /** @type {Point|null} */
    this.pointer = null;
    /** @type {Point|null} the keyboard's cross */
    this.cross = null;
    /** @type {Point|null} where a drag of the polygon's edge was last */
    this.dragged = null;
  }

  /** @param {[number, number][]} [corners] of a polygon that was begun */
  reset(corners = []) {
    this.last = this.cross = this.dragged = this.pressed = null;
    this.points = corners.map(([x, y]) => ({ x, y }));
    if (this.points.length) this.editor.tool = "polygon";
  }

  /** Corners are set, or taken away, so that it can be undone. @param {Point[]} after */
  put(after) {
    const before = this.points;
    if (before === after || !(before.length || after.length)) return;
    this.editor.edits.add(
      () => this.set(before),
      () => this.set(after)
    );
    this.set(after);
  }

  /** @param {Point[]} points */
  set(points) {
    const { editor } = this;
    this.points = points;
    if (points.length && editor.tool !== "polygon") {
      editor.tool = "polygon";
      editor.buttons();
    }
    editor.view.drawLayer();
    editor.place.changed();
  }

  /** The class that is painted: 0 with the eraser. */
  get value() {
    return this.editor.tool === "eraser" ? 0 : this.editor.active;
  }

  /** @param {Point} point @param {PointerEvent} event */
  down(point, event) {
    const { editor } = this;
    this.cross = null;
    this.pointer = event.pointerType === "touch" ? null : point;
    // A second finger may still come: what cannot be taken back waits until the first is up, or draws.
    if (editor.tool === "polygon" || editor.tool === "fill") {
      this.pressed = { point, touch: event.pointerType === "touch", points: this.points };
      return;
    }
    this.last = point;
    this.stroke(point, point);
  }

  /** @param {Point} point @param {PointerEvent} event */
  move(point, event) {
    this.pointer = event.pointerType === "touch" ? null : point;
    if (this.editor.tool === "polygon") this.lasso(point);
    else if (this.last) {
      // All places that the mouse was at since the last frame: fast strokes stay round.
      for (const one of event.getCoalescedEvents?.() ?? []) {
        const at = this.editor.view.toImage(one);
        this.stroke(/** @type {Point} */ (this.last), at);
        this.last = at;
      }
      this.stroke(this.last, point);
      this.last = point;
    }
    this.editor.view.drawLayer();
  }

  up() {
    const { pressed, dragged, points } = this;
    this.pressed = this.dragged = null;
    if (pressed && dragged) {
      // What was drawn freely is one change.
      this.points = pressed.points;
      this.put(points);
    } else if (pressed && this.editor.tool === "polygon") this.corner(pressed.point, pressed.touch);
    else if (pressed && this.editor.tool === "fill") this.flood(pressed.point);
    if (!this.last) return;
    this.last = null;
    this.editor.commit();
  }

  /** A second finger came: what the first painted was none. */
  cancel() {
    if (this.pressed) this.points = this.pressed.points;
    this.last = this.dragged = this.pressed = null;
    this.editor.mask.commit()?.apply("before");
    this.editor.paint.draw();
    this.editor.view.drawLayer();
  }

  /** @param {Point|null} point */
  hover(point) {
    this.pointer = point;
    this.editor.view.drawLayer();
  }

  /** @param {Point} from @param {Point} to */
  stroke(from, to) {
    const { editor } = this;
    editor.paint.draw(editor.mask.brush(from, to, editor.size / 2, this.value));
  }

  /** @param {Point} point */
  flood(point) {
    const { editor } = this;
    editor.mask.flood(point.x, point.y, this.value);
    editor.commit();
    editor.paint.draw();
  }

  /** @param {Point} point @param {boolean} [touch] */
  corner(point, touch = false) {
    const { view } = this.editor;
    const near = (/** @type {Point|undefined} */ one) =>
      one && Math.hypot(one.x - point.x, one.y - point.y) * view.scale < (touch ? 18 : 9);
    // A double click is two clicks at one place: the second closes, as long as there is something to close.
    const again = near(this.points.at(-1));
    if (this.points.length > 2 && (again || near(this.points[0]))) return this.close();
    if (!again) this.put([...this.points, this.inside(point)]);
  }

  /** A drag with the polygon tool draws its edge freely. @param {Point} point */
  lasso(point) {
    const from = this.dragged || this.pressed?.point;
    if (!this.pressed || !from) return;
    if (Math.hypot(point.x - from.x, point.y - from.y) * this.editor.view.scale < 6) return;
    const begun = this.dragged ? this.points : [...this.points, this.inside(from)];
    this.points = [...begun, this.inside(point)];
    this.dragged = point;
  }

  /** @param {Point} point */
  inside(point) {
    const { width, height } = this.editor.mask;
    return { x: Math.min(width, Math.max(0, point.x)), y: Math.min(height, Math.max(0, point.y)) };
  }

  close() {
    const { editor } = this;
    const { points } = this;
    if (points.length < 3) return editor.place.note("A polygon has three corners at least.");
    editor.mask.polygon(points, this.value);
    if (editor.commit(points)) this.set([]);
    else this.put([]);
    editor.paint.draw();
    editor.view.drawLayer();
    editor.place.say("Polygon filled");
  }

  /** Take the last corner back. */
  back() {
    if (!this.points.length) return false;
    this.put(this.points.slice(0, -1));
    return true;
  }

  /** @param {CanvasRenderingContext2D} context */
  paint(context) {
    const { editor } = this;
    const { view, mask } = editor;
    if (!view || editor.place.readonly) return;
    const color = this.value ? editor.all[this.value - 1]?.color || "#fff" : "#fff";
    if (this.points.length) this.outline(context, color);
    if (this.cross) crosshair(context, view, this.cross);
    const at = this.cross || this.pointer;
    if (!at) return;
    const [x, y] = view.toScreen(at.x, at.y);
    if (editor.tool === "brush" || editor.tool === "eraser") {
      for (const [style, width] of /** @type {[string, number][]} */ ([
        ["rgba(0,0,0,.7)", 3],
        [color, 1.5]
      ])) {
        context.strokeStyle = style;
        context.lineWidth = width;
        context.setLineDash(editor.tool === "eraser" ? [4, 4] : []);
        context.beginPath();
        context.arc(x, y, Math.max(1.5, (editor.size / 2) * view.scale), 0, 7);
        context.stroke();
      }
      context.setLineDash([]);
    }
    const under = mask.at(at.x, at.y);
    if (under) this.named(context, x, y, editor.all[under - 1]?.name ?? `class ${under}`);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {string} text */
  named(context, x, y, text) {
    context.font = "600 12px system-ui, sans-serif";
    const width = context.measureText(text).width + 10;
    const left = Math.min(x + 12, this.editor.view.box.clientWidth - width);
    context.fillStyle = "rgba(0,0,0,.75)";
    context.beginPath();
    context.roundRect(left, y + 12, width, 18, 3);
    context.fill();
    context.fillStyle = "#fff";
    context.textBaseline = "middle";
    context.fillText(text, left + 5, y + 21.5);
  }

  /** @param {CanvasRenderingContext2D} context @param {string} color */
  outline(context, color) {
    const { view } = this.editor;
    const corners = this.points.map((point) => view.toScreen(point.x, point.y));
    const next = this.pointer || this.cross;
    context.beginPath();
    corners.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
    if (next) context.lineTo(...view.toScreen(next.x, next.y));
    context.strokeStyle = "rgba(0,0,0,.7)";
    context.lineWidth = 4;
    context.stroke();
    context.strokeStyle = color;
    context.lineWidth = 2;
    context.stroke();
    corners.forEach(([x, y], index) => {
      context.beginPath();
      context.arc(x, y, index ? 3.5 : 6, 0, 7);
      context.fillStyle = "#fff";
      context.fill();
      context.stroke();
    });
  }
}
