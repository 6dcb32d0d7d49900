// The review queue: what the annotators said, side by side, and the owner's decision.

import { h } from "./dom.js";
import { learn, summary } from "./prelabels.js";
import { VotePicture } from "./vote_picture.js";

/**
 * @param {import("./types.js").Place} place
 * @param {(place: import("./types.js").Place) => any} make the job's own editor; it starts from a vote
 * @returns {import("./types.js").Editor}
 */
export function review(place, make) {
  const editor = make(place);
  const strip = h("div", { class: "votes", role: "group", "aria-label": "What the annotators said" });
  place.stage.before(strip);
  /** @type {any} */
  let item = null;
  /** @type {any[]} */
  let votes = [];
  const single = /-classification$/.test(place.job.task) || place.job.mode === "verify";

  /** Start from a vote, or, where it is a class, decide for it. @param {number} index */
  function use(index) {
    const vote = votes[index];
    if (!vote) return;
    if (single && vote.answer.label) return place.submit(vote.answer);
    editor.start(vote.answer);
    mark(index);
    place.say(`Starting from ${vote.worker}`);
  }

  /** @param {number} index */
  function mark(index) {
    [...strip.querySelectorAll(".vote")].forEach((one, at) =>
      one.setAttribute("aria-pressed", String(at === index))
    );
  }

  /** @param {any} vote @param {number} index */
  function card(vote, index) {
    return h(
      "button",
      {
        class: "vote",
        "aria-pressed": "false",
        title: single ? `Decide for this (Shift + ${index + 1})` : `Start from this (Shift + ${index + 1})`,
        on: { click: () => use(index) }
      },
      place.job.modality === "image" && !single ? new VotePicture(place, item, vote.answer).canvas : null,
      h(
        "span",
        { class: "vote-words" },
        h("b", { text: vote.worker }),
        h("span", { text: summary(vote.answer, item) })
      ),
      h("kbd", { text: `⇧${index + 1}` })
    );
  }

  return {
    ...bound(editor),
    undo: () => (mark(-1), editor.undo()),
    redo: () => (mark(-1), editor.redo()),
    show(next, answer) {
      item = next;
      votes = next.votes || [];
      const known = (place.job.prelabel_labels ||= []);
      for (const vote of votes) learn(known, vote.answer);
      const why = [
        next.agreement != null ? `agreement ${Math.round(next.agreement * 100)} %` : "",
        ...(next.why || [])
      ]
        .filter(Boolean)
        .join(", ");
      strip.replaceChildren(
        h("p", {
          class: "faint",
          text: `${votes.length} ${votes.length === 1 ? "answer" : "answers"}${why ? ` (${why})` : ""}. ${single ? "Decide." : "Start from one, or from nothing."}`
        }),
        ...votes.map(card),
        ...(next.comments || []).map((/** @type {any} */ one) =>
          h("p", { class: "faint", text: `${one.worker ?? ""}: ${one.comment ?? one}` })
        )
      );
      editor.show({ ...next, suggestion: null }, answer ?? null, null);
    },
    key(key, event) {
      const place_ = /^Digit([1-9])$/.exec(event.code || "");
      if (event.shiftKey && place_ && Number(place_[1]) <= votes.length) {
        use(Number(place_[1]) - 1);
        return true;
      }
      return editor.key(key, event);
    },
    help: [
      {
        keys: "Shift + 1 / Shift + 2 / …",
        does: single ? "decide for an annotator's answer" : "start from an annotator's answer"
      },
      ...editor.help
    ],
    close: () => (editor.close(), strip.remove())
  };
}

/** The editor's methods, to be called as one's own. @param {any} editor */
function bound(editor) {
  /** @type {any} */
  const made = {};
  for (const name of ["answer", "submit", "release", "refusal", "refused", "draft", "submits"]) {
    if (typeof editor[name] === "function") made[name] = editor[name].bind(editor);
  }
  return made;
}
