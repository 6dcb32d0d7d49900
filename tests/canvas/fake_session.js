// A session in memory, for a page on which the canvas is looked at and designed. The tests use the real one.

/** @param {{opened: any, items: any[], picture: (id: number, size: number) => Promise<Blob>, delay?: number}} options */
export function fakeSession({ opened, items, picture, delay = 5, theme }) {
  const listeners = [];
  const log = [];
  const undone = [];
  const leased = new Set();
  const progress = () => {
    const done = items.filter((item) => item.answer).length;
    return {
      done, left: items.filter((item) => !item.answer && !item.skipped).length, total: items.length, labeled: done, machine: opened.machine || 0, failed: 0,
      skipped: items.filter((item) => item.skipped).length, flagged: items.filter((item) => item.flagged).length,
      items_per_hour: done > 1 ? 812 : null, seconds_left: done > 1 ? 420 : null, waiting: null, status: "InProgress", review: opened.review || 0
    };
  };
  const shown = (item) => ({ ...item, lease_until: Date.now() / 1000 + 3600 });
  const methods = {
    open: () => ({ ...opened, progress: progress() }),
    next({ n, have }) {
      const free = items.filter((item) => !item.answer && !item.skipped && !have.includes(item.id));
      return { items: free.slice(0, n).map(shown), progress: progress() };
    },
    act({ action, object, answer, comment }) {
      const item = items.find((one) => one.id === object);
      if (action === "answer" || action === "review") (log.push([item, item.answer, action]), (item.answer = answer), (undone.length = 0));
      if (action === "skip") (log.push([item, item.answer, action]), (item.skipped = true));
      if (action === "flag") ((item.flagged = true), (item.comment = comment));
      if (action === "unflag") item.flagged = false;
      if (action === "draft") item.draft = answer;
      if (action === "undo") {
        if (!log.length) throw { code: "BadRequest", message: "There is nothing to undo.", retry: false };
        const [one, before, done] = log.pop();
        undone.push([one, one.answer, done]);
        one.answer = before;
        one.skipped = false;
        return { seq: log.length, progress: progress(), action: done, item: shown(one), items: [shown(one)] };
      }
      if (action === "redo") {
        if (!undone.length) throw { code: "BadRequest", message: "There is nothing to redo.", retry: false };
        const [one, after, done] = undone.pop();
        log.push([one, null, done]);
        one.answer = after;
        return { seq: log.length, progress: progress(), action: done, item: shown(one), items: [shown(one)] };
      }
      return { seq: log.length, progress: progress() };
    },
    acts({ items: all }) {
      for (const { object, answer } of all) methods.act({ action: "answer", object, answer });
      return { seqs: all.map((_, index) => index), progress: progress() };
    },
    history: () => ({ items: [] })
  };
  return {
    calls: [],
    async send({ id, method, params }) {
      this.calls.push({ method, params });
      await new Promise((resolve) => setTimeout(resolve, delay));
      let content;
      let buffers = [];
      try {
        if (method === "image") {
          buffers = [await picture(params.object, params.size)];
          content = { id, result: { type: "image/jpeg" } };
        } else content = { id, result: structuredClone(methods[method](params)) };
      } catch (error) {
        content = { id, error: error.code ? error : { code: "BadRequest", message: String(error), retry: false } };
      }
      for (const listener of listeners) listener(content, buffers);
    },
    on: (event, listener) => event === "msg:custom" && listeners.push(listener),
    off: () => {},
    get: (name) => (name === "theme" ? theme : name === "focus" ? true : undefined)
  };
}
