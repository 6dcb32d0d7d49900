// Classification, of images and texts, one label or several.

import { h } from "./dom.js";
import { labelOf } from "./keys.js";
import { Labels } from "./labels.js";
import { shownItem } from "./shown.js";

/** @param {import("./types.js").Place} place @returns {import("./types.js").Editor} */
export function choose(place) {
  const many = place.job.task.endsWith("multilabel");
  const advances = !many && place.job.settings?.auto_advance !== false;
  const shown = shownItem(place);
  const labels = new Labels(place.panel, place.job.labels, {
    choose: take,
    many,
    title: many ? "Labels, any number" : "Labels"
  });
  if (many)
    place.panel.append(h("p", { class: "faint", text: "Any number of labels; none is an answer, too." }));
  /** @type {string[]} */
  let names = [];
  let proposed = false;
  /** @type {{before: string[], after: string[]}[]} */
  let done = [];
  /** @type {{before: string[], after: string[]}[]} */
  let undone = [];

  /** @param {import("./types.js").Label} label */
  function take(label) {
    if (advances) {
      names = [label.name];
      proposed = false;
      labels.mark(names);
      place.submit({ label: label.name });
      return;
    }
    const on = names.includes(label.name);
    const after = !many
      ? [label.name]
      : on
        ? names.filter((name) => name !== label.name)
        : [...names, label.name];
    change(after);
    place.say(many ? `${label.name} ${on ? "off" : "on"}` : label.name);
  }

  /** @param {string[]} after */
  function change(after) {
    if (JSON.stringify(after) !== JSON.stringify(names)) done.push({ before: names, after });
    undone = [];
    put(after);
  }

  /** @param {string[]} after */
  function put(after) {
    names = after;
    proposed = false;
    labels.mark(names);
    place.changed();
  }

  return {
    show(item, answer, suggested) {
      names = answer ? (many ? [...answer.labels] : [answer.label]) : [];
      proposed = suggested != null || (!item.answer && !item.draft && Boolean(answer));
      done = [];
      undone = [];
      labels.mark(names, proposed);
      labels.suggest(
        item.suggestion ? item.suggestion.answer.labels || [item.suggestion.answer.label] : [],
        item.suggestion?.confidence ?? null
      );
      shown.show(item);
    },
    start: (answer) => change(many ? [...answer.labels] : [answer.label]),
    answer: () =>
      many ? { labels: ordered(names, place.job.labels) } : names.length ? { label: names[0] } : null,
    key(key, event) {
      const label = labelOf(place.job.labels, key, event);
      if (label) {
        // A key held down is one answer, not one for every item that comes along.
        if (!event.repeat) take(label);
        return true;
      }
      return labels.key(key) || shown.key(key);
    },
    undo() {
      const last = done.pop();
      if (!last) return false;
      undone.push(last);
      put(last.before);
      return true;
    },
    redo() {
      const last = undone.pop();
      if (!last) return false;
      done.push(last);
      put(last.after);
      return true;
    },
    // A single label's key or button submits; what a model or an earlier job proposes is accepted.
    submits: () => (!advances ? "Submit" : proposed ? "Accept" : ""),
    refusal: () => "Choose a label first.",
    help: [
      { keys: "1 / 2 / …", does: many ? "label on or off; Enter submits" : "give the label and go on" },
      ...shown.help
    ],
    release: (/** @type {string} */ key) => released(shown, key),
    close: () => (shown.close(), labels.box.remove())
  };
}

/** @param {any} shown @param {string} key */
export function released(shown, key) {
  if (key.endsWith(" ") && shown.view) shown.view.panning = false;
}

/** In the job's order. @param {string[]} names @param {import("./types.js").Label[]} labels */
function ordered(names, labels) {
  return labels.map((label) => label.name).filter((name) => names.includes(name));
}
