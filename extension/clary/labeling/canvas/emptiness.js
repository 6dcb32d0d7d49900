// Why there is no item to show, what stands in its place, and when to look again.

import { end, failed, reviewed, waiting } from "./covers.js";
import { inWords } from "./saving.js";

const OVER = ["Completed", "Stopped", "Failed", "Stopping"];

/** Whether the job takes nothing back any more. @param {import("./desk.js").Desk} desk */
export function isOver(desk) {
  return desk.ended || OVER.includes((desk.last || desk.job?.progress)?.status);
}

/** Why undo and redo are not there. @param {import("./desk.js").Desk} desk */
export function final(desk) {
  const complete = desk.last?.status === "Completed";
  const instead = complete ? " Look back to change one." : "";
  return `This job is ${complete ? "complete" : "over"}: answers can no longer be taken back.${instead}`;
}

/**
 * @param {import("./desk.js").Desk} desk @param {any} [error] what the session said
 * @returns {{cover: Node|null, say: string, again: number}} `cover`: null where the right one stands there
 *   already; `again`:
 *   milliseconds, 0 for never
 */
export function emptiness(desk, error) {
  const progress = desk.last || desk.job.progress;
  const over = isOver(desk);
  if (error && !["NotReady", "JobEnded"].includes(error.code)) {
    return { cover: failed(inWords(error), () => desk.next()), say: "", again: 0 };
  }
  if (desk.mode === "review" && !error) {
    return { cover: reviewed(() => desk.turn("label")), say: "Nothing to review", again: 5000 };
  }
  const waits = error?.code === "NotReady" ? error.message : progress.waiting;
  if (waits && !over) {
    const same = desk.shownWait === waits && !desk.frame.cover.hidden;
    desk.shownWait = waits;
    return {
      cover: same ? null : waiting(waits, progress, () => desk.act("back")),
      say: same ? "" : waits,
      again: 1500
    };
  }
  desk.shownWait = "";
  const ended = error ? inWords(error) : over ? `The job is ${progress.status.toLowerCase()}.` : "";
  const review = desk.job.owner ? () => desk.turn("review") : undefined;
  const cover = end(progress, { ended, look: () => desk.act("back"), review });
  // An item that somebody else leaves lying comes back.
  return { cover, say: ended || "All done: thank you", again: ended ? 0 : 5000 };
}
