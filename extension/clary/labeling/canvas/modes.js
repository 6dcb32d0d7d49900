// The views of a job's items, as buttons; only where there are several.

import { h, keycap } from "./dom.js";
import { fitsGrid } from "./editors.js";

/** @param {import("./desk.js").Desk} desk @returns {HTMLElement[]} */
export function modeButtons(desk) {
  const one = (/** @type {"label"|"grid"|"review"} */ mode, /** @type {string} */ text, key = "") =>
    h(
      "button",
      { class: "mode", "aria-pressed": String(desk.mode === mode), on: { click: () => desk.turn(mode) } },
      text,
      key ? keycap(key) : null
    );
  const disputed = desk.job.owner ? desk.last?.review || 0 : 0;
  const grids = fitsGrid(desk.job);
  const review = disputed > 0 || desk.mode === "review";
  return [
    ...(grids || review ? [one("label", "One by one")] : []),
    ...(grids ? [one("grid", "Grid", "G")] : []),
    ...(review ? [one("review", `Review ${disputed || ""}`.trim())] : [])
  ];
}
