// One item of the grid.

import { h, percent } from "./dom.js";

const EDGE = 256;

export class GridCell {
  /**
   * @param {import("./types.js").Place} place @param {import("./types.js").Item} item
   * @param {(cell: GridCell, event: MouseEvent) => void} press
   */
  constructor(place, item, press) {
    this.item = item;
    this.chosen = false;
    this.name = item.source.kind === "image" ? item.source.name : item.source.text.slice(0, 60);
    const shown =
      item.source.kind === "image"
        ? this.picture(place, item)
        : h("span", { class: "cell-text", text: item.source.text.slice(0, 400) });
    const guess = item.suggestion;
    const guessed = guess
      ? `${guess.answer.label ?? guess.answer.labels?.join(", ")} ${percent(guess.confidence)}`
      : "";
    this.element = h(
      "div",
      {
        class: "cell",
        role: "option",
        "aria-selected": "false",
        "aria-label": `${this.name}${guessed ? `, suggested ${guessed}` : ""}`,
        on: { click: (/** @type {MouseEvent} */ event) => press(this, event) }
      },
      shown,
      guessed ? h("span", { class: "cell-guess", text: guessed }) : null,
      h("span", { class: "cell-tick", "aria-hidden": "true", text: "✓" })
    );
  }

  /** @param {import("./types.js").Place} place @param {import("./types.js").Item} item */
  picture(place, item) {
    const canvas = h("canvas", { class: "cell-picture", width: EDGE, height: EDGE });
    place.images.get(item, EDGE).then(
      ({ bitmap }) => {
        const scale = Math.min(EDGE / bitmap.width, EDGE / bitmap.height);
        canvas.width = Math.max(1, Math.round(bitmap.width * scale));
        canvas.height = Math.max(1, Math.round(bitmap.height * scale));
        const context = canvas.getContext("2d");
        context.imageSmoothingEnabled = scale < 3;
        context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
        canvas.classList.add("there");
      },
      () => canvas.replaceWith(h("span", { class: "cell-text", text: "The image cannot be shown." }))
    );
    return canvas;
  }

  /** @param {boolean} current @param {string} [color] */
  show(current, color) {
    this.element.setAttribute("aria-selected", String(this.chosen));
    this.element.classList.toggle("current", current);
    if (color) this.element.style.setProperty("--label", color);
  }
}
