// Places in a text. Answers count unicode code points; JavaScript's strings count UTF-16 units; people move by words
// and letters.

export class Offsets {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    /** UTF-16 index of every code point, and of the end @type {number[]} */
    this.units = [];
    for (let index = 0; index < text.length;) {
      this.units.push(index);
      index += /** @type {number} */ (text.codePointAt(index)) > 0xffff ? 2 : 1;
    }
    this.length = this.units.length;
    this.units.push(text.length);
    /** @type {Map<number, number>} */
    this.points = new Map(this.units.map((unit, point) => [unit, point]));
    /** letters as people see them: code point offsets where one begins, and the end @type {number[]} */
    this.letters = this.borders("grapheme").map((one) => one.start);
    this.letters.push(this.length);
    /** words: [start, end) in code points @type {{start: number, end: number}[]} */
    this.words = this.borders("word").filter((one) => one.word);
  }

  /** @param {number} start @param {number} end code points */
  slice(start, end) {
    return this.text.slice(this.units[start], this.units[end]);
  }

  /** The code point at or before a UTF-16 index. @param {number} unit */
  point(unit) {
    return this.points.get(unit) ?? this.points.get(unit - 1) ?? this.length;
  }

  /** @param {"grapheme"|"word"} granularity */
  borders(granularity) {
    const found = [];
    for (const { segment, index, isWordLike } of segments(this.text, granularity)) {
      const start = this.point(index);
      // Signs alone (€, emoji) count as words, too; spaces and punctuation do not.
      found.push({
        start,
        end: this.point(index + segment.length),
        word: Boolean(isWordLike) || /[^\s\p{P}]/u.test(segment)
      });
    }
    return found;
  }

  /** The word at a code point, or the nearest before it. @param {number} point */
  wordAt(point) {
    let best = 0;
    for (let low = 0, high = this.words.length - 1; low <= high;) {
      const middle = (low + high) >> 1;
      if (this.words[middle].start <= point) {
        best = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    return best;
  }

  /**
   * The border between letters nearest to a code point.
   * @param {number} point @param {number} step -1: before it, 1: after it, 0: at it or before
   */
  letter(point, step) {
    const low = this.letterIndex(point);
    if (step > 0) return this.letters[Math.min(low + 1, this.letters.length - 1)];
    if (step < 0) return this.letters[low] < point ? this.letters[low] : this.letters[Math.max(0, low - 1)];
    return this.letters[low];
  }

  /** Which letter a code point belongs to: an index into `letters`. @param {number} point */
  letterIndex(point) {
    let low = 0;
    let high = this.letters.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.letters[middle] <= point) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * Grown to whole words, without the spaces and punctuation at its ends; where it holds no word, the letters that
   *   are no spaces.
   * @param {number} start @param {number} end @returns {{start: number, end: number}|null}
   */
  toWords(start, end) {
    const touched = this.words.filter((word) => word.start < end && word.end > start);
    const last = touched.at(-1);
    if (last) return { start: touched[0].start, end: last.end };
    return this.slice(start, end).trim() ? { start, end } : null;
  }
}

/**
 * @param {string} text @param {"grapheme"|"word"} granularity
 * @returns {Iterable<{segment: string, index: number, isWordLike?: boolean}>}
 */
function segments(text, granularity) {
  if (typeof Intl.Segmenter === "function")
    return new Intl.Segmenter(undefined, { granularity }).segment(text);
  const parts =
    granularity === "word"
      ? text.matchAll(/[\p{L}\p{M}\p{N}_]+|\s+|[^\s]/gu)
      : text.matchAll(/\P{M}\p{M}*/gsu);
  return [...parts].map((part) => ({
    segment: part[0],
    index: part.index ?? 0,
    isWordLike: /[\p{L}\p{N}]/u.test(part[0])
  }));
}
