// An image on the screen: zoomed, panned, with a layer over it on which the task draws. Coordinates are the image's pixels.

import { h } from "./dom.js";
import { Gestures } from "./gestures.js";

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
    // Where nothing is drawn on it, it only hears the mouse; the browser need not blend it.
    if (!paint) this.layer.style.opacity = "0";
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
    this.frame = 0;
    /** @type {(() => void)|null} draws between the image and the layer whenever either moves */
    this.beneath = null;
    this.panned = false;
    /** @type {() => void} called when the image is seen larger than its preview */
    this.onzoom = () => {};
    this.gestures = new Gestures(this);
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.box);
    this.density = () => this.rescaled();
    this.rescaled();
  }

  /** The canvas is on a screen of other pixels now, perhaps without another size in CSS pixels. */
  rescaled() {
    this.screen?.removeEventListener("change", this.density);
    this.screen = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    this.screen.addEventListener("change", this.density);
    this.resize();
    this.onzoom();
  }

  /** Whether the canvases have the screen's pixels. */
  get sharp() {
    const { clientWidth, clientHeight } = this.box;
    if (!clientWidth || !clientHeight) return true;
    return (
      this.base.width === Math.round(clientWidth * this.ratio) &&
      this.base.height === Math.round(clientHeight * this.ratio)
    );
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
    if (!this.sharp) return this.resize();
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
    if (!this.sharp) return this.resize();
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
    this.screen?.removeEventListener("change", this.density);
    cancelAnimationFrame(this.frame);
    this.box.remove();
  }
}
