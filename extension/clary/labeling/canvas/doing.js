// What a person does with an item: answer, skip, flag, undo, look back. The next one shows when it is on disk.

import { showActions } from "./actions.js";
import { askText } from "./dialogs.js";
import { final, isOver } from "./emptiness.js";
import { inWords } from "./saving.js";

export class Doing {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** Enter, or the button: submit what the editor has. */
  enter() {
    const { editor, frame, queue } = this.desk;
    if (editor.submit) return editor.submit();
    const answer = editor.answer();
    if (!answer) return frame.note(editor.refusal?.() || "There is no answer yet.", "problem");
    const item = queue.shown;
    if (queue.back && item?.answer && JSON.stringify(item.answer) === JSON.stringify(answer)) {
      // Nothing was changed in an answer that is there already.
      queue.newer();
      return this.desk.show();
    }
    void this.submit(answer);
  }

  /** @param {any} answer */
  async submit(answer) {
    const { desk } = this;
    const item = desk.queue.shown;
    if (!item || desk.locked) return;
    const action = desk.mode === "review" ? "review" : "answer";
    const params = {
      action,
      object: item.id,
      answer,
      seconds: desk.clock.seconds,
      ...(item.answer ? { revise: true } : {})
    };
    await this.locked(item, async () => {
      await desk.drafts.drop();
      const { seq, progress } = await desk.saving.save("act", params);
      if (action === "review") desk.drafts.begun?.keep(item, null);
      this.after(item, { answer, seq, draft: null, skipped: false }, progress, said(answer));
    });
  }

  /**
   * Go on after an action on `item`.
   * @param {any} item @param {any} now @param {any} progress @param {string} text
   */
  after(item, now, progress, text) {
    const { queue, frame } = this.desk;
    frame.say(text);
    if (queue.back) {
      Object.assign(item, now);
      queue.newer();
    } else queue.advance(now);
    this.desk.progress(progress);
    if (queue.shown) this.desk.show();
    else void this.desk.next();
  }

  /** @param {string} action */
  async act(action) {
    const { desk } = this;
    if (action === "undo" || action === "redo") return this.step(action);
    if (action === "back" || action === "forward") return this.look(action);
    const item = desk.queue.shown;
    if (!item || !desk.frame.cover.hidden || desk.mode === "grid") return;
    if (desk.mode === "review") return action === "skip" ? this.pass(item) : undefined;
    if (action === "flag") return this.flag(item);
    if (action === "skip" && !desk.queue.back) {
      await this.locked(item, async () => {
        await desk.drafts.flush();
        const { seq, progress } = await desk.saving.save("act", {
          action,
          object: item.id,
          seconds: desk.clock.seconds
        });
        this.after(item, { skipped: true, seq }, progress, "Skipped");
      });
    }
  }

  /** In review nobody skips for good: the item comes again after the others. @param {any} item */
  pass(item) {
    const { desk } = this;
    return this.locked(null, async () => {
      await desk.drafts.flush();
      desk.queue.pass();
      if (desk.queue.shown) desk.show();
      else await desk.next();
      const only = desk.queue.shown?.id === item.id;
      desk.frame.note(
        only ? "There is no other one to decide." : "Passed over: it comes again after the others."
      );
    });
  }

  /** @param {any} item */
  async flag(item) {
    const { desk } = this;
    const words = {
      title: item.flagged ? "This item is flagged" : "Flag this item",
      label: "What is wrong with it? (may stay empty)",
      value: item.comment || "",
      button: item.flagged ? "Change the comment" : "Flag",
      other: item.flagged ? "Take the flag away" : undefined
    };
    const asked = await askText(desk.frame.root, words);
    desk.frame.focus();
    if (!asked) return;
    const action = asked.other ? "unflag" : "flag";
    await this.locked(item, async () => {
      const { progress } = await desk.saving.save("act", { action, object: item.id, comment: asked.text });
      item.flagged = action === "flag";
      item.comment = item.flagged ? asked.text : null;
      desk.progress(progress);
      if (desk.queue.shown === item) showActions(desk, item);
      desk.frame.note(item.flagged ? "Flagged. You can still label or skip it." : "The flag is gone.");
    });
  }

