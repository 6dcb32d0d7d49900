// Boxes as numbers: integer pixels of the image, never outside it, at least one pixel wide and high.

/**
 * @typedef {import("./types.js").Box} Box @typedef {{width: number, height: number}} Size
 * @typedef {{x: number, y: number}} Point
 */

/**
 * The eight handles: which edges each moves (-1 left or top, 1 right or bottom), and the mouse pointer over
 * it.
 */
export const HANDLES = [
  { x: -1, y: -1, cursor: "nwse-resize" },
  { x: 0, y: -1, cursor: "ns-resize" },
  { x: 1, y: -1, cursor: "nesw-resize" },
  { x: 1, y: 0, cursor: "ew-resize" },
  { x: 1, y: 1, cursor: "nwse-resize" },
  { x: 0, y: 1, cursor: "ns-resize" },
  { x: -1, y: 1, cursor: "nesw-resize" },
  { x: -1, y: 0, cursor: "ew-resize" }
];

const within = (/** @type {number} */ value, /** @type {number} */ most) =>
  Math.min(most, Math.max(0, value));

/**
 * The box between two corners.
 * @param {Point} one @param {Point} other @param {Size} size @param {string} label @returns {Box}
 */
export function between(one, other, size, label) {
  let left = Math.round(within(Math.min(one.x, other.x), size.width));
  let top = Math.round(within(Math.min(one.y, other.y), size.height));
  const right = Math.round(within(Math.max(one.x, other.x), size.width));
  const bottom = Math.round(within(Math.max(one.y, other.y), size.height));
  left = Math.min(left, size.width - 1);
  top = Math.min(top, size.height - 1);
  return { label, left, top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

/**
 * @param {Box} box @param {number} x @param {number} y @param {Size} size
 * @returns {Box} moved as far as the image goes
 */
export function moved(box, x, y, size) {
  return {
    ...box,
    left: Math.round(within(box.left + x, size.width - box.width)),
    top: Math.round(within(box.top + y, size.height - box.height))
  };
}

/**
 * The edges that a handle moves go to where the pointer is; past the opposite edge the box turns over.
 * @param {Box} box @param {{x: number, y: number}} handle @param {Point} point @param {Size} size @returns {Box}
 */
export function resized(box, handle, point, size) {
  const right = box.left + box.width;
  const bottom = box.top + box.height;
  const one = { x: handle.x > 0 ? box.left : right, y: handle.y > 0 ? box.top : bottom };
  const other = {
    x: handle.x ? point.x : box.left,
    y: handle.y ? point.y : box.top
  };
  if (!handle.x) one.x = right;
  if (!handle.y) one.y = bottom;
  return between(one, other, size, box.label);
}

/**
 * Right and bottom edge by so much (the keyboard's way).
 * @param {Box} box @param {number} x @param {number} y @param {Size} size
 */
export function grown(box, x, y, size) {
  return {
    ...box,
    width: Math.min(size.width - box.left, Math.max(1, box.width + x)),
    height: Math.min(size.height - box.top, Math.max(1, box.height + y))
  };
}

/**
 * Clipped to the image, in whole pixels; null where nothing of it is inside.
 * @param {any} box @param {Size} size @returns {Box|null}
 */
export function clipped(box, size) {
  const right = Math.min(size.width, box.left + box.width);
  const bottom = Math.min(size.height, box.top + box.height);
  if (right <= 0 || bottom <= 0 || box.left >= size.width || box.top >= size.height) return null;
  return between({ x: box.left, y: box.top }, { x: right, y: bottom }, size, box.label);
}

/** @param {Box} box @param {number} index of `HANDLES` @returns {Point} in image pixels */
export function handleAt(box, index) {
  const { x, y } = HANDLES[index];
  return { x: box.left + (box.width * (x + 1)) / 2, y: box.top + (box.height * (y + 1)) / 2 };
}

/**
 * The handle within `reach` image pixels of the point, or -1.
 * @param {Box} box @param {Point} point @param {number} reach
 */
export function handleNear(box, point, reach) {
  let best = -1;
  let least = reach;
  for (let index = 0; index < HANDLES.length; index++) {
    const at = handleAt(box, index);
    const distance = Math.max(Math.abs(at.x - point.x), Math.abs(at.y - point.y));
    // Corners win over edges: on small boxes they lie close together.
    if (distance < least || (distance === least && index % 2 === 0)) [best, least] = [index, distance];
  }
  return best;
}

/** @param {Box} box @param {Point} point @param {number} [more] image pixels around it */
export function holds(box, point, more = 0) {
  return (
    point.x >= box.left - more &&
    point.x <= box.left + box.width + more &&
    point.y >= box.top - more &&
    point.y <= box.top + box.height + more
  );
}

/**
 * The smallest box that holds the point, or -1: what lies within another can be taken, too.
 * @param {Box[]} boxes @param {Point} point @param {number} more
 */
export function boxAt(boxes, point, more) {
  let found = -1;
  boxes.forEach((box, index) => {
    const smaller = found < 0 || box.width * box.height < boxes[found].width * boxes[found].height;
    if (holds(box, point, more) && smaller) found = index;
  });
  return found;
}
