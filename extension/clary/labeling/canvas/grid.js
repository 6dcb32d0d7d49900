// Many items at once: choose those that are cats, and say so of all of them.

import { nonce } from "./calls.js";
import { h, keycap } from "./dom.js";
import { GridCell } from "./grid_cell.js";
import { labelOf } from "./keys.js";
import { Labels } from "./labels.js";
import { painted } from "./shown.js";

const SHOWN = 36;

/** @param {import("./types.js").Place} place @param {import("./desk.js").Desk} desk */
export function grid(place, desk) {
  return new Grid(place, desk);
}

export class Grid {
  /** @param {import("./types.js").Place} place @param {import("./desk.js").Desk} desk */
  constructor(place, desk) {
    this.place = place;
    this.desk = desk;
    /** @type {GridCell[]} */
    this.cells = [];
    this.at = 0; // where the keyboard is
    this.from = 0; // where a range begins
    /** @type {import("./types.js").Label|null} */
    this.label = null;
    this.many = place.job.task.endsWith("multilabel");
    this.labels = new Labels(place.panel, place.job.labels, {
      choose: (label) => this.choose(label),
      kind: "answer"
    });
    this.apply = h("button", { class: "submit wide", on: { click: () => this.submit() } });
    this.count = h("p", { class: "faint", role: "status" });
    this.every = h(
      "button",
      { class: "quiet framed wide", on: { click: () => this.all() } },
      "Choose all",
      keycap("A")
    );
    place.panel.append(this.every, this.apply, this.count);
    this.list = h("div", {
      class: "grid",
      role: "listbox",
      "aria-multiselectable": "true",
      "aria-label": "Items"
    });
    place.stage.append(this.list);
    this.help = GRID_HELP;
    this.refresh();
  }

  /** The queue's first item is to be shown: all that are leased are. */
  show() {
    this.refreshed();
  }

  /** Take in what was leased; what is chosen stays so. */
  refreshed() {
    const { queue } = this.desk;
    const items = [queue.front, ...queue.ready].filter((item) => item !== null).slice(0, SHOWN);
    const known = new Map(this.cells.map((cell) => [cell.item.id, cell]));
    this.cells = items.map(
      (item) => known.get(item.id) || new GridCell(this.place, item, (cell, event) => this.press(cell, event))
    );
    const wanted = this.cells.map((cell) => cell.element);
    // Cells that stay are not moved: the focus and the pictures stay with them.
    if (
      wanted.length !== this.list.children.length ||
      wanted.some((one, index) => one !== this.list.children[index])
    )
      this.list.replaceChildren(...wanted);
    this.at = Math.min(this.at, Math.max(0, this.cells.length - 1));
    if (this.cells.length) painted(this.place.stage, this.cells[0].item.id);
    this.refresh();
  }

  refresh() {
    const chosen = this.chosen.length;
    const what = this.label?.name ?? "…";
    this.apply.replaceChildren(
      chosen
        ? `${chosen === 1 ? "This one is" : `These ${chosen} are`} ${what}`
        : `Choose items that are ${what}`,
      keycap("↵")
    );
    this.apply.disabled = !this.label || !chosen;
    this.count.textContent = this.label ? "" : "Choose a label first, then the items.";
    this.labels.mark(this.label ? [this.label.name] : []);
    this.cells.forEach((cell, index) => cell.show(index === this.at, this.label?.color));
  }

  get chosen() {
    return this.cells.filter((cell) => cell.chosen);
  }

  /** @param {import("./types.js").Label} label */
  choose(label) {
    this.label = label;
    this.place.say(`${label.name}: choose the items`);
    this.refresh();
  }

  /** @param {GridCell} cell @param {{shiftKey: boolean}} event */
  press(cell, event) {
    this.at = this.cells.indexOf(cell);
    if (event.shiftKey) this.range();
    else {
      cell.chosen = !cell.chosen;
      this.from = this.at;
    }
    this.place.say(`${this.chosen.length} chosen`);
    this.refresh();
  }

  range() {
    const [low, high] = [Math.min(this.from, this.at), Math.max(this.from, this.at)];
    for (let index = low; index <= high; index++) this.cells[index].chosen = true;
  }

