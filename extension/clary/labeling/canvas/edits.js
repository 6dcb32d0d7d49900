// What was changed within an item, to undo and redo without limit.

export class Edits {
  constructor() {
    /** @type {{undo: () => void, redo: () => void, kind: string, time: number}[]} */
    this.done = [];
    /** @type {{undo: () => void, redo: () => void, kind: string, time: number}[]} */
    this.undone = [];
  }

  clear() {
    this.done = [];
    this.undone = [];
  }

  /**
   * Remember a change that was made. Changes of the same kind in quick succession (a held arrow key) are one.
   * @param {() => void} undo @param {() => void} redo @param {string} [kind]
   */
  add(undo, redo, kind = "") {
    const last = this.done.at(-1);
    const time = performance.now();
    if (kind && last?.kind === kind && time - last.time < 700 && !this.undone.length) {
      last.redo = redo;
      last.time = time;
    } else this.done.push({ undo, redo, kind, time });
    this.undone = [];
  }

  undo() {
    const last = this.done.pop();
    if (last) {
      last.undo();
      this.undone.push(last);
    }
    return Boolean(last);
  }

  redo() {
    const next = this.undone.pop();
    if (next) {
      next.redo();
      next.kind = "";
      this.done.push(next);
    }
    return Boolean(next);
  }
}
