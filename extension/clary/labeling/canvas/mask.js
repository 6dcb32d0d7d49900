// A class for every pixel: painted, filled, undone, and written as runs. Nothing here knows the screen.

/** @typedef {{x: number, y: number}} Point */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Rect  right and bottom exclusive */

export class Mask {
  /** @param {number} width @param {number} height */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    // Room for whole words at the end: `toRuns` reads four pixels at once.
    this.data = new Uint8Array(Math.ceil((width * height) / 4) * 4);
    /** @type {Map<number, Uint8Array>} rows as they were before the stroke */
    this.saved = new Map();
    /** @type {Rect|null} what the stroke touched */
    this.touched = null;
  }

  /** @param {{width: number, height: number, runs: [number, number][]}} answer */
  static of(answer) {
    const mask = new Mask(answer.width, answer.height);
    let at = 0;
    for (const [value, length] of answer.runs) {
      if (value) mask.data.fill(value, at, at + length);
      at += length;
    }
    return mask;
  }

  /** @returns {[number, number][]} `[class, length]`, row by row */
  toRuns() {
    const { data } = this;
    const words = new Uint32Array(data.buffer);
    const total = this.width * this.height;
    /** @type {[number, number][]} */
    const runs = [];
    for (let at = 0; at < total;) {
      const value = data[at];
      const word = value * 0x01010101;
      let end = at + 1;
      for (;;) {
        if ((end & 3) === 0) {
          let index = end >> 2;
          while (index < words.length && words[index] === word) index++;
          end = index << 2;
        }
        if (end >= total || data[end] !== value) break;
        end++;
      }
      end = Math.min(end, total);
      runs.push([value, end - at]);
      at = end;
    }
    return runs;
  }

  get empty() {
    return !this.data.some((value) => value > 0);
  }

  /** @param {number} x @param {number} y */
  at(x, y) {
    const column = Math.floor(x);
    const row = Math.floor(y);
    return column >= 0 && row >= 0 && column < this.width && row < this.height
      ? this.data[row * this.width + column]
      : 0;
  }

  /**
   * One row's pixels from `from` to `to` (exclusive) become a class.
   * @param {number} row @param {number} from @param {number} to @param {number} value
   */
  span(row, from, to, value) {
    if (row < 0 || row >= this.height) return;
    const left = Math.max(0, from);
    const right = Math.min(this.width, to);
    if (left >= right) return;
    this.touch(row, left, right);
    this.data.fill(value, row * this.width + left, row * this.width + right);
  }

  /** A part of a row is about to change. @param {number} row @param {number} left @param {number} right exclusive */
  touch(row, left, right) {
    const start = row * this.width;
    if (!this.saved.has(row)) this.saved.set(row, this.data.slice(start, start + this.width));
    const touched = (this.touched ||= { left, top: row, right, bottom: row + 1 });
    touched.left = Math.min(touched.left, left);
    touched.right = Math.max(touched.right, right);
    touched.top = Math.min(touched.top, row);
    touched.bottom = Math.max(touched.bottom, row + 1);
  }

  /**
   * A round brush from one point to another.
   * @param {Point} from @param {Point} to @param {number} radius @param {number} value @returns {Rect}
   */
  brush(from, to, radius, value) {
    const top = Math.floor(Math.min(from.y, to.y) - radius);
    const bottom = Math.ceil(Math.max(from.y, to.y) + radius);
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    const length = Math.hypot(dx, dy);
    for (let row = Math.max(0, top); row <= Math.min(this.height - 1, bottom); row++) {
      const y = row + 0.5;
      let low = Infinity;
      let high = -Infinity;
      for (const end of [from, to]) {
        const reach = radius * radius - (y - end.y) ** 2;
        if (reach < 0) continue;
        low = Math.min(low, end.x - Math.sqrt(reach));
        high = Math.max(high, end.x + Math.sqrt(reach));
      }
      if (length > 0) {
        // The band between the two circles: its four corners, cut by the row.
        const nx = (-dy / length) * radius;
        const ny = (dx / length) * radius;
        const corners = [
          [from.x + nx, from.y + ny],
          [to.x + nx, to.y + ny],
          [to.x - nx, to.y - ny],
          [from.x - nx, from.y - ny]
        ];
        corners.forEach(([x0, y0], index) => {
          const [x1, y1] = corners[(index + 1) % 4];
          if (y0 <= y === y1 <= y) return;
          const x = x0 + ((y - y0) / (y1 - y0)) * (x1 - x0);
          low = Math.min(low, x);
          high = Math.max(high, x);
        });
      }
      if (low < high) this.span(row, Math.ceil(low - 0.5), Math.floor(high - 0.5) + 1, value);
    }
    const left = Math.floor(Math.min(from.x, to.x) - radius);
    return { left, top, right: Math.ceil(Math.max(from.x, to.x) + radius) + 1, bottom: bottom + 1 };
  }

  /** The inside of a polygon (even-odd). @param {Point[]} points @param {number} value */
  polygon(points, value) {
    const ys = points.map((point) => point.y);
    const first = Math.max(0, Math.floor(Math.min(...ys)));
    const last = Math.min(this.height - 1, Math.ceil(Math.max(...ys)));
    for (let row = first; row <= last; row++) {
      const y = row + 0.5;
      /** @type {number[]} */
      const cuts = [];
      points.forEach((one, index) => {
        const other = points[(index + 1) % points.length];
        if (one.y <= y !== other.y <= y)
          cuts.push(one.x + ((y - one.y) / (other.y - one.y)) * (other.x - one.x));
      });
      cuts.sort((a, b) => a - b);
      for (let index = 0; index + 1 < cuts.length; index += 2) {
        this.span(row, Math.ceil(cuts[index] - 0.5), Math.ceil(cuts[index + 1] - 0.5), value);
      }
    }
  }

  /**
   * All pixels of one class that hang together with the one at the point.
   * @param {number} x @param {number} y @param {number} value
   */
  flood(x, y, value) {
    const { width, height, data } = this;
    const column = Math.floor(x);
    const line = Math.floor(y);
    if (column < 0 || line < 0 || column >= width || line >= height) return;
    const old = data[line * width + column];
    if (old === value) return;
    const stack = [column, line];
    while (stack.length) {
      const row = /** @type {number} */ (stack.pop());
      const at = /** @type {number} */ (stack.pop());
      const start = row * width;
      if (data[start + at] !== old) continue;
      let left = at;
      let right = at + 1;
      while (left > 0 && data[start + left - 1] === old) left--;
      while (right < width && data[start + right] === old) right++;
      this.span(row, left, right, value);
      for (const next of [row - 1, row + 1]) {
        if (next < 0 || next >= height) continue;
        const begin = next * width;
        for (let index = left; index < right; index++) {
          if (data[begin + index] === old && (index === left || data[begin + index - 1] !== old))
            stack.push(index, next);
        }
      }
    }
  }

  /** All pixels as in another mask of this size, as one stroke. @param {Mask} other */
  become(other) {
    const { width, data } = this;
    for (let row = 0; row < this.height; row++) {
      const start = row * width;
      let [left, right] = [0, width];
      while (left < right && data[start + left] === other.data[start + left]) left++;
      while (left < right && data[start + right - 1] === other.data[start + right - 1]) right--;
      if (left === right) continue;
      this.touch(row, left, right);
      data.set(other.data.subarray(start + left, start + right), start + left);
    }
  }

  /** The stroke is done. @returns {Patch|null} what it changed */
  commit() {
    const { saved, touched } = this;
    this.saved = new Map();
    this.touched = null;
    return touched ? new Patch(this, saved, touched) : null;
  }
}

