// An image on the screen: zoomed, panned, with a layer over it on which the task draws. Coordinates are the image's pixels.

import { h } from "./dom.js";

/**
 * @typedef {object} Tool  what a press on the image means; points are in image pixels and may lie outside
 * @property {(point: {x: number, y: number}, event: PointerEvent) => void} down
 * @property {(point: {x: number, y: number}, event: PointerEvent) => void} move
 * @property {(point: {x: number, y: number}, event: PointerEvent) => void} up
 * @property {() => void} cancel  a second finger came: it was no drawing
 * @property {(point: {x: number, y: number}|null, event?: PointerEvent) => void} [hover]
 */

export class Viewport {
  /**
   * @param {HTMLElement} place
   * @param {{tool?: Tool, paint?: (context: CanvasRenderingContext2D, view: Viewport) => void, label?: string}} options
   */
  constructor(place, { tool, paint, label = "" } = {}) {
    this.tool = tool;
    this.paint = paint;
    this.base = h("canvas", { class: "view-base" });
    this.layer = h("canvas", { class: "view-layer", role: "img", "aria-label": label });
    this.box = h("div", { class: tool ? "view tooled" : "view" }, this.base, this.layer);
    place.append(this.box);
    this.size = { width: 1, height: 1 };
    this.scale = 1;
    this.left = 0;
    this.top = 0;
    this.fitted = true;
    /** @type {import("./images.js").Picture|null} */
    this.picture = null;
    this.panning = false;
    /** @type {Map<number, {x: number, y: number}>} fingers and mouse that are down, in CSS pixels of the box */
    this.fingers = new Map();
    /** @type {"tool"|"pan"|"pinch"|null} */
    this.gesture = null;
    this.frame = 0;
    /** @type {(() => void)|null} draws between the image and the layer whenever either moves */
    this.beneath = null;
    this.panned = false;
    /** @type {() => void} called when the image is seen larger than its preview */
    this.onzoom = () => {};
    this.listen();
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.box);
    this.resize();
  }

  /** Where the box stands on the screen, device pixels a CSS pixel. */
  get ratio() {
    return Math.min(window.devicePixelRatio || 1, 2);
  }

  /** @param {number} width @param {number} height of the next image; it fits the box */
  sized(width, height, label = "") {
    this.size = { width, height };
    this.picture = null;
    this.layer.setAttribute("aria-label", label);
    this.fitted = true;
    this.fit();
  }

  /** @param {import("./images.js").Picture|null} picture */
  show(picture) {
    this.picture = picture;
    this.drawNow();
  }

  fit() {
    const { clientWidth: width, clientHeight: height } = this.box;
    const room = Math.min(width / this.size.width, height / this.size.height);
    this.scale = Math.min(room, Math.max(1, 640 / Math.max(this.size.width, this.size.height)));
    // On whole device pixels: a preview of just this size is copied, not scaled.
    this.left = Math.round(((width - this.size.width * this.scale) / 2) * this.ratio) / this.ratio;
    this.top = Math.round(((height - this.size.height * this.scale) / 2) * this.ratio) / this.ratio;
    this.fitted = true;
    this.draw();
  }

  /** @param {number} factor @param {{x: number, y: number}} [at] CSS pixels of the box; its middle, if not said */
  zoom(factor, at = { x: this.box.clientWidth / 2, y: this.box.clientHeight / 2 }) {
    const fit = Math.min(this.box.clientWidth / this.size.width, this.box.clientHeight / this.size.height);
    const scale = Math.min(64, Math.max(fit * 0.5, this.scale * factor));
    this.left = at.x - ((at.x - this.left) * scale) / this.scale;
    this.top = at.y - ((at.y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
    this.keepInSight();
    this.onzoom();
  }

  /** @param {number} x @param {number} y CSS pixels */
  pan(x, y) {
    this.left += x;
    this.top += y;
    this.fitted = false;
    this.keepInSight();
  }

  /** Some of the image stays on the screen. */
  keepInSight() {
    const { clientWidth: width, clientHeight: height } = this.box;
    const edge = Math.min(80, width / 4);
    this.left = Math.min(width - edge, Math.max(edge - this.size.width * this.scale, this.left));
    this.top = Math.min(height - edge, Math.max(edge - this.size.height * this.scale, this.top));
    this.draw();
  }

  /** @param {number} x @param {number} y in image pixels @returns {[number, number]} CSS pixels of the box */
  toScreen(x, y) {
    return [this.left + x * this.scale, this.top + y * this.scale];
  }

  /** @param {PointerEvent|WheelEvent} event */
  toImage(event) {
    const { x, y } = this.at(event);
    return { x: (x - this.left) / this.scale, y: (y - this.top) / this.scale };
  }

  /** @param {PointerEvent|WheelEvent} event */
  at(event) {
    const edge = this.layer.getBoundingClientRect();
    return { x: event.clientX - edge.left, y: event.clientY - edge.top };
  }

  /** Draw in the next frame. */
  draw() {
    this.frame ||= requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const context = this.base.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.base.width, this.base.height);
    if (this.picture) {
      const { bitmap } = this.picture;
      const scale = this.scale * this.ratio;
      const [left, top] = [this.left * this.ratio, this.top * this.ratio];
      const [width, height] = [this.size.width * scale, this.size.height * scale];
      const same = Math.abs(width - bitmap.width) < 1 && Math.abs(height - bitmap.height) < 1;
      context.imageSmoothingEnabled = !same && width / bitmap.width < 3;
      context.imageSmoothingQuality = scale < 0.7 && this.picture.whole ? "medium" : "low";
      if (same) context.drawImage(bitmap, left, top);
      else context.drawImage(bitmap, left, top, width, height);
    }
    this.beneath?.();
    this.drawLayer();
  }

  /** Draw the task's layer only: the image did not change. */
  drawLayer() {
    const context = this.layer.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.layer.width, this.layer.height);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.paint?.(context, this);
  }

  resize() {
    const { clientWidth, clientHeight } = this.box;
    if (!clientWidth || !clientHeight) return;
    for (const one of [this.base, this.layer]) {
      one.width = Math.round(clientWidth * this.ratio);
      one.height = Math.round(clientHeight * this.ratio);
    }
    if (this.fitted) this.fit();
    this.drawNow();
  }

  listen() {
    this.layer.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => this.down(event));
    this.layer.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.layer.addEventListener(name, (/** @type {PointerEvent} */ event) => this.up(event));
    }
    this.layer.addEventListener("pointerleave", () => this.tool?.hover?.(null));
    this.box.addEventListener("wheel", (/** @type {WheelEvent} */ event) => this.wheel(event), { passive: false });
    this.layer.addEventListener("contextmenu", (/** @type {Event} */ event) => event.preventDefault());
  }

  /** @param {PointerEvent} event */
  down(event) {
    this.layer.setPointerCapture?.(event.pointerId);
    this.fingers.set(event.pointerId, this.at(event));
    if (this.fingers.size === 2) {
      if (this.gesture === "tool") this.tool?.cancel();
      this.gesture = "pinch";
    } else if (this.fingers.size === 1) {
      const pans = !this.tool || this.panning || event.button === 1 || event.button === 2;
      this.gesture = pans ? "pan" : "tool";
      if (this.gesture === "tool") this.tool?.down(this.toImage(event), event);
    }
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.fingers.get(event.pointerId);
    const now = this.at(event);
    if (before) this.fingers.set(event.pointerId, now);
    if (!before) this.tool?.hover?.(this.toImage(event), event);
    else if (this.gesture === "tool") this.tool?.move(this.toImage(event), event);
    else if (this.gesture === "pan") {
      this.panned = true;
      this.pan(now.x - before.x, now.y - before.y);
    }
    else if (this.gesture === "pinch") this.pinch(event.pointerId, before, now);
  }

  /** @param {number} moved @param {{x: number, y: number}} before @param {{x: number, y: number}} now */
  pinch(moved, before, now) {
    const other = [...this.fingers].find(([id]) => id !== moved)?.[1];
    if (!other) return;
    const distance = (/** @type {{x: number, y: number}} */ one) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
    this.left += (now.x - before.x) / 2;
    this.top += (now.y - before.y) / 2;
    this.zoom(distance(now) / distance(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  /** @param {PointerEvent} event */
  up(event) {
    this.fingers.delete(event.pointerId);
    if (this.gesture === "tool") {
      if (event.type === "pointercancel") this.tool?.cancel();
      else this.tool?.up(this.toImage(event), event);
    }
    if (this.fingers.size === 0) this.gesture = null;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    const root = /** @type {ShadowRoot} */ (this.box.getRootNode());
    // A page that is only scrolled past the canvas scrolls on.
    if (!event.ctrlKey && !root.activeElement) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? event.deltaY * 20 : event.deltaY;
    this.zoom(Math.exp(-lines / (event.ctrlKey ? 120 : 400)), this.at(event));
  }

  /** + - 0 and, where the image is larger than its place, the arrows. @param {string} key */
  key(key) {
    const step = 60;
    /** @type {Record<string, [number, number]>} */
    const ways = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (key === "+" || key === "=") this.zoom(1.3);
    else if (key === "-") this.zoom(1 / 1.3);
    else if (key === "0") this.fit();
    else if (ways[key] && !this.fitted) this.pan(...ways[key]);
    else return false;
    return true;
  }

  close() {
    this.watcher.disconnect();
    cancelAnimationFrame(this.frame);
    this.box.remove();
  }
}

export const VIEW_HELP = [
  { keys: "+ / − / wheel", does: "zoom" },
  { keys: "0", does: "fit the image to its place" },
  { keys: "Space + drag", does: "move the image (arrows, too, when zoomed)" }
];