  /** Within the item first, then across items. @param {"undo"|"redo"} action */
  async step(action) {
    const { desk } = this;
    const covered = !desk.frame.cover.hidden;
    if (!covered && desk.editor[action]()) return;
    if (isOver(desk)) return desk.frame.note(final(desk), "problem");
    await this.locked(null, async () => {
      await desk.drafts.flush();
      let result;
      try {
        result = await desk.saving.save("act", { action });
      } catch (error) {
        const ended = /** @type {any} */ (error)?.code === "JobEnded";
        desk.ended ||= ended;
        desk.frame.note(ended ? final(desk) : inWords(error), "problem");
        if (ended && covered) desk.without(error);
        return;
      }
      desk.progress(result.progress);
      if (!result.item) return;
      // It is shown where it was done.
      const review = result.action === "review";
      const decided = review ? desk.queue.past.find((one) => one.id === result.item.id)?.answer : null;
      if (action === "undo" && decided) result.item.draft = decided;
      if (review !== (desk.mode === "review")) await desk.view(review ? "review" : "label");
      desk.frame.say(action === "undo" ? "Undone" : "Redone");
      this.moved(action, review, result.item, result.items);
    });
  }

  /**
   * An undone action's item is to be done again; a redone one's is done again. So are those that were done with it.
   * @param {string} action @param {boolean} review  it was a decision
   * @param {any} item @param {any[]} items  all of them, `item` among them
   */
  moved(action, review, item, items) {
    const { desk } = this;
    const { queue } = desk;
    const done = (/** @type {any} */ one) => action === "redo" && (review || one.answer || one.skipped);
    const first = [item, ...items.filter((one) => one.id !== item.id)];
    for (const one of first.reverse()) {
      if (done(one)) queue.finish(one);
      else queue.bring(one);
    }
    queue.back = 0;
    if (queue.shown) desk.show();
    else void desk.next();
  }

  /** @param {"back"|"forward"} action */
  async look(action) {
    const { desk } = this;
    if (desk.mode !== "label") return;
    await this.locked(null, async () => {
      await desk.drafts.flush();
      const moved = action === "back" ? await desk.queue.older() : desk.queue.newer();
      if (!moved)
        return desk.frame.note(action === "back" ? "This is the first one." : "This is the current one.");
      if (desk.queue.shown) desk.show();
      else void desk.next();
    });
  }

  /** Leases that end soon, while somebody is there. */
  async renew() {
    const { queue, active } = this.desk;
    if (document.hidden || Date.now() - active > 600000) return;
    for (const item of queue.ending(Date.now() / 1000, 90)) if (item) await this.extend(item);
  }

  /** More time for an item; where somebody else has it by now, that is said before work goes into it. @param {any} item */
  async extend(item) {
    const { queue, calls } = this.desk;
    try {
      const { lease_until: until } = await calls.call("act", { action: "renew", object: item.id });
      if (until) item.lease_until = until;
    } catch (error) {
      // It was answered meanwhile, or the server is away: that shows elsewhere.
      const gone = ["LeaseExpired", "NotYours"].includes(/** @type {any} */ (error)?.code);
      if (!gone || !queue.have.includes(item.id) || this.desk.locked) return;
      if (queue.shown === item) this.failed(error, item);
      else queue.drop(item.id);
    }
  }

  /** No other action until this one is done. @param {any} item @param {() => Promise<void>|void} work */
  async locked(item, work) {
    const { desk } = this;
    if (desk.locked) return;
    desk.locked = true;
    try {
      await work();
    } catch (error) {
      this.failed(error, item);
    } finally {
      desk.locked = false;
    }
  }

  /** @param {any} error @param {any} [item] */
  failed(error, item) {
    const { desk } = this;
    if (desk.closed) return;
    desk.frame.note(inWords(error), "problem");
    if (error?.code === "JobEnded") return desk.without(error);
    if (["LeaseExpired", "NotYours", "AlreadyAnswered", "NotFound"].includes(error?.code)) {
      const held = item || desk.queue.shown;
      if (held) desk.queue.drop(held.id);
      void desk.next();
    } else if (item && desk.queue.shown === item) desk.editor.refused?.();
    if (!error?.code) console.error(error);
  }
}

/** @param {any} answer */
function said(answer) {
  if (answer.label) return answer.label;
  if (answer.labels) return answer.labels.join(", ") || "no label";
  if (answer.boxes) return `${answer.boxes.length} boxes saved`;
  if (answer.entities) return `${answer.entities.length} spans saved`;
  return "Saved";
}
