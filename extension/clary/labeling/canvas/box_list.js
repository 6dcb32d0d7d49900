// The boxes of an image as a list, for the eye and for screen readers.

import { fill, h } from "./dom.js";

export class BoxList {
  /**
   * @param {HTMLElement} place
   * @param {{select: (index: number) => void, remove?: (index: number) => void}} options
   */
  constructor(place, { select, remove }) {
    this.select = select;
    this.remove = remove;
    this.head = h("h2", { class: "list-head", text: "Boxes" });
    this.list = h("ul", { class: "list", "aria-label": "Boxes" });
    this.box = h("section", { class: "list-box" }, this.head, this.list);
    place.append(this.box);
  }

  /** @param {any[]} boxes @param {number} selected @param {(name: string) => string} color */
  show(boxes, selected, color) {
    this.head.textContent = boxes.length ? `Boxes (${boxes.length})` : "No boxes yet";
    fill(
      this.list,
      ...boxes.map((box, index) =>
        h(
          "li",
          { class: index === selected ? "row selected" : "row", style: { "--label": color(box.label) } },
          h(
            "button",
            {
              class: "pick",
              "aria-pressed": String(index === selected),
              on: { click: () => this.select(index) }
            },
            h("span", { class: "swatch" }),
            h("span", { class: "name", text: box.label }),
            h("span", { class: "faint", text: `${box.width} × ${box.height}` })
          ),
          this.remove
            ? h("button", {
                class: "quiet small",
                "aria-label": `Delete box ${index + 1}, ${box.label}`,
                text: "×",
                on: { click: () => this.remove?.(index) }
              })
            : null
        )
      )
    );
    // Only the panel scrolls, not the page around.
    const row = this.list.querySelector(".selected");
    if (row) this.box.scrollTop = Math.max(0, row.offsetTop - this.box.offsetTop - this.box.clientHeight / 2);
  }
}
