// A label that is only looked at: an earlier job's, or a vote, drawn over its item.

import { h, percent } from "./dom.js";
import { shownItem } from "./shown.js";

/** Told apart by most eyes; the names stand beside them. */
const COLORS = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#d55e00",
  "#cc79a7",
  "#56b4e9",
  "#b8a400",
  "#7b5ea7",
  "#8c564b",
  "#5f6b6d"
];

/**
 * The labels of answers that are no labels of the job: named in the answers, coloured here.
 * @param {import("./types.js").Label[]} known  grows
 * @param {any} answer
 */
export function learn(known, answer) {
  for (const { name, color } of answer?.classes || []) add(known, name, color);
  for (const one of answer?.boxes || answer?.entities || []) add(known, one.label, "");
  for (const name of answer?.labels || (answer?.label ? [answer.label] : [])) add(known, name, "");
}

/** @param {import("./types.js").Label[]} known @param {string} name @param {string} color */
function add(known, name, color) {
  if (known.some((label) => label.name === name)) return;
  known.push({
    name,
    short: name,
    hotkey: "",
    color: /^#[0-9a-f]{6}$/i.test(color || "") ? color : COLORS[known.length % COLORS.length]
  });
}

/**
 * Shows an item with a class, or several, that it was given.
 * @param {import("./types.js").Place} place
 */
export function shownClass(place) {
  const shown = shownItem(place);
  const head = h("h2", { class: "list-head", text: "Its label" });
  const holder = h("div", { class: "given" });
  place.panel.append(head, holder);
  return {
    /** @param {import("./types.js").Item} item @param {any} answer @param {number|null} [sure] */
    show(item, answer, sure = null) {
      const names = answer?.labels || (answer?.label ? [answer.label] : []);
      const labels = /** @type {any[]} */ (place.job.prelabel_labels || []);
      holder.replaceChildren(
        ...names.map((/** @type {string} */ name) =>
          h(
            "span",
            {
              class: "given-label",
              style: { "--label": labels.find((one) => one.name === name)?.color || "#6b7280" }
            },
            h("span", { class: "swatch" }),
            h("span", { text: name }),
            sure != null ? h("span", { class: "faint", text: percent(sure) }) : null
          )
        ),
        ...(names.length ? [] : [h("span", { class: "faint", text: "no label" })])
      );
      shown.show(item);
    },
    key: (/** @type {string} */ key) => shown.key(key),
    release: (/** @type {string} */ key) =>
      key.endsWith(" ") && "view" in shown && (shown.view.panning = false),
    help: shown.help,
    close: () => (shown.close(), head.remove(), holder.remove())
  };
}

/**
 * An answer in a few words.
 * @param {any} answer
 * @param {import("./types.js").Item} item
 */
export function summary(answer, item) {
  if (!answer) return "nothing";
  if (answer.boxes) return counted(answer.boxes.map((/** @type {any} */ one) => one.label));
  if (answer.entities) {
    const points = [...(item.source.kind === "text" ? item.source.text : "")];
    const parts = answer.entities.map(
      (/** @type {any} */ one) => `${points.slice(one.startOffset, one.endOffset).join("")} (${one.label})`
    );
    return parts.join(", ") || "no spans";
  }
  if (answer.runs) return "a mask";
  if (answer.labels) return answer.labels.join(", ") || "no label";
  return answer.comment ? `${answer.label}: ${answer.comment}` : answer.label;
}

/** @param {string[]} names */
function counted(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) || 0) + 1);
  return (
    [...counts].map(([name, count]) => (count > 1 ? `${count} × ${name}` : name)).join(", ") || "no boxes"
  );
}
