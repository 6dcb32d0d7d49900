// The items of one person: what is leased ahead, what is shown, what was done before.

/** @typedef {import("./types.js").Item} Item */

export class Queue {
  /** @param {import("./saving.js").Saving} saving @param {{ahead?: number, name?: "label"|"review"}} [options] */
  constructor(saving, { ahead = 5, name = "label" } = {}) {
    this.saving = saving;
    this.ahead = ahead;
    this.name = name;
    /** @type {Item[]} leased, not shown yet */
    this.ready = [];
    /** @type {Item[]} passed over; they come again when there are no others */
    this.passed = [];
    /** @type {Item|null} the one to do */
    this.front = null;
    /** @type {Item[]} done before, newest last */
    this.past = [];
    this.pastComplete = false;
    /** @type {number|null} the action before which `history` was not read yet */
    this.oldest = null;
    /** how far back one looks: 0 is the front, 1 the newest of `past` */
    this.back = 0;
    /** @type {Promise<import("./types.js").Progress|null>|null} */
    this.asking = null;
    this.asked = 0; // how many ahead that will make
  }

  /** The item on the screen. */
  get shown() {
    return this.back ? this.past[this.past.length - this.back] : this.front;
  }

  /** Ids that `next` need not give again. */
  get have() {
    const all = [...(this.front ? [this.front] : []), ...this.ready, ...this.passed];
    return all.map((item) => item.id);
  }

  /**
   * Lease more, where there is room for more; what is asked for already is waited for, and the rest asked for then.
   * @returns {Promise<import("./types.js").Progress|null>} null: nothing was asked
   */
  refill() {
    if (this.asking) return this.asked >= this.ahead ? this.asking : this.asking.then(() => this.refill());
    const n = this.ahead - this.ready.length + (this.front ? 0 : 1);
    if (n <= 0) return Promise.resolve(null);
    this.asked = this.ahead;
    this.asking = this.ask(n).finally(() => (this.asking = null));
    return this.asking;
  }

  /** @param {number} n */
  async ask(n) {
    const have = this.have;
    const { items, progress } = await this.saving.insist("next", { n, have, queue: this.name });
    const known = new Set(this.have);
    for (const item of items) if (!known.has(item.id)) this.ready.push(item);
    if (!this.front && !this.ready.length) this.ready = this.passed.splice(0);
    if (!this.front) this.front = this.ready.shift() || null;
    return progress;
  }

  /** The front is done (with this answer): the next takes its place. @param {Partial<Item>} done what it is now */
  advance(done) {
    if (this.front) this.keep({ ...this.front, ...done });
    this.front = this.ready.shift() || null;
    this.back = 0;
  }

  /** Not now: the next one takes its place. */
  pass() {
    if (this.front) this.passed.push(this.front);
    this.front = this.ready.shift() || null;
    this.back = 0;
  }

  /** Remember an item as done. @param {Item} item */
  keep(item) {
    this.past = this.past.filter((one) => one.id !== item.id);
    this.past.push({ ...item, draft: null });
    if (this.past.length > 500) {
      this.past.splice(0, 100);
      this.pastComplete = false;
      this.oldest = null;
    }
  }

  /** It is done, wherever it stood. @param {Item} item */
  finish(item) {
    this.drop(item.id);
    this.keep(item);
  }

  /** Not ours any more. @param {number} id */
  drop(id) {
    if (this.shown?.id === id) this.back = 0;
    this.ready = this.ready.filter((item) => item.id !== id);
    this.passed = this.passed.filter((item) => item.id !== id);
    const place = this.past.findIndex((item) => item.id === id);
    if (place >= 0) {
      this.past.splice(place, 1);
      this.back = Math.min(this.back, this.past.length);
    }
    if (this.front?.id === id) this.front = this.ready.shift() || null;
  }

  /** An item that came back by undo (or forward again by redo) is what is to be done now. @param {Item} item */
  bring(item) {
    this.past = this.past.filter((one) => one.id !== item.id);
    this.ready = this.ready.filter((one) => one.id !== item.id);
    this.passed = this.passed.filter((one) => one.id !== item.id);
    if (this.front && this.front.id !== item.id) this.ready.unshift(this.front);
    this.front = item;
    this.back = 0;
  }

  /** One step back; false where there is nothing before. */
  async older() {
    if (this.back >= this.past.length && !this.pastComplete) await this.recall();
    if (this.back >= this.past.length) return false;
    this.back++;
    return true;
  }

  newer() {
    if (!this.back) return false;
    this.back--;
    return true;
  }

  /** Items of former sittings. */
  async recall() {
    const before = this.oldest ?? this.past[0]?.seq ?? null;
    const { items } = await this.saving.insist("history", { before, n: 20 });
    const known = new Set(this.past.map((item) => item.id));
    const older = items.filter(
      (/** @type {Item} */ item) => !known.has(item.id) && item.id !== this.front?.id
    );
    this.past.unshift(...older.reverse());
    this.pastComplete = items.length < 20;
    this.oldest = items.at(-1)?.seq ?? before;
  }

  /** Leases that end soon. @param {number} now seconds since the epoch @param {number} within seconds */
  ending(now, within) {
    return [this.front, ...this.ready].filter((item) => item?.lease_until && item.lease_until - now < within);
  }
}