  all() {
    const on = this.chosen.length < this.cells.length;
    for (const cell of this.cells) cell.chosen = on;
    this.place.say(`${this.chosen.length} chosen`);
    this.refresh();
  }

  /** Everything that is chosen gets the label, in one transaction. */
  submit() {
    const { desk, label } = this;
    const cells = this.chosen;
    if (!label) return this.place.note("Choose a label first.");
    if (!cells.length)
      return this.place.note(`Choose the items that are ${label.name}: click them, or arrows and Space.`);
    const answer = this.many ? { labels: [label.name] } : { label: label.name };
    const seconds = desk.clock.seconds / cells.length;
    const items = cells.map((cell) => ({ object: cell.item.id, answer, nonce: nonce(), seconds }));
    void desk.doing.locked(null, async () => {
      try {
        const { seqs, progress } = await desk.saving.save("acts", { items });
        this.after(cells, answer, seqs);
        desk.progress(progress);
      } catch (error) {
        // One of them is not ours any more: which ones are is asked anew.
        if (["LeaseExpired", "NotYours", "AlreadyAnswered"].includes(/** @type {any} */ (error).code)) {
          for (const cell of cells) desk.queue.drop(cell.item.id);
        }
        throw error;
      }
      desk.clock.start();
      await desk.next();
    });
  }

  /** @param {GridCell[]} cells @param {any} answer @param {number[]} seqs */
  after(cells, answer, seqs) {
    const { queue } = this.desk;
    cells.forEach((cell, index) => {
      const item = cell.item;
      queue.finish({ ...item, answer, seq: seqs[index] });
    });
    this.from = this.at = 0;
    this.place.say(`${cells.length} saved`);
  }

  /** @param {string} key @param {KeyboardEvent} event */
  key(key, event) {
    const label = labelOf(this.place.job.labels, key, event);
    const arrow = /^(Shift\+)?(Arrow\w+)$/.exec(key);
    if (label) this.choose(label);
    else if (arrow) this.move(arrow[2], Boolean(arrow[1]));
    else if (key === " " || key === "Shift+ ") {
      if (this.cells[this.at]) this.press(this.cells[this.at], { shiftKey: key !== " " });
    } else if (key === "a" || key === "Ctrl+a") this.all();
    else if (key === "Escape" && this.chosen.length) {
      for (const cell of this.cells) cell.chosen = false;
      this.refresh();
    } else return this.labels.key(key);
    return true;
  }

  /** @param {string} key @param {boolean} chooses */
  move(key, chooses) {
    const row = this.columns;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row }[key] ?? 0;
    const next = this.at + step;
    if (next < 0 || next >= this.cells.length) return;
    if (chooses && !this.chosen.length) this.from = this.at;
    this.at = next;
    if (chooses) this.range();
    this.refresh();
    const { element } = this.cells[this.at];
    const edge = { top: element.offsetTop, bottom: element.offsetTop + element.offsetHeight };
    if (edge.top < this.list.scrollTop) this.list.scrollTop = edge.top - 8;
    else if (edge.bottom > this.list.scrollTop + this.list.clientHeight)
      this.list.scrollTop = edge.bottom - this.list.clientHeight + 8;
    const cell = this.cells[this.at];
    this.place.say(`${this.at + 1} of ${this.cells.length}, ${cell.name}${cell.chosen ? ", chosen" : ""}`);
  }

  get columns() {
    const first = this.cells[0]?.element.offsetTop;
    const count = this.cells.findIndex((cell) => cell.element.offsetTop !== first);
    return count < 0 ? this.cells.length : count;
  }

  /** The panel's own button submits. */
  submits() {
    return "";
  }

  undo() {
    return false;
  }

  redo() {
    return false;
  }

  answer() {
    return null;
  }

  close() {
    this.list.remove();
    this.labels.box.remove();
  }
}

const GRID_HELP = [
  { keys: "1 / 2 / …", does: "the label" },
  { keys: "Click", does: "choose an item, or not; with Shift all from the last one to it" },
  { keys: "Arrows", does: "go from item to item; with Shift choose on the way" },
  { keys: "Space", does: "choose the item, or not" },
  { keys: "A", does: "choose all, or none" },
  { keys: "Enter", does: "label all that are chosen" }
];
