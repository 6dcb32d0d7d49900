// Named entities: spans of a text, selected by mouse, finger or the keyboard's cursor.

import { percent } from "./dom.js";
import { Edits } from "./edits.js";
import { Labels } from "./labels.js";
import { Offsets } from "./offsets.js";
import { painted } from "./shown.js";
import { SpanKeys } from "./span_keys.js";
import { SpanPointer } from "./span_pointer.js";
import { SpanList } from "./span_list.js";
import { SpanText } from "./span_text.js";

/** @typedef {import("./span_text.js").Entity} Entity */

/** @param {import("./types.js").Place} place @returns {import("./types.js").Editor} */
export function spans(place) {
  return new SpanEditor(place);
}

export class SpanEditor {
  /** @param {import("./types.js").Place} place */
  constructor(place) {
    this.place = place;
    this.all = place.job.labels;
    this.edits = new Edits();
    /** @type {Entity[]} in the order of the text */
    this.entities = [];
    this.selected = -1;
    this.anchor = 0;
    this.cursor = 0;
    this.cursorShown = false;
    /** @type {import("./types.js").Label|null} what a selection becomes at once; null: it waits for a label */
    this.active = null;
    this.offsets = new Offsets("");
    this.text = new SpanText(place.stage, (name) => this.look(name));
    if (!place.readonly) {
      this.labels = new Labels(place.panel, this.all, {
        choose: (label) => this.label(label, true),
        kind: "brush"
      });
      this.keys = new SpanKeys(this);
      this.pointer = new SpanPointer(this);
    }
    this.list = new SpanList(place.panel, {
      select: (index) => this.select(index),
      remove: place.readonly ? undefined : (index) => this.remove(index)
    });
    this.help = place.readonly ? [] : SPAN_HELP;
  }

  /** @param {string} name */
  look(name) {
    const labels = [...this.all, ...(this.place.job.prelabel_labels || [])];
    return labels.find((label) => label.name === name) || { color: "#6b7280", short: "" };
  }

  /** @param {import("./types.js").Item} item @param {any} answer @param {number|null} suggested */
  show(item, answer, suggested) {
    this.offsets = new Offsets(/** @type {any} */ (item.source).text || "");
    const proposed = suggested != null || (answer === item.prelabel && answer != null);
    this.entities = this.inside(answer).map((one) => ({ ...one, ...(proposed ? { proposed } : {}) }));
    this.edits.clear();
    this.selected = -1;
    this.anchor = this.cursor = this.offsets.words[0]?.start ?? 0;
    this.cursorShown = false;
    this.text.load(this.offsets);
    this.list.head(suggested != null ? `suggested ${percent(suggested)}; Enter accepts` : "");
    this.refresh();
    painted(this.place.stage, item.id);
  }

  answer() {
    return {
      entities: this.entities.map(({ label, startOffset, endOffset }) => ({ label, startOffset, endOffset }))
    };
  }

  /** An answer's spans as far as they lie in the text, in its order. @param {any} answer @returns {Entity[]} */
  inside(answer) {
    return (answer?.entities || [])
      .filter(
        (/** @type {Entity} */ one) =>
          one.startOffset >= 0 && one.endOffset <= this.offsets.length && one.startOffset < one.endOffset
      )
      .sort((/** @type {Entity} */ one, /** @type {Entity} */ other) => one.startOffset - other.startOffset);
  }

  /** @param {any} answer  it takes the place of the spans that are there */
  start(answer) {
    this.anchor = this.cursor;
    this.change(this.inside(answer), -1);
  }

  /** The selection: [from, to) in code points. */
  get range() {
    return { from: Math.min(this.anchor, this.cursor), to: Math.max(this.anchor, this.cursor) };
  }

  refresh() {
    const { from, to } = this.range;
    this.text.draw({
      entities: this.entities,
      selected: this.selected,
      from,
      to,
      cursor: this.cursorShown ? this.cursor : -1
    });
    this.labels?.mark([this.entities[this.selected]?.label ?? this.active?.name ?? ""]);
    this.list.show(this.entities, this.selected, this.offsets, (name) => this.look(name).color);
  }

