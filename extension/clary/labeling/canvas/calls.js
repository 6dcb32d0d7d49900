// Questions to the session and their answers, over a model as anywidget gives it.

/** An answer that is an error: `code` as the session names it, or "Unreachable". */
export class CallError extends Error {
  /** @param {{code: string, message: string, retry?: boolean}} error */
  constructor({ code, message, retry = false }) {
    super(message);
    this.code = code;
    this.retry = retry;
  }
}

export const AWAY = { code: "Unreachable", message: "The server does not answer.", retry: true };

export class Calls {
  /** @param {any} model  `send(content)`, `on("msg:custom", (content, buffers) => ...)`, `off` */
  constructor(model) {
    this.model = model;
    this.prefix = Math.random().toString(36).slice(2, 10);
    this.count = 0;
    /** @type {Map<string, (content: any, buffers: any[]) => void>} */
    this.waiting = new Map();
    this.heard = (/** @type {any} */ content, /** @type {any[]} */ buffers) => {
      const found = content && this.waiting.get(content.id);
      if (found) found(content, buffers || []);
    };
    model.on("msg:custom", this.heard);
  }

  /**
   * One question. Rejects with a CallError.
   * @param {string} method @param {Record<string, any>} params @param {number} [timeout] milliseconds
   * @returns {Promise<any>} the result; of `image` a Blob
   */
  call(method, params = {}, timeout = 20000) {
    const id = this.id();
    return new Promise((resolve, reject) => {
      const clock = setTimeout(() => end(() => reject(new CallError(AWAY))), timeout);
      const end = (/** @type {() => void} */ settle) => {
        clearTimeout(clock);
        this.waiting.delete(id);
        settle();
      };
      this.waiting.set(id, (content, buffers) =>
        end(() => {
          if (content.error) reject(new CallError(content.error));
          else resolve(method === "image" ? blob(buffers[0], content.result) : content.result);
        })
      );
      try {
        this.model.send({ id, method, params });
      } catch {
        end(() => reject(new CallError(AWAY)));
      }
    });
  }

  id() {
    return `${this.prefix}-${++this.count}`;
  }

  /** One question that may be sent several times. @param {string} method @param {Record<string, any>} params */
  question(method, params) {
    return new Question(this, method, params);
  }

  close() {
    this.model.off?.("msg:custom", this.heard);
    this.waiting.clear();
  }
}

/**
 * A question under one name, however often it is sent: the answer to any sending is its answer. What it asks for must do no
 * harm when it is done twice.
 */
export class Question {
  /** @param {Calls} calls @param {string} method @param {Record<string, any>} params */
  constructor(calls, method, params) {
    this.calls = calls;
    this.method = method;
    this.message = { id: calls.id(), method, params };
    /** @type {any[]} answers that nobody has taken yet */
    this.answers = [];
    this.wake = () => {};
    calls.waiting.set(this.message.id, (content) => this.take(content));
  }

  /** How much there is to send. */
  get bytes() {
    return JSON.stringify(this.message.params).length;
  }

  send() {
    try {
      this.calls.model.send(this.message);
    } catch {
      this.take({ error: AWAY });
    }
  }

  /** @param {any} content */
  take(content) {
    this.answers.push(content);
    this.wake();
  }

  /**
   * The next answer: `{result}` or `{error}`; null when there is none in time, or nobody wants to wait (`wake`).
   * @param {number} time milliseconds @returns {Promise<any>}
   */
  next(time) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(clock);
        this.wake = () => {};
        resolve(this.answers.shift() ?? null);
      };
      const clock = setTimeout(end, time);
      this.wake = end;
      if (this.answers.length) end();
    });
  }

  close() {
    this.calls.waiting.delete(this.message.id);
  }
}

/** @param {any} buffer @param {any} result */
function blob(buffer, result) {
  return buffer instanceof Blob ? buffer : new Blob([buffer], { type: result?.type || "" });
}

/** A value that no other action has. */
export function nonce() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Without https (a portal in the local network) browsers leave randomUUID out.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) =>
    one.toString(16).padStart(2, "0")
  ).join("");
}
