// A text with its spans, the selection and the cursor, redrawn line by line where something changed.

import { h, ink } from "./dom.js";
import { covers, letterAt, nearest, way } from "./letters.js";

/**
 * @typedef {{label: string, startOffset: number, endOffset: number, proposed?: boolean}} Entity  code points, end exclusive
 */
/**
 * @typedef {{entities: Entity[], selected: number, from: number, to: number, cursor: number}} State  `from`..`to`: the selection; `cursor`: -1: not shown
 */

export class SpanText {
  /**
   * @param {HTMLElement} place @param {(name: string) => {color: string, short: string}} look
   */
  constructor(place, look) {
    this.look = look;
    /** @type {{start: number, end: number, key: string, element: HTMLElement}[]} */
    this.lines = [];
    this.text = h("div", { class: "text spans" });
    this.box = h(
      "div",
      {
        class: "reading",
        role: "textbox",
        "aria-readonly": "true",
        "aria-multiline": "true",
        "aria-label": "Text"
      },
      this.text
    );
    place.append(this.box);
  }

  /** @param {import("./offsets.js").Offsets} offsets */
  load(offsets) {
    this.offsets = offsets;
    this.lines = [];
    let start = 0;
    for (const line of offsets.text.split(/(?<=\n)/)) {
      const end = start + [...line].length;
      this.lines.push({ start, end, key: "\0", element: h("div", { class: "line", dir: "auto" }) });
      start = end;
    }
    if (!this.lines.length)
      this.lines.push({ start: 0, end: 0, key: "\0", element: h("div", { class: "line", dir: "auto" }) });
    this.text.replaceChildren(...this.lines.map((line) => line.element));
    this.text.classList.toggle("short", offsets.length < 280);
    this.box.scrollTop = 0;
  }

  /** @param {State} state */
  draw(state) {
    for (const line of this.lines) {
      const entities = state.entities
        .map((one, index) => ({ ...one, index }))
        .filter((one) => one.startOffset < line.end && one.endOffset > line.start);
      const from = Math.max(line.start, state.from);
      const to = Math.min(line.end, state.to);
      const cursor =
        state.cursor >= line.start && (state.cursor < line.end || line.end === this.offsets?.length)
          ? state.cursor
          : -1;
      const key = JSON.stringify([
        entities,
        from < to ? [from, to] : 0,
        cursor,
        entities.some((one) => one.index === state.selected) ? state.selected : -1
      ]);
      if (key === line.key) continue;
      line.key = key;
      this.drawLine(line, entities, from, to, cursor, state.selected);
    }
  }

  /**
   * @param {any} line @param {any[]} entities @param {number} from @param {number} to @param {number} cursor
   * @param {number} selected
   */
  drawLine(line, entities, from, to, cursor, selected) {
    const cuts = new Set([line.start, line.end]);
    for (const one of entities)
      cuts.add(Math.max(line.start, one.startOffset)).add(Math.min(line.end, one.endOffset));
    if (from < to) cuts.add(from).add(to);
    if (cursor >= 0) cuts.add(cursor);
    const edges = [...cuts].sort((a, b) => a - b);
    /** @type {HTMLElement[]} */
    const nodes = [];
    /** @type {HTMLElement|null} */
    let mark = null;
    let marked = -1;
    edges.forEach((start, at) => {
      const end = edges[at + 1] ?? start;
      const entity = entities.find((one) => one.startOffset <= start && one.endOffset > start && start < end);
      if (!entity || entity.index !== marked) mark = null;
      if (entity && !mark) {
        const made = this.mark(entity, entity.index === selected);
        const until = Math.min(entity.endOffset, line.end);
        made.dataset.way = way(this.offsets?.slice(Math.max(line.start, until - 80), until) ?? "");
        mark = made;
        marked = entity.index;
        nodes.push(made);
      }
      const holder = mark || { append: (/** @type {HTMLElement} */ one) => nodes.push(one) };
      if (start === cursor) holder.append(h("span", { class: "caret", "aria-hidden": "true" }));
      if (start === end) return;
      const piece = h("span", {
        class: start >= from && start < to ? "piece taken" : "piece",
        "data-start": start
      });
      // The line's own break is the line's end.
      piece.textContent = this.offsets?.slice(start, end).replace(/\r?\n$/, "") ?? "";
      holder.append(piece);
      if (mark && entity && end >= Math.min(entity.endOffset, line.end))
        mark.append(this.tag(entity, end === entity.endOffset));
    });
    line.element.replaceChildren(...nodes);
    if (!line.element.textContent) line.element.append(h("br"));
  }