  /** A label's key or button: for the selected span, the selection, or (none of both) for the selections that come.
   * @param {import("./types.js").Label} label @param {boolean} [stays] a button: it stays chosen */
  label(label, stays = false) {
    const { from, to } = this.range;
    if (from < to) this.add(from, to, label.name);
    else if (this.selected >= 0) {
      this.change(
        this.entities.map((one, index) =>
          index === this.selected ? { ...one, label: label.name, proposed: false } : one
        ),
        this.selected
      );
      this.place.say(`${label.name}`);
    } else if (this.keys?.word && this.cursorShown) {
      const word = this.offsets.words[this.offsets.wordAt(this.cursor)];
      if (word) this.add(word.start, word.end, label.name);
    } else {
      this.active = this.active === label && stays ? null : label;
      this.place.say(this.active ? `What you select now becomes ${label.name}` : "No label chosen");
      this.refresh();
    }
  }

  /** @param {number} start @param {number} end @param {string} label */
  add(start, end, label) {
    const clash = this.entities.find((one) => one.startOffset < end && one.endOffset > start);
    this.anchor = this.cursor;
    if (clash && clash.startOffset === start && clash.endOffset === end) {
      const index = this.entities.indexOf(clash);
      this.change(
        this.entities.map((one) => (one === clash ? { ...one, label, proposed: false } : one)),
        index
      );
      return;
    }
    if (clash) {
      this.place.note(
        `Spans cannot overlap: “${short(this.offsets.slice(clash.startOffset, clash.endOffset))}” is ${clash.label} already. Delete it first.`
      );
      this.refresh();
      return;
    }
    const made = { label, startOffset: start, endOffset: end };
    const after = [...this.entities, made].sort((one, other) => one.startOffset - other.startOffset);
    this.change(after, -1);
    this.place.say(`${short(this.offsets.slice(start, end))}: ${label}`);
  }

  /** @param {number} index */
  remove(index) {
    const gone = this.entities[index];
    if (!gone) return;
    this.change(
      this.entities.filter((one) => one !== gone),
      -1
    );
    this.place.say(`${gone.label} deleted`);
  }

  /** @param {Entity[]} after @param {number} selected */
  change(after, selected) {
    const before = this.entities;
    const was = this.selected;
    this.edits.add(
      () => this.put(before, was),
      () => this.put(after, selected)
    );
    this.put(after, selected);
  }

  /** @param {Entity[]} after @param {number} selected */
  put(after, selected) {
    this.entities = after;
    this.selected = selected;
    this.refresh();
    this.place.changed();
  }

  /** @param {number} index */
  select(index) {
    this.selected = index;
    const one = this.entities[index];
    this.anchor = this.cursor;
    if (one) {
      this.text.keepInSight(one.startOffset);
      this.place.say(`${one.label}: ${short(this.offsets.slice(one.startOffset, one.endOffset))}`);
    }
    this.refresh();
  }

  /**
   * Select from one point to another: whole words, or letters.
   * @param {number} one @param {number} other @param {boolean} letters
   */
  take(one, other, letters) {
    const range = letters
      ? { start: Math.min(one, other), end: Math.max(one, other) }
      : this.offsets.toWords(Math.min(one, other), Math.max(one, other));
    this.selected = -1;
    this.anchor = range ? range.start : other;
    this.cursor = range ? range.end : other;
    this.refresh();
  }

  /** @param {string} key @param {KeyboardEvent} event */
  key(key, event) {
    if (this.keys) return this.keys.key(key, event);
    const step = key === "ArrowDown" ? 80 : key === "ArrowUp" ? -80 : 0;
    if (step) this.text.box.scrollBy(0, step);
    return step !== 0;
  }

  undo() {
    return this.edits.undo();
  }

  redo() {
    return this.edits.redo();
  }

  close() {
    this.text.close();
    this.labels?.box.remove();
    this.list.box.remove();
  }
}

/** @param {string} text */
function short(text) {
  return text.length > 40 ? `${text.slice(0, 38)}…` : text;
}

const SPAN_HELP = [
  { keys: "Drag", does: "select words; with Alt letters" },
  { keys: "1 / 2 / …", does: "label the selection, the selected span, or the word at the cursor" },
  { keys: "← / →", does: "move the cursor by a word; with Alt by a letter; ↑ ↓ by a line" },
  { keys: "Shift + Arrows", does: "select from the cursor" },
  { keys: "Tab", does: "select the next span; Shift + Tab the one before" },
  { keys: "Delete", does: "delete the selected span" },
  { keys: "Escape", does: "select nothing; then Tab leaves the text" }
];
