// What stands around an item: title, progress, messages, the row of actions.

import { fill, h, icon, keycap } from "./dom.js";
import { sheet } from "./style.js";

const ICONS = {
  back: "M12 4l-6 6 6 6",
  forward: "M8 4l6 6-6 6",
  undo: "M7 4L3 8l4 4M3 8h8a5 5 0 0 1 0 10H8",
  redo: "M13 4l4 4-4 4M17 8H9a5 5 0 0 0 0 10h3",
  skip: "M4 4l7 6-7 6zM15 4v12",
  flag: "M5 18V3h10l-3 4 3 4H5"
};

export class Frame {
  /**
   * @param {HTMLElement} el @param {boolean} dark
   * @param {(action: string) => void} act  a button's action: back, forward, undo, redo, skip, flag, submit, help, ...
   */
  constructor(el, dark, act) {
    this.act = act;
    this.saidAt = -Infinity;
    this.host = h("div", { class: "clary-canvas", "data-lm-suppress-shortcuts": "true" });
    this.shadow = this.host.attachShadow({ mode: "open" });
    this.shadow.adoptedStyleSheets = [sheet()];
    this.title = h("h1", { class: "title" });
    this.progress = h("div", { class: "progress" });
    this.modes = h("div", { class: "modes", role: "group", "aria-label": "View" });
    this.banner = h("div", { class: "banner", role: "alert", hidden: true });
    // An application: a screen reader hands it the single keys instead of taking them for its own.
    this.stage = h("section", { class: "stage", role: "application", tabindex: "0", "aria-label": "Item" });
    this.header = h("div", { class: "item-header", hidden: true });
    this.panel = h("aside", { class: "panel", "aria-label": "Labels and tools" });
    this.facts = h("dl", {});
    this.about = h(
      "details",
      { class: "about", hidden: true },
      h("summary", { text: "About this item" }),
      this.facts
    );
    this.cover = h("div", { class: "cover", hidden: true });
    this.noted = h("div", { class: "note", role: "status" });
    this.live = h("div", { class: "unseen", "aria-live": "polite" });
    /** @type {Record<string, any>} */
    this.buttons = {};
    this.actions = h(
      "footer",
      { class: "actions", role: "toolbar", "aria-label": "Actions" },
      ...this.actionButtons()
    );
    this.root = h(
      "div",
      { class: dark ? "root dark" : "root" },
      h(
        "header",
        { class: "top" },
        this.title,
        this.modes,
        this.progress,
        this.button(
          "instructions",
          { class: "quiet instruct", "aria-label": "Instructions", title: "Instructions (I)" },
          h("span", { class: "long", text: "Instructions" }),
          h("span", { class: "brief", text: "i" })
        ),
        this.button("help", { class: "quiet round", "aria-label": "All keys", title: "All keys (?)" }, "?")
      ),
      this.banner,
      h(
        "div",
        { class: "work" },
        h("div", { class: "middle" }, this.header, this.stage),
        this.panel,
        this.cover
      ),
      this.actions,
      this.noted,
      this.live
    );
    this.shadow.append(this.root);
    el.append(this.host);
    // A click leaves the keys with the item, before it does anything: a dialog that it opens gives the focus back
    // there, and nothing that it takes away has it. Who walks by Tab stays where the focus is.
    const clicked = (/** @type {MouseEvent} */ event) => {
      const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
      const keeps = target.closest("dialog, input:not([type=range]), textarea, select, a, summary");
      if (event.detail > 0 && !keeps) this.focus();
    };
    this.root.addEventListener("click", clicked, { capture: true });
    this.root.addEventListener("click", () => this.keep());
  }

  actionButtons() {
    const one = (/** @type {string} */ name, /** @type {string} */ text, /** @type {string} */ key) =>
      this.button(
        name,
        {
          class: "action",
          "data-one": !/undo|redo/.test(name),
          title: `${text} (${key})`,
          "aria-label": text,
          "aria-keyshortcuts": key
        },
        icon(/** @type {any} */ (ICONS)[name]),
        h("span", { class: "word", text })
      );
    return [
      one("back", "Back", "PageUp"),
      one("forward", "Forward", "PageDown"),
      one("undo", "Undo", "U"),
      one("redo", "Redo", "Control+Shift+Z"),
      one("skip", "Skip", "S"),
      one("flag", "Flag", "F"),
      h("span", { class: "room" }),
      this.button("submit", { class: "submit" }, "Submit", keycap("↵"))
    ];
  }

  /** @param {string} name @param {Record<string, any>} attributes @param {...any} children */
  button(name, attributes, ...children) {
    const made = h("button", { ...attributes, on: { click: () => this.act(name) } }, ...children);
    this.buttons[name] = made;
    return made;
  }

  focus() {
    this.stage.focus({ preventScroll: true });
  }

  /** After a key or a click: the canvas had the focus, and keeps it. Without it, keys would edit the notebook. */
  keep() {
    if (!this.shadow.activeElement) this.focus();
  }

  /** @param {boolean} on whether undo and redo are offered */
  undoable(on) {
    this.keeping(() => (this.buttons.undo.disabled = this.buttons.redo.disabled = !on));
  }

  /** Do what removes, hides or disables things; had one of them the focus, the item has it then. @param {() => void} work */
  keeping(work) {
    const had = this.shadow.activeElement;
    work();
    if (!had || had === this.stage) return;
    const now = this.shadow.activeElement;
    if (!now?.checkVisibility({ visibilityProperty: true }) || now.matches(":disabled")) this.focus();
  }

  /** Say it to screen readers; what is said at once (an answer, and the next item) is one sentence. @param {string} text */
  say(text) {
    const now = performance.now();
    const whole = now - this.saidAt < 60 ? `${this.live.textContent}. ${text}` : text;
    this.saidAt = now;
    this.live.textContent = this.live.textContent === whole ? `${whole}\u00a0` : whole;
  }

  /** Show it for a moment. @param {string} text @param {"info"|"problem"} [kind] */
  note(text, kind = "info") {
    clearTimeout(this.noteClock);
    this.noted.className = `note shown ${kind}`;
    this.noted.textContent = text;
    this.noteClock = setTimeout(() => (this.noted.className = "note"), 2500 + text.length * 60);
  }

  /** @param {string} text empty: none */
  warn(text) {
    if (this.banner.textContent !== text) this.banner.textContent = text;
    this.banner.hidden = !text;
  }

  /** What else the item's line in the manifest says. @param {Record<string, any>} metadata */
  tell(metadata) {
    const rows = Object.entries(metadata);
    this.about.hidden = !rows.length;
    if (rows.length)
      fill(
        this.facts,
        ...rows.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: String(value) })])
      );
    if (this.about.parentNode !== this.panel) this.panel.append(this.about);
  }

  /** Something in the place of the item: waiting, the end, an error. @param {...(Node|string)} what */
  put(...what) {
    this.keeping(() => {
      fill(this.cover, ...what);
      this.cover.hidden = what.length === 0;
      this.root.classList.toggle("covered", what.length > 0);
    });
  }

  /** @param {boolean} busy */
  busy(busy) {
    this.root.classList.toggle("busy", busy);
  }

  close() {
    clearTimeout(this.noteClock);
    this.host.remove();
  }
}
