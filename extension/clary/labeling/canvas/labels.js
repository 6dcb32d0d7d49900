// The labels as buttons: colour, name, key, and the model's suggestion.

import { h, ink, keycap, percent } from "./dom.js";

/** Milliseconds: faster than anybody looks at an item, slower than two clicks are one double click. */
const DOUBLE = 350;

export class Labels {
  /**
   * @param {HTMLElement} place @param {import("./types.js").Label[]} labels
   * @param {{choose: (label: import("./types.js").Label) => void, many?: boolean, title?: string, kind?:
   *   "answer"|"brush", patterns?: boolean}} options
   *   `many`: several may be on at once; `patterns`: each has one beside its colour
   */
  constructor(place, labels, { choose, many = false, title = "Labels", kind = "answer", patterns = false }) {
    this.labels = labels;
    this.chosen = choose;
    this.once = kind === "answer" && !many;
    this.clickedAt = -Infinity;
    /** @type {Map<string, any>} */
    this.buttons = new Map();
    this.list = h("div", {
      class: `labels ${kind}`,
      role: many ? "group" : "radiogroup",
      "aria-label": title
    });
    for (const [index, label] of labels.entries()) {
      const button = h(
        "button",
        {
          class: "label",
          role: many ? "checkbox" : "radio",
          "aria-checked": "false",
          "aria-keyshortcuts": label.hotkey || null,
          style: { "--label": label.color, "--ink": ink(label.color) },
          on: { click: (/** @type {MouseEvent} */ event) => this.clicked(label, event) }
        },
        h("span", { class: patterns ? `swatch pattern-${index % 6}` : "swatch" }),
        h("span", { class: "name", text: label.name }),
        h("span", { class: "hint" }),
        label.hotkey ? keycap(label.hotkey.toUpperCase()) : null
      );
      this.buttons.set(label.name, button);
      this.list.append(button);
    }
    const many_ = labels.length > 14;
    this.search = many_ ? this.searchField() : null;
    this.box = h("div", { class: "label-box" }, this.search, this.list);
    place.append(this.box);
  }

  /**
   * The second click of a double one would answer an item that nobody has seen yet.
   * @param {import("./types.js").Label} label @param {MouseEvent} event
   */
  clicked(label, event) {
    const after = event.timeStamp - this.clickedAt;
    this.clickedAt = event.timeStamp;
    if (this.once && event.detail > 1 && after < DOUBLE) return;
    this.chosen(label);
  }

  searchField() {
    const field = h("input", {
      class: "search",
      type: "search",
      placeholder: "Find a label ( / )",
      "aria-label": "Find a label"
    });
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      for (const [name, button] of this.buttons) button.hidden = !name.toLowerCase().includes(wanted);
    });
    field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      const first = this.labels.find((label) => !this.buttons.get(label.name).hidden);
      this.clearSearch();
      if (first) this.chosen(first);
    });
    return field;
  }

  clearSearch() {
    if (!this.search) return;
    this.search.value = "";
    this.search.dispatchEvent(new Event("input"));
    // The keys are the item's again; without any focus they would be the page's.
    /** @type {HTMLElement|null|undefined} */ (this.box.closest(".root")?.querySelector(".stage"))?.focus({
      preventScroll: true
    });
  }

  /**
   * Show which are on.
   * @param {string[]} names @param {boolean} [proposed] by the model or an earlier job, not by the person
   */
  mark(names, proposed = false) {
    for (const [name, button] of this.buttons) {
      const on = names.includes(name);
      button.setAttribute("aria-checked", String(on));
      button.classList.toggle("proposed", on && proposed);
    }
  }

  /** Say at a label what the model thinks of it. @param {string[]} names @param {number|null} confidence 0..1 */
  suggest(names, confidence) {
    for (const [name, button] of this.buttons) {
      const is = confidence != null && names.includes(name);
      button.classList.toggle("suggested", is);
      button.querySelector(".hint").textContent = is ? `suggested ${percent(confidence)}` : "";
    }
  }

  /** @param {string} key */
  key(key) {
    if (key !== "/" || !this.search) return false;
    this.search.focus();
    return true;
  }
}
