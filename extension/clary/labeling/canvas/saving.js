// Actions on their way to the disk: each with its nonce, repeated until the session says that it has it.

import { CallError, nonce } from "./calls.js";

export class Saving {
  /**
   * @param {import("./calls.js").Calls} calls
   * @param {{away: (since: number|null) => void, busy: (busy: boolean) => void}} told  `away`: since when nothing
   *   could be saved
   */
  constructor(calls, told) {
    this.calls = calls;
    this.told = told;
    this.pending = 0;
    this.closed = false;
    this.asked = 0;
    /** @type {(() => void)|null} ends a wait at once */
    this.hurry = null;
    // A page that is left while something is not saved asks first.
    this.guard = (/** @type {BeforeUnloadEvent} */ event) => {
      if (this.pending) event.preventDefault();
    };
    window.addEventListener("beforeunload", this.guard);
    this.online = () => this.hurry?.();
    window.addEventListener("online", this.online);
  }

  /**
   * Do it, once. Rejects with a CallError that repeating would not mend.
   * @param {string} method @param {Record<string, any>} params  with `nonce`, or `items` that have theirs
   * @returns {Promise<any>}
   */
  async save(method, params) {
    const asked = method === "act" ? { nonce: nonce(), ...params } : params;
    this.pending++;
    this.told.busy(true);
    try {
      return await this.insist(method, asked);
    } finally {
      this.pending--;
      if (!this.pending) this.told.busy(false);
    }
  }

  /**
   * Ask until there is an answer.
   * @param {string} method @param {Record<string, any>} params @returns {Promise<any>}
   */
  async insist(method, params) {
    let since = 0;
    const asked = ++this.asked;
    for (let wait = 250; ; wait = Math.min(4000, wait * 1.7)) {
      try {
        const result = await this.calls.call(method, params, method === "act" ? 8000 : 20000);
        if (since) this.told.away(null);
        // Answers may come in another order than they were asked for; the older progress is not shown then.
        if (result?.progress) result.progress.asked = asked;
        return result;
      } catch (error) {
        const repeat =
          error instanceof CallError &&
          (error.code === "Unreachable" || (error.retry && error.code !== "NotReady"));
        if (!repeat || this.closed) {
          if (since) this.told.away(null);
          throw error;
        }
        since ||= Date.now();
        this.told.away(since);
        await new Promise((resolve) => {
          const clock = setTimeout(() => resolve(null), wait);
          this.hurry = () => (clearTimeout(clock), resolve(null));
        });
      }
    }
  }

  close() {
    this.closed = true;
    this.hurry?.();
    window.removeEventListener("beforeunload", this.guard);
    window.removeEventListener("online", this.online);
  }
}

/** What an error means for the person, and what happens next. @param {any} error */
export function inWords(error) {
  switch (error?.code) {
    case "LeaseExpired":
      return "Your time for this item ran out and somebody else has it now. Nothing to do for you: here is the next.";
    case "NotYours":
      return "This item is not yours any more. Here is the next.";
    case "AlreadyAnswered":
      return "You had answered this item already; that answer stands. Go back with PageUp to change it.";
    case "BadAnswer":
      return `Not saved: ${error.message}`;
    case "JobEnded":
      return error.message || "The job has ended; it takes no more answers.";
    default:
      return error?.message || String(error);
  }
}
