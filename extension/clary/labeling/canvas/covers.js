// What stands in an item's place when there is none: loading, waiting, the end, an error.

import { h } from "./dom.js";
import { number } from "./progress.js";

export function loading() {
  return h(
    "div",
    { class: "message", "aria-busy": "true" },
    h("div", { class: "spinner" }),
    h("p", { text: "Opening the job" })
  );
}

/** @param {string} text @param {import("./types.js").Progress} progress @param {() => void} look */
export function waiting(text, progress, look) {
  return h(
    "div",
    { class: "message", role: "status" },
    h("div", { class: "spinner" }),
    h("h2", { text: "A moment" }),
    h("p", { text }),
    h("p", { class: "faint", text: "This page goes on by itself." }),
    progress.done
      ? h("button", { class: "quiet framed", on: { click: look }, text: "Look back at your answers" })
      : null
  );
}

/**
 * @param {import("./types.js").Progress} progress
 * @param {{ended: string, look: () => void, review?: () => void}} options  `ended`: why, if the job is over
 */
export function end(progress, { ended, look, review }) {
  const facts = [
    `${number(progress.done)} ${progress.done === 1 ? "item" : "items"} labeled by you`,
    progress.items_per_hour ? `${number(progress.items_per_hour)} an hour` : "",
    progress.flagged ? `${number(progress.flagged)} flagged` : "",
    progress.skipped ? `${number(progress.skipped)} skipped` : ""
  ].filter(Boolean);
  return h(
    "div",
    { class: "message", role: "status" },
    h("div", { class: "tick", "aria-hidden": "true", text: "✓" }),
    h("h2", { text: ended ? "This job is over: thank you" : "All done: thank you" }),
    h("p", { text: facts.join(" · ") }),
    ended ? h("p", { class: "faint", text: ended }) : null,
    h(
      "p",
      {},
      progress.done && progress.status !== "Failed"
        ? h("button", { class: "quiet framed", on: { click: look }, text: "Look back at your answers" })
        : null,
      review && progress.review
        ? h("button", {
            class: "submit",
            on: { click: review },
            text: `Review ${progress.review} that people disagree on`
          })
        : null
    )
  );
}

/** @param {() => void} label */
export function reviewed(label) {
  return h(
    "div",
    { class: "message", role: "status" },
    h("div", { class: "tick", "aria-hidden": "true", text: "✓" }),
    h("h2", { text: "Nothing to review" }),
    h("p", { text: "Items that people disagree on, flag or skip come here." }),
    h("button", { class: "quiet framed", on: { click: label }, text: "Go on labeling" })
  );
}

/** @param {string} text @param {() => void} again */
export function failed(text, again) {
  return h(
    "div",
    { class: "message", role: "alert" },
    h("h2", { text: "The job does not open" }),
    h("p", { text }),
    h("button", { class: "submit", on: { click: again }, text: "Try again" })
  );
}
