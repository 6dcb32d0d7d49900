// Unfinished work, kept on disk shortly after every change, so that a killed browser goes on in the middle of an item.

import { CallError } from "./calls.js";

const NO_ROOM = {
  code: "NoRoom",
  message: "The browser has no room for what you began here: decide before you leave this item."
};

export class Drafts {
  /** @param {import("./saving.js").Saving} saving @param {(error: any) => void} failed */
  constructor(saving, failed) {
    this.saving = saving;
    this.failed = failed;
    /** @type {import("./begun.js").Begun|null} what is begun in the review queue */
    this.begun = null;
    /** @type {{item: import("./types.js").Item, review: boolean, answer: () => any}|null} */
    this.wanted = null;
    /** @type {Promise<any>} what is on its way */
    this.sent = Promise.resolve();
    this.leaving = () => void this.flush();
    window.addEventListener("pagehide", this.leaving);
    document.addEventListener("visibilitychange", this.leaving);
  }

  /**
   * @param {import("./types.js").Item} item @param {boolean} review  it is the owner's decision that was begun
   * @param {() => any} answer  what stands there when it is sent; null: nothing any more; undefined: nothing is to be sent
   */
  later(item, review, answer) {
    this.wanted = { item, review, answer };
    clearTimeout(this.clock);
    this.clock = setTimeout(() => this.flush(), 300);
  }

  /** Send what waits. Resolves when it is on disk. */
  flush() {
    clearTimeout(this.clock);
    const wanted = this.wanted;
    this.wanted = null;
    const answer = wanted?.answer();
    if (!wanted || answer === undefined) return this.sent;
    this.sent = this.sent.then(() => this.keep(wanted, answer)).catch((error) => this.failed(error));
    return this.sent;
  }

  /**
   * @param {{item: import("./types.js").Item, review: boolean}} wanted @param {any} answer
   * @returns {Promise<any>}
   */
  async keep({ item, review }, answer) {
    if (!review) await this.saving.save("act", { action: "draft", object: item.id, answer });
    else if (this.begun && !this.begun.keep(item, answer)) throw new CallError(NO_ROOM);
  }

  /** What waits is overtaken by an answer. Resolves when nothing is on its way any more. */
  drop() {
    clearTimeout(this.clock);
    this.wanted = null;
    return this.sent;
  }

  /** After the last `flush`. */
  close() {
    window.removeEventListener("pagehide", this.leaving);
    document.removeEventListener("visibilitychange", this.leaving);
  }
}