  /** @param {any} entity @param {boolean} selected */
  mark(entity, selected) {
    const { color } = this.look(entity.label);
    const kinds = `${selected ? " selected" : ""}${entity.proposed ? " proposed" : ""}`;
    return h("mark", {
      class: `entity${kinds}`,
      "data-entity": entity.index,
      style: { "--label": color, "--ink": ink(color) }
    });
  }

  /** @param {Entity} entity @param {boolean} ends whether the span ends on this line */
  tag(entity, ends) {
    const { short } = this.look(entity.label);
    return h("span", { class: "entity-tag", title: entity.label, text: ends ? short || entity.label : "…" });
  }

  /**
   * The code point offset under the pointer: the border between letters that is nearest; null beside the text.
   * @param {{clientX: number, clientY: number}} at @param {boolean} [letter] of the letter under it, where there is one, its begin
   * @returns {number|null}
   */
  pointAt(at, letter = false) {
    const root = /** @type {any} */ (this.box.getRootNode());
    const under = root.elementFromPoint(at.clientX, at.clientY);
    const piece = under?.closest?.(".piece");
    if (piece && covers(piece, at)) return this.within(piece, at, letter);
    // Beside a line's text, between its lines, or on a label: the nearest piece of the line.
    const line = this.lines.find(({ element }) => {
      const edge = element.getBoundingClientRect();
      return at.clientY >= edge.top && at.clientY < edge.bottom;
    });
    if (!line) return null;
    const near = nearest(/** @type {HTMLElement[]} */ ([...line.element.querySelectorAll(".piece")]), at);
    return near ? this.within(near, at, letter && covers(near, at)) : line.start;
  }

  /** @param {HTMLElement} piece @param {{clientX: number, clientY: number}} at @param {boolean} letter */
  within(piece, at, letter) {
    const offsets = /** @type {import("./offsets.js").Offsets} */ (this.offsets);
    const node = /** @type {Text|null} */ (piece.firstChild);
    const start = Number(piece.dataset.start);
    if (!node) return start;
    const begin = offsets.units[start];
    const end = begin + node.data.length;
    // Where its letters begin: the first may begin before it, the last end after it.
    const points = [start];
    for (let index = offsets.letterIndex(start) + 1; offsets.units[offsets.letters[index]] < end; index++)
      points.push(offsets.letters[index]);
    const starts = [...points.map((point) => offsets.units[point] - begin), node.data.length];
    const found = letterAt(node, starts, at);
    if (letter || !found.after) return offsets.letter(points[found.letter], 0);
    return points[found.letter + 1] ?? offsets.point(end);
  }

  /** @param {number} point */
  lineOf(point) {
    return this.lines.findLast((one) => one.start <= point) || this.lines[0];
  }

  /** Whether the line of a code point is written from right to left. @param {number} point */
  leftwards(point) {
    return getComputedStyle(this.lineOf(point).element).direction === "rtl";
  }

  /** Where a code point stands on the screen, to move a line up or down. @param {number} point */
  edgeOf(point) {
    const line = this.lineOf(point);
    const pieces = /** @type {HTMLElement[]} */ ([...line.element.querySelectorAll(".piece")]);
    const piece = pieces.findLast((one) => Number(one.dataset.start) <= point) || pieces[0];
    if (!piece?.firstChild || !this.offsets) return line.element.getBoundingClientRect();
    const range = document.createRange();
    const unit = this.offsets.units[point] - this.offsets.units[Number(piece.dataset.start)];
    const length = piece.firstChild.textContent?.length || 0;
    range.setStart(piece.firstChild, Math.max(0, Math.min(unit, length - 1)));
    range.setEnd(piece.firstChild, Math.max(0, Math.min(unit + 1, length)));
    return range.getBoundingClientRect();
  }

  /** Scroll only the text's own place. @param {number} point */
  keepInSight(point) {
    const edge = this.edgeOf(point);
    const box = this.box.getBoundingClientRect();
    if (edge.bottom > box.bottom - 24) this.box.scrollTop += edge.bottom - box.bottom + 60;
    else if (edge.top < box.top + 12) this.box.scrollTop -= box.top - edge.top + 60;
  }

  close() {
    this.box.remove();
  }
}
