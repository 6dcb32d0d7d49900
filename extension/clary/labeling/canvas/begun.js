// Decisions that the owner began in the review queue. The browser keeps them: the session keeps unfinished work only for those
// to whom an item was given.

const MOST = 20; // items

export class Begun {
  /** @param {string} job */
  constructor(job) {
    this.key = `clary-review ${job}`;
  }

  /**
   * What was begun on this item, if it was voted on as it was then.
   * @param {import("./types.js").Item} item
   */
  of(item) {
    return this.read().find(([id, votes]) => id === item.id && votes === hash(item.votes))?.[2] ?? null;
  }

  /**
   * @param {import("./types.js").Item} item @param {import("./types.js").Answer|null} answer  null: nothing any more
   * @returns {boolean} whether there was room for it
   */
  keep(item, answer) {
    const all = this.read().filter(([id]) => id !== item.id);
    if (answer) all.push([item.id, hash(item.votes), answer]);
    for (let from = Math.max(0, all.length - MOST); from < all.length; from++) {
      if (this.write(all.slice(from))) return true;
    }
    return this.write([]) && !answer;
  }

  /** @returns {[number, number, import("./types.js").Answer][]} newest last */
  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key) || "[]");
    } catch {
      return []; // A browser that keeps nothing for this page.
    }
  }

  /** @param {any[]} all */
  write(all) {
    try {
      if (all.length) localStorage.setItem(this.key, JSON.stringify(all));
      else localStorage.removeItem(this.key);
      return true;
    } catch {
      return false;
    }
  }
}

/** Votes as one number: another job of the same name, or another vote, gives another one. @param {any} votes */
function hash(votes) {
  const text = JSON.stringify(votes ?? null);
  let value = 2166136261; // FNV-1a
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 16777619);
  return value >>> 0;
}
