// Verification: an earlier label is shown, and the person says whether it is right, with a comment if there is
// something to say.

import { choose } from "./choose.js";
import { askText } from "./dialogs.js";
import { h } from "./dom.js";
import { labelOf } from "./keys.js";
import { Labels } from "./labels.js";
import { learn, shownClass } from "./prelabels.js";

/**
 * @param {import("./types.js").Place} place
 * @param {(place: import("./types.js").Place) => any} make the editor of what is verified
 * @returns {import("./types.js").Editor}
 */
export function verify(place, make) {
  /** @type {import("./types.js").Label[]} */
  const known = [...(place.job.prelabel_labels || [])];
  const below = h("div", { class: "below" });
  if (make === choose) place.panel.append(below);
  const verdicts = new Labels(place.panel, place.job.labels, { choose: take, title: "Is the label right?" });
  verdicts.box.prepend(h("h2", { class: "list-head", text: "Is the label right?" }));
  const comment = h("textarea", {
    class: "comment",
    rows: 2,
    maxlength: 4000,
    placeholder: "Comment ( C ), if there is something to say",
    "aria-label": "Comment"
  });
  comment.addEventListener("input", () => place.changed());
  place.panel.append(comment);
  if (make !== choose) place.panel.append(below);
  const inner = {
    ...place,
    panel: below,
    readonly: true,
    job: { ...place.job, mode: /** @type {const} */ ("label"), labels: known, prelabel_labels: known }
  };
  const shown = make === choose ? shownClass(inner) : make(inner);
  /** @type {string|null} */
  let name = null;

  /** @param {import("./types.js").Label} label */
  function take(label) {
    name = label.name;
    verdicts.mark([name]);
    place.submit(/** @type {any} */ (answer()));
  }

  function answer() {
    const text = comment.value.trim();
    return name ? { label: name, ...(text ? { comment: text } : {}) } : null;
  }

  return {
    show(item, was) {
      learn(known, item.prelabel);
      name = was?.label ?? null;
      comment.value = was?.comment ?? "";
      verdicts.mark(name ? [name] : []);
      shown.show(item, item.prelabel, null);
    },
    answer,
    submits: () => "",
    // A comment that was begun is kept, too, before there is a verdict.
    draft: () => answer() || (comment.value.trim() ? { comment: comment.value.trim() } : null),
    key(key, event) {
      if (key === "c") {
        if (root().clientWidth > 760) comment.focus();
        else void ask();
        return true;
      }
      const label = labelOf(place.job.labels, key, event);
      if (label) {
        if (!event.repeat) take(label);
        return true;
      }
      return verdicts.key(key) || shown.key(key, event);
    },
    release: (key, lost) => shown.release?.(key, lost),
    undo: () => false,
    redo: () => false,
    refusal: () =>
      `Say first whether the label is right: ${place.job.labels.map((label) => label.name).join(", ")}.`,
    help: [
      { keys: "1 / 2", does: "say whether the label is right, and go on" },
      { keys: "C", does: "write a comment; Escape goes back to the item" },
      ...shown.help
    ],
    close: () => (shown.close(), verdicts.box.remove(), comment.remove(), below.remove())
  };

  function root() {
    return /** @type {HTMLElement} */ (place.stage.closest(".root"));
  }

  async function ask() {
    const asked = await askText(root(), {
      title: "Comment",
      label: "What is wrong?",
      value: comment.value,
      button: "Keep"
    });
    if (asked) {
      comment.value = asked.text;
      place.changed();
    }
    place.stage.focus({ preventScroll: true });
  }
}
