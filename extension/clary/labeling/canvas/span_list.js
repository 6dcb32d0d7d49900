// The spans of a text as a list.

import { fill, h } from "./dom.js";

export class SpanList {
  /**
   * @param {HTMLElement} place
   * @param {{select: (index: number) => void, remove?: (index: number) => void}} options
   */
  constructor(place, { select, remove }) {
    this.select = select;
    this.remove = remove;
    this.title = h("h2", { class: "list-head" });
    this.list = h("ul", { class: "list", "aria-label": "Spans" });
    this.box = h("section", { class: "list-box" }, this.title, this.list);
    this.more = "";
    place.append(this.box);
  }

  /** @param {string} text beside the count */
  head(text) {
    this.more = text;
  }

  /**
   * @param {any[]} entities @param {number} selected @param {import("./offsets.js").Offsets} offsets
   * @param {(name: string) => string} color
   */
  show(entities, selected, offsets, color) {
    this.title.textContent = `${entities.length ? `Spans (${entities.length})` : "No spans yet"}${this.more ? `, ${this.more}` : ""}`;
    fill(
      this.list,
      ...entities.map((one, index) =>
        h(
          "li",
          { class: index === selected ? "row selected" : "row", style: { "--label": color(one.label) } },
          h(
            "button",
            {
              class: "pick",
              "aria-pressed": String(index === selected),
              on: { click: () => this.select(index) }
            },
            h("span", { class: "swatch" }),
            h("span", { class: "name", dir: "auto", text: offsets.slice(one.startOffset, one.endOffset) }),
            h("span", { class: "faint", text: one.label })
          ),
          this.remove
            ? h("button", {
                class: "quiet small",
                "aria-label": `Delete ${one.label}`,
                text: "×",
                on: { click: () => this.remove?.(index) }
              })
            : null
        )
      )
    );
  }
}
