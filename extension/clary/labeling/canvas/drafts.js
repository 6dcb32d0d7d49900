// Unfinished work, kept on disk shortly after every change, so that a killed browser goes on in the middle of an item.

export class Drafts {
  /** @param {import("./saving.js").Saving} saving @param {(error: any) => void} failed */
  constructor(saving, failed) {
    this.saving = saving;
    this.failed = failed;
    /** @type {{object: number, answer: () => any}|null} */
    this.wanted = null;
    /** @type {Promise<any>} what is on its way */
    this.sent = Promise.resolve();
    this.leaving = () => void this.flush();
    window.addEventListener("pagehide", this.leaving);
    document.addEventListener("visibilitychange", this.leaving);
  }

  /**
   * @param {number} object
   * @param {() => any} answer  what stands there when it is sent; null: nothing any more; undefined: nothing is to be sent
   */
  later(object, answer) {
    this.wanted = { object, answer };
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
    this.sent = this.sent.then(() =>
      this.saving
        .save("act", { action: "draft", object: wanted.object, answer })
        .catch((error) => this.failed(error))
    );
    return this.sent;
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
