// Actions on their way to the disk: each with its nonce, repeated until the session says that it has it.

import { AWAY, CallError, nonce } from "./calls.js";

/** Milliseconds that an answer may take before the question is sent once more, and what a slow line carries in one. */
const PATIENCE = { act: 8000, else: 20000, most: 60000 };
const BYTES = 20;

export class Saving {
  /**
   * @param {import("./calls.js").Calls} calls
   * @param {{away: (what: "save"|"question"|null) => void, saved: () => void, busy: (busy: boolean) => void}} told
   *   `away`: what waits for a server that does not answer; `saved`: what had waited is on disk now, all of it
   */
  constructor(calls, told) {
    this.calls = calls;
    this.told = told;
    this.pending = 0;
    this.closed = false;
    this.asked = 0;
    /** what is asked, and whether it saves something @type {Map<import("./calls.js").Question, boolean>} */
    this.open = new Map();
    /** those that were not answered at once @type {Map<import("./calls.js").Question, boolean>} */
    this.late = new Map();
    this.waited = false;
    /** @type {"save"|"question"|null} */
    this.away = null;
    /** @type {(() => void)[]} */
    this.awaited = [];
    // A page that is left while something is not saved asks first.
    this.guard = (/** @type {BeforeUnloadEvent} */ event) => {
      if (this.pending) event.preventDefault();
    };
    window.addEventListener("beforeunload", this.guard);
    this.online = () => this.hurry();
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
      return await this.insist(method, asked, true);
    } catch (error) {
      this.waited = false; // Not all of it is on disk; what was refused is said where it was done.
      throw error;
    } finally {
      this.pending--;
      if (!this.pending) this.settled();
    }
  }

  settled() {
    this.told.busy(false);
    if (this.waited) this.told.saved();
    this.waited = false;
    for (const resolve of this.awaited.splice(0)) resolve();
  }

  /** Resolves when nothing is on its way to the disk any more. @returns {Promise<void>} */
  quiet() {
    return new Promise((resolve) => (this.pending ? this.awaited.push(resolve) : resolve()));
  }

  /**
   * Ask until there is an answer; once the canvas is closed, only for what saves something.
   * @param {string} method @param {Record<string, any>} params @param {boolean} [saves] @returns {Promise<any>}
   */
  async insist(method, params, saves = false) {
    const asked = ++this.asked;
    const question = this.calls.question(method, params);
    this.open.set(question, saves);
    try {
      const result = await this.answered(question, saves);
      // Answers may come in another order than they were asked for; the older progress is not shown then.
      if (result?.progress) result.progress.asked = asked;
      return result;
    } finally {
      question.close();
      this.open.delete(question);
      this.late.delete(question);
      this.tell();
    }
  }

  /**
   * Send it again and again. An earlier sending's answer is as good as the last one's: a server, or a line, that is only slow
   * is not asked for ever.
   * @param {import("./calls.js").Question} question @param {boolean} saves
   */
  async answered(question, saves) {
    let patience = question.method === "act" ? PATIENCE.act : PATIENCE.else;
    for (let wait = 250; ; wait = Math.min(4000, wait * 1.7)) {
      question.send();
      let answer = (await question.next(patience)) || (await question.next(question.bytes / BYTES));
      if (!answer) patience = Math.max(patience, Math.min(PATIENCE.most, patience * 2));
      if (!answer || repeats(answer)) {
        if (this.closed && !saves) throw new CallError(AWAY);
        this.late.set(question, saves);
        this.waited ||= saves;
        this.tell();
        answer = await question.next(wait);
        if (!answer || repeats(answer)) continue;
      }
      if (answer.error) throw new CallError(answer.error);
      return answer.result;
    }
  }

  tell() {
    const all = [...this.late.values()];
    const what = all.includes(true) ? "save" : all.length ? "question" : null;
    if (what !== this.away) this.told.away((this.away = what));
  }

  /** Ask again at once. */
  hurry() {
    for (const question of this.open.keys()) question.wake();
  }

  /** Nothing but what saves something is asked for any more. */
  close() {
    this.closed = true;
    for (const [question, saves] of this.open) if (!saves) question.wake();
  }

  /** Everything is on disk. */
  end() {
    window.removeEventListener("beforeunload", this.guard);
    window.removeEventListener("online", this.online);
  }
}

/** @param {any} answer */
function repeats({ error }) {
  return error?.code === "Unreachable" || (error?.retry && error.code !== "NotReady");
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
