// The person's desk: opens the job, shows one item after another, and hands keys and buttons to what they are for.

import { showActions } from "./actions.js";
import { Begun } from "./begun.js";
import { Calls } from "./calls.js";
import { Clock } from "./clock.js";
import { failed, loading } from "./covers.js";
import { helpDialog, instructionsDialog } from "./dialogs.js";
import { fill } from "./dom.js";
import { HELP, pressed } from "./desk_keys.js";
import { Doing } from "./doing.js";
import { Drafts } from "./drafts.js";
import { editorOf, fitsGrid } from "./editors.js";
import { emptiness, isOver } from "./emptiness.js";
import { Frame } from "./frame.js";
import { grid } from "./grid.js";
import { hold } from "./hold.js";
import { Images } from "./images.js";
import { listen } from "./keys.js";
import { modeButtons } from "./modes.js";
import { showProgress } from "./progress.js";
import { Queue } from "./queue.js";
import { inWords, Saving } from "./saving.js";
import { isDark, themes } from "./theme.js";

export class Desk {
  /** @param {any} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.calls = new Calls(model);
    this.images = new Images(this.calls);
    this.frame = new Frame(el, isDark(model, el), (action) => this.act(action));
    this.saving = new Saving(this.calls, {
      away: (what) => this.away(what),
      saved: () => this.frame.note("The server is back; everything is saved."),
      busy: (busy) => this.frame.busy(busy)
    });
    this.doing = new Doing(this);
    this.drafts = new Drafts(this.saving, (error) => this.doing.failed(error));
    this.clock = new Clock();
    /** @type {"label"|"grid"|"review"} */
    this.mode = "label";
    this.queue = new Queue(this.saving);
    /** @type {any} */
    this.editor = null;
    this.locked = false;
    this.turns = 0; // how often what is shown changed
    this.shownWait = "";
    this.closed = false;
    this.ended = false; // the session said that the job is over
    /** @type {import("./types.js").Opened|any} */
    this.job = null;
    this.active = Date.now();
    listen(this.frame.root, {
      press: (key, event) => {
        const ours = pressed(this, key, event);
        this.frame.keep();
        return ours;
      },
      release: (key, lost) => this.editor?.release?.(key, lost)
    });
    hold(this.frame.root, ".middle, .panel", () => this.locked);
    this.frame.root.addEventListener("pointermove", () => (this.active = Date.now()));
    this.tick = setInterval(() => this.doing.renew(), 20000);
    this.unthemed = themes(model, el, (dark) => this.frame.root.classList.toggle("dark", dark));
  }

  async start() {
    this.frame.put(loading());
    try {
      this.job = await this.saving.insist("open", {});
    } catch (error) {
      if (!this.closed) this.frame.put(failed(inWords(error), () => this.start()));
      return;
    }
    if (this.closed) return;
    this.drafts.begun = new Begun(this.job.job);
    const { title, job, description, instructions, full_instructions, settings } = this.job;
    this.frame.title.textContent = title || job;
    this.frame.title.title = description || job;
    this.frame.buttons.instructions.hidden = !(instructions || full_instructions || description);
    this.progress(this.job.progress);
    const review = this.model.get?.("mode") === "review" && this.job.owner;
    await this.turn(review ? "review" : settings?.grid && fitsGrid(this.job) ? "grid" : "label");
    if (this.model.get?.("focus")) this.frame.focus();
  }

  /** Another view of the job's items, from the first one to do. @param {"label"|"grid"|"review"} mode */
  turn(mode) {
    return this.doing.locked(null, async () => {
      await this.view(mode);
      await this.next();
    });
  }

  /** Another view, with nothing shown in it yet. @param {"label"|"grid"|"review"} mode */
  async view(mode) {
    await this.drafts.flush();
    this.frame.keeping(() => {
      this.editor?.close();
      this.frame.panel.replaceChildren();
    });
    const review = mode === "review";
    if (review || this.mode === "review")
      this.queue = new Queue(this.saving, { name: review ? "review" : "label", ahead: review ? 3 : 5 });
    this.mode = mode;
    this.queue.back = 0;
    this.queue.ahead = mode === "grid" ? 35 : review ? 3 : 5;
    this.frame.root.dataset.mode = mode;
    this.frame.root.dataset.task = this.job.task;
    const place = this.place();
    this.editor = mode === "grid" ? grid(place, this) : editorOf(place, review ? "review" : "label");
    this.modes();
  }

  /** @returns {import("./types.js").Place} */
  place() {
    return {
      stage: this.frame.stage,
      panel: this.frame.panel,
      job: this.job,
      images: this.images,
      changed: () => this.changed(),
      submit: (answer) => void this.doing.submit(answer),
      say: (text) => this.frame.say(text),
      note: (text) => this.frame.note(text, "problem")
    };
  }

  modes() {
    fill(this.frame.modes, ...modeButtons(this));
  }

  /** Have items, and show the first; where there are none, say why and look again later. */
  async next() {
    const turn = this.shows();
    const queue = this.queue;
    if (!queue.front) {
      try {
        this.progress(await queue.refill());
      } catch (error) {
        return this.without(/** @type {any} */ (error));
      }
      // Meanwhile something else was shown: somebody may be at work on it.
      if (this.closed || turn !== this.turns) return;
    }
    if (queue.shown) this.show();
    else this.without();
  }

  /** What is on the screen changes now; what was to come by itself does not. @returns {number} which change it is */
  shows() {
    clearTimeout(this.poll);
    return ++this.turns;
  }

  /** The item that the queue says is shown. */
  show() {
    const { queue, frame } = this;
    const item = queue.shown;
    if (!item) return this.without();
    this.shows();
    frame.put();
    this.clock.start();
    const header = item.header === this.job.title ? "" : item.header || "";
    frame.header.textContent = header;
    frame.header.hidden = !header;
    frame.tell(item.metadata || {});
    const proposal = item.prelabel && this.job.mode !== "verify" ? item.prelabel : null;
    const own = (this.mode === "review" && this.drafts.begun?.of(item)) || (item.draft ?? item.answer);
    const suggested = !own && !proposal && item.suggestion ? item.suggestion : null;
    this.editor.show(
      item,
      own ?? proposal ?? suggested?.answer ?? null,
      suggested ? suggested.confidence : null
    );
    showActions(this, item);
    const state = [
      item.flagged ? "flagged" : "",
      item.skipped ? "skipped" : "",
      item.answer ? "answered" : ""
    ].filter(Boolean);
    const where = queue.back
      ? `Looking back, ${queue.back} before the current one`
      : `Item ${(this.last?.done ?? 0) + 1}`;
    frame.say(
      `${where}${state.length ? `, ${state.join(", ")}` : ""}${suggested ? ", with a suggestion" : ""}`
    );
    // First the item is painted; what comes after it must not take the processor from that.
    if (!queue.back) requestAnimationFrame(() => setTimeout(() => this.queue === queue && this.top()));
  }

  /** Lease more behind what is shown. */
  top() {
    if (this.closed) return;
    const { front } = this.queue;
    const ended = front?.lease_until && front.lease_until < Date.now() / 1000;
    if (front && ended && this.mode === "label") void this.doing.extend(front);
    this.images.prefetch(this.queue.ready.slice(0, 4));
    this.queue.refill().then(
      (progress) => {
        if (progress) this.progress(progress);
        this.images.prefetch(this.queue.ready.slice(0, 4));
        if (this.mode === "grid") this.editor.refreshed();
      },
      () => {} // It is asked for again with the next item, and said then.
    );
  }

  /** There is nothing to show: say why, and look again later. @param {any} [error] */
  without(error) {
    if (this.closed) return;
    this.ended ||= error?.code === "JobEnded";
    delete this.frame.host.dataset.item;
    const { cover, say, again } = emptiness(this, error);
    this.frame.undoable(!isOver(this));
    if (cover) this.frame.put(cover);
    if (say) this.frame.say(say);
    clearTimeout(this.poll);
    if (again) this.poll = setTimeout(() => this.next(), again);
  }

  /** @param {import("./types.js").Progress|null|undefined} progress */
  progress(progress) {
    if (!progress || (progress.asked ?? 0) < (this.last?.asked ?? 0)) return;
    const before = this.last?.review;
    this.last = progress;
    showProgress(this.frame.progress, progress, this.mode === "review");
    if (before !== progress.review && this.editor) this.modes();
  }

  changed() {
    const item = this.queue.shown;
    if (item && this.mode !== "grid") {
      this.drafts.later(item, this.mode === "review", () => {
        if (this.queue.shown !== item) return undefined;
        item.draft = this.editor.draft ? this.editor.draft() : this.editor.answer();
        return item.draft;
      });
    }
  }

  /** A button, or the key that stands for it. @param {string} action */
  act(action) {
    if (action === "help") return void helpDialog(this.frame.root, this.help());
    if (action === "instructions") return void instructionsDialog(this.frame.root, this.job);
    if (this.locked || !this.editor) return;
    if (action === "submit") this.doing.enter();
    else void this.doing.act(action);
  }

  help() {
    return [
      { title: "This task", rows: this.editor?.help || [] },
      { title: "Everywhere", rows: HELP.filter((row) => fitsGrid(this.job) || row.keys !== "G") }
    ];
  }

  /** @param {"save"|"question"|null} what waits for a server that does not answer */
  away(what) {
    const text =
      what === "save"
        ? "Not saved: waiting for the server. Nothing is lost; this page goes on as soon as it answers."
        : "Waiting for the server.";
    this.frame.warn(what ? text : "");
  }

  /** Resolves when all that was done and begun is on disk. */
  async saved() {
    await this.drafts.flush();
    await this.saving.quiet();
  }

  close() {
    this.closed = true;
    // What is not on disk yet goes on its way there for as long as the page is open.
    void this.saved().then(() => (this.saving.end(), this.calls.close()));
    clearTimeout(this.poll);
    clearInterval(this.tick);
    this.unthemed();
    this.drafts.close();
    this.saving.close();
    this.clock.close();
    this.editor?.close();
    this.frame.close();
  }
}
