// How far the job is, how fast one is, and how long it still takes: as a bar and in words.

import { fill, h } from "./dom.js";

/** @param {HTMLElement} place @param {import("./types.js").Progress} progress @param {boolean} review */
export function showProgress(place, progress, review = false) {
  const { done, left, total, labeled, machine } = progress;
  const words = review
    ? [[`${progress.review ?? 0}`, "to review"]]
    : [
        [number(done), "done"],
        [number(left), "left"],
        progress.items_per_hour ? [number(progress.items_per_hour), "an hour"] : null,
        progress.seconds_left ? [duration(progress.seconds_left), "to go"] : null
      ];
  const all = Math.max(1, total);
  fill(
    place,
    h(
      "div",
      {
        class: "bar",
        role: "progressbar",
        "aria-valuemin": 0,
        "aria-valuemax": total,
        "aria-valuenow": labeled + machine,
        "aria-label": `${labeled + machine} of ${total} objects labeled${machine ? `, ${machine} of them by the machine` : ""}`,
        title: `${number(labeled)} labeled by people${machine ? `, ${number(machine)} by the machine` : ""}, of ${number(total)}`
      },
      h("span", { class: "bar-people", style: { width: `${(100 * labeled) / all}%` } }),
      h("span", { class: "bar-machine", style: { width: `${(100 * machine) / all}%` } })
    ),
    ...words
      .filter((word) => word !== null)
      .map(([value, what], index) =>
        h("span", { class: index > 1 ? "count more" : "count" }, h("b", { text: value }), ` ${what}`)
      )
  );
}

/** @param {number} value */
export function number(value) {
  return Math.round(value).toLocaleString("en-US");
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}
