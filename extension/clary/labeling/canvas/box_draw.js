// Boxes on the screen: outline, handles, name tags, crosshair.

import { ink } from "./dom.js";
import { handleAt, HANDLES } from "./box_shapes.js";

/** @typedef {import("./types.js").Box} Box @typedef {import("./viewport.js").Viewport} Viewport */

/**
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Box} box
 * @param {{color: string, text?: string, selected?: boolean, proposed?: boolean, quiet?: boolean}} look
 *   `proposed`: by the model,
 *   drawn dashed; `quiet`: without a tag
 */
export function drawBox(
  context,
  view,
  box,
  { color, text = "", selected = false, proposed = false, quiet = false }
) {
  const [x, y] = view.toScreen(box.left, box.top);
  const width = box.width * view.scale;
  const height = box.height * view.scale;
  context.save();
  context.lineJoin = "miter";
  if (selected) {
    context.fillStyle = color;
    context.globalAlpha = 0.14;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
  }
  // A dark and a light line around: seen on any image.
  context.lineWidth = selected ? 5 : 4;
  context.strokeStyle = "rgba(0,0,0,.55)";
  context.strokeRect(x, y, width, height);
  context.setLineDash(proposed ? [7, 5] : []);
  context.lineWidth = selected ? 2.5 : 2;
  context.strokeStyle = color;
  context.strokeRect(x, y, width, height);
  context.setLineDash([]);
  if (!quiet) tag(context, view, x, y, height, text || box.label, color);
  if (selected) handles(context, view, box, color);
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {number} x @param {number} y
 * @param {number} height @param {string} text @param {string} color
 */
function tag(context, view, x, y, height, text, color) {
  context.font = "600 12px system-ui, sans-serif";
  const shown = text.length > 40 ? `${text.slice(0, 38)}…` : text;
  const width = context.measureText(shown).width + 10;
  // Above the box; inside where that is outside of the place, below where the box is tall.
  const top = y - 19 > 0 ? y - 19 : y + height > view.box.clientHeight ? Math.max(y, 0) + 1 : y + height + 1;
  const left = Math.max(0, Math.min(x - 1, view.box.clientWidth - width));
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(left, top, width, 18, 3);
  context.fill();
  context.fillStyle = ink(color);
  context.textBaseline = "middle";
  context.fillText(shown, left + 5, top + 9.5);
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Box} box @param {string} color */
function handles(context, view, box, color) {
  for (let index = 0; index < HANDLES.length; index++) {
    const at = handleAt(box, index);
    const [x, y] = view.toScreen(at.x, at.y);
    context.beginPath();
    context.rect(x - 4.5, y - 4.5, 9, 9);
    context.fillStyle = "#fff";
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = color;
    context.stroke();
    context.lineWidth = 0.75;
    context.strokeStyle = "rgba(0,0,0,.6)";
    context.strokeRect(x - 5.5, y - 5.5, 11, 11);
  }
}

/**
 * Lines through the mouse pointer over the whole place.
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {{x: number, y: number}} point
 */
export function crosshair(context, view, point) {
  const [x, y] = view.toScreen(point.x, point.y).map((one) => Math.round(one) + 0.5);
  context.save();
  for (const [style, dash] of /** @type {[string, number[]][]} */ ([
    ["rgba(0,0,0,.5)", []],
    ["rgba(255,255,255,.9)", [5, 5]]
  ])) {
    context.strokeStyle = style;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, view.box.clientHeight);
    context.moveTo(0, y);
    context.lineTo(view.box.clientWidth, y);
    context.stroke();
  }
  context.restore();
}
