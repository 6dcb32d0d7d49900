// A mask on the screen: a colour and a pattern for every class, and an edge around.

import { h, rgb } from "./dom.js";

/** How many patterns there are: plain, stripes four ways, dots. The style has the same for the swatches. */
export const PATTERNS = 6;

export class MaskPaint {
  /** @param {import("./viewport.js").Viewport} view @param {string[]} colors of class 1, 2, ... */
  constructor(view, colors) {
    this.view = view;
    this.canvas = h("canvas", { class: "view-mask" });
    view.base.after(this.canvas);
    this.opacity = 0.5;
    this.colors = colors;
    view.beneath = () => this.draw();
    /** @type {import("./mask.js").Mask|null} */
    this.mask = null;
  }

  /** The three colours of a class as they stand in memory: of its pattern's lines, between them, at its edge. */
  palette() {
    const alpha = (/** @type {number} */ share) => Math.round(255 * Math.min(1, share)) * 0x1000000;
    return [null, ...this.colors].map((color) => {
      if (!color) return [0, 0, 0];
      const [r, g, b] = rgb(color);
      const value = r + g * 0x100 + b * 0x10000;
      return [
        value + alpha(this.opacity * 1.35 + 0.1),
        value + alpha(this.opacity * 0.72),
        value + alpha(0.6 + this.opacity)
      ];
    });
  }

  /** @param {import("./mask.js").Rect} [rect] image pixels that changed; all, if not said */
  draw(rect) {
    const { mask, view, canvas } = this;
    const { width, height } = view.layer;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    if (!mask || !this.opacity) return context.clearRect(0, 0, width, height);
    const scale = view.scale * view.ratio;
    const left = view.left * view.ratio;
    const top = view.top * view.ratio;
    const from = rect || { left: 0, top: 0, right: mask.width, bottom: mask.height };
    const x0 = Math.max(0, Math.floor(left + from.left * scale) - 2);
    const x1 = Math.min(width, Math.ceil(left + from.right * scale) + 2);
    const y0 = Math.max(0, Math.floor(top + from.top * scale) - 2);
    const y1 = Math.min(height, Math.ceil(top + from.bottom * scale) + 2);
    if (!rect) context.clearRect(0, 0, width, height);
    if (x0 >= x1 || y0 >= y1) return;
    const image = context.createImageData(x1 - x0, y1 - y0);
    this.fill(new Uint32Array(image.data.buffer), { x0, x1, y0, y1 }, { left, top, scale }, mask);
    context.putImageData(image, x0, y0);
  }

  /**
   * @param {Uint32Array} out @param {{x0: number, x1: number, y0: number, y1: number}} area device pixels
   * @param {{left: number, top: number, scale: number}} place @param {import("./mask.js").Mask} mask
   */
  fill(out, { x0, x1, y0, y1 }, { left, top, scale }, mask) {
    const palette = this.palette();
    const columns = new Int32Array(x1 - x0 + 1);
    for (let x = x0 - 1; x < x1; x++) {
      const column = Math.floor((x + 0.5 - left) / scale);
      columns[x - x0 + 1] = column < 0 || column >= mask.width ? -1 : column;
    }
    const above = new Uint8Array(x1 - x0);
    const step = Math.max(1, Math.round(this.view.ratio));
    for (let y = y0 - 1, at = -(x1 - x0); y < y1; y++) {
      const row = Math.floor((y + 0.5 - top) / scale);
      const inside = row >= 0 && row < mask.height;
      let before = inside && columns[0] >= 0 ? mask.data[row * mask.width + columns[0]] : 0;
      for (let x = x0; x < x1; x++, at++) {
        const column = columns[x - x0 + 1];
        const value = inside && column >= 0 ? mask.data[row * mask.width + column] : 0;
        // The row above the area only says where edges are.
        if (at >= 0 && (value || before || above[x - x0])) {
          const edge = value !== before || value !== above[x - x0];
          const colors = palette[value || before || above[x - x0]] || palette[1];
          if (edge) out[at] = colors[2];
          else if (value)
            out[at] = lined(value, Math.floor(x / step), Math.floor(y / step)) ? colors[0] : colors[1];
        }
        before = value;
        above[x - x0] = value;
      }
    }
  }
}

/**
 * Whether a pixel of the screen lies on a line of its class' pattern.
 * @param {number} value @param {number} x @param {number} y
 */
function lined(value, x, y) {
  switch ((value - 1) % PATTERNS) {
    case 1:
      return (x + y) % 9 < 3;
    case 2:
      return (x - y + 90000) % 9 < 3;
    case 3:
      return y % 8 < 3;
    case 4:
      return x % 8 < 3;
    case 5:
      return x % 8 < 3 && y % 8 < 3;
    default:
      return false;
  }
}