/** A stroke's change, small enough to keep thousands of: the runs of the rows it touched, before and after. */
export class Patch {
  /** @param {Mask} mask @param {Map<number, Uint8Array>} saved @param {Rect} rect */
  constructor(mask, saved, rect) {
    this.mask = mask;
    this.rect = rect;
    this.rows = [...saved].map(([row, before]) => {
      const start = row * mask.width;
      const after = mask.data.subarray(start + rect.left, start + rect.right);
      return { row, before: runsOf(before.subarray(rect.left, rect.right)), after: runsOf(after) };
    });
  }

  /** @param {"before"|"after"} side */
  apply(side) {
    const { data, width } = this.mask;
    for (const one of this.rows) {
      let at = one.row * width + this.rect.left;
      const runs = one[side];
      for (let index = 0; index < runs.length; index += 2) {
        data.fill(runs[index], at, at + runs[index + 1]);
        at += runs[index + 1];
      }
    }
  }
}

/** @param {Uint8Array} row @returns {number[]} class, length, class, length, ... */
function runsOf(row) {
  const runs = [];
  for (let at = 0; at < row.length;) {
    let end = at + 1;
    while (end < row.length && row[end] === row[at]) end++;
    runs.push(row[at], end - at);
    at = end;
  }
  return runs;
}
