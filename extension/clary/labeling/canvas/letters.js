// Which letter of a text is under the pointer, in whatever direction its words are written. The browser knows where each part of
// a text stands; a text that goes both ways has several places on one line.

/**
 * How far a place is from a point, down and across, in CSS pixels: the nearest of what the range or element covers.
 * @param {Range|Element} part @param {{clientX: number, clientY: number}} at @returns {[number, number]}
 */
function distance(part, at) {
  /** @type {[number, number]} */
  let best = [Infinity, Infinity];
  for (const edge of part.getClientRects()) {
    const down = Math.max(edge.top - at.clientY, at.clientY - edge.bottom, 0);
    const across = Math.max(edge.left - at.clientX, at.clientX - edge.right, 0);
    if (nearer([down, across], best)) best = [down, across];
  }
  return best;
}

/** Letters that are written from right to left: Hebrew, Arabic, Syriac, Thaana, N'Ko, Adlam and their like, by blocks. */
const LEFTWARDS = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * Which way a text goes at its end, by its last letter; empty where it has none. Digits go where the letters before them do.
 * @param {string} text @returns {"ltr"|"rtl"|""}
 */
export function way(text) {
  const letter = /\p{L}(?=\P{L}*$)/u.exec(text)?.[0];
  return letter ? (LEFTWARDS.test(letter) ? "rtl" : "ltr") : "";
}

/** A line's other end is nearer than another line. @param {[number, number]} one @param {[number, number]} other */
function nearer(one, other) {
  return one[0] < other[0] || (one[0] === other[0] && one[1] < other[1]);
}

/**
 * Whether a point is on it: the browser's own answer is off by a pixel, which matters where the direction changes.
 * @param {Element} element @param {{clientX: number, clientY: number}} at
 */
export function covers(element, at) {
  const [down, across] = distance(element, at);
  return !down && !across;
}

/** @template {Element} T @param {T[]} elements @param {{clientX: number, clientY: number}} at @returns {T|undefined} */
export function nearest(elements, at) {
  /** @type {T|undefined} */
  let found;
  /** @type {[number, number]} */
  let best = [Infinity, Infinity];
  for (const one of elements) {
    const now = distance(one, at);
    if (nearer(now, best)) [found, best] = [one, now];
  }
  return found;
}

/**
 * The letter nearest to a point: by halves, first among the lines, then within one; a text of 20,000 letters takes some 30 looks.
 * @param {Text} node @param {number[]} starts  UTF-16 indices within the node where its letters begin, and its end
 * @param {{clientX: number, clientY: number}} at
 * @returns {{letter: number, after: boolean}}  index into `starts`; `after`: the point is in the half where the letter ends
 */
export function letterAt(node, starts, at) {
  const range = node.ownerDocument.createRange();
  const count = starts.length - 1;
  const part = (/** @type {number} */ from, /** @type {number} */ to) => {
    range.setStart(node, starts[from]);
    range.setEnd(node, starts[to]);
    return range;
  };
  let [low, high] = lineAt(part, count, at.clientY);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const first = distance(part(low, middle), at);
    if (nearer(distance(part(middle, high), at), first)) low = middle;
    else high = middle;
  }
  const edge = part(low, high).getBoundingClientRect();
  const right = at.clientX >= (edge.left + edge.right) / 2;
  return { letter: low, after: right !== leftwards(edge, low, part, count) };
}

/**
 * The letters of the line on the screen at a height: lines follow each other in the order of the text, whatever stands where
 * on them.
 * @param {(from: number, to: number) => Range} part @param {number} count of letters @param {number} y CSS pixels
 * @returns {[number, number]} the first, and the one behind the last
 */
function lineAt(part, count, y) {
  // What is not on the screen (a space at a line's end) stands where the next letter does.
  const edge = (/** @type {number} */ letter) => {
    for (let at = letter; at < count; at++) {
      const [found] = part(at, at + 1).getClientRects();
      if (found) return found;
    }
    return null;
  };
  const first = (/** @type {(edge: DOMRect) => boolean} */ is, low = 0) => {
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      const found = edge(middle);
      if (!found || is(found)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  let begin = first((one) => one.bottom > y);
  // Below all of it: the last line.
  if (begin === count) {
    const last = part(Math.max(0, count - 1), count).getBoundingClientRect();
    begin = first((one) => one.bottom >= last.bottom);
  }
  const line = edge(begin);
  return line
    ? [
        begin,
        Math.max(
          begin + 1,
          first((one) => one.top >= line.bottom, begin)
        )
      ]
    : [0, count];
}

/**
 * Whether a letter is written from right to left: its neighbour, where it touches it, stands on the other side then.
 * @param {DOMRect} edge of the letter @param {number} letter @param {(from: number, to: number) => Range} part
 * @param {number} count of letters
 */
function leftwards(edge, letter, part, count) {
  const touch = (/** @type {number} */ one, /** @type {number} */ other) => Math.abs(one - other) < 0.6;
  for (const [from, sign] of [
    [letter + 1, 1],
    [letter - 1, -1]
  ]) {
    if (from < 0 || from >= count) continue;
    const other = part(from, from + 1).getBoundingClientRect();
    if (!other.width || other.bottom <= edge.top || other.top >= edge.bottom) continue;
    const onRight = touch(other.left, edge.right);
    if (onRight !== touch(other.right, edge.left)) return onRight !== sign > 0;
  }
  const around = part(letter, letter + 1).startContainer.parentElement;
  return around ? getComputedStyle(around).direction === "rtl" : false;
}
