// What keys do in every task, where the task itself has no use for them.

import { fitsGrid } from "./editors.js";

/**
 * @param {import("./desk.js").Desk} desk @param {string} key @param {KeyboardEvent} event
 * @returns {boolean} whether it was one of ours
 */
export function pressed(desk, key, event) {
  desk.active = Date.now();
  if (desk.frame.root.querySelector("dialog[open]")) return false;
  if (key === "Escape" && /^(INPUT|TEXTAREA)$/.test(/** @type {any} */ (event.composedPath()[0]).tagName)) {
    desk.frame.focus();
    return true;
  }
  if (key === "?") return (desk.act("help"), true);
  if (!desk.editor) return false;
  if (desk.locked) return key !== "Tab" && key !== "Shift+Tab";
  const covered = !desk.frame.cover.hidden;
  if (!covered && desk.editor.key(key, event)) return true;
  const action = KEYS[key];
  if (!action) return false;
  if (action === "grid") {
    if (!fitsGrid(desk.job)) return false;
    void desk.turn(desk.mode === "grid" ? "label" : "grid");
  } else if (action === "saved") desk.frame.note("Everything is saved as you go.");
  else if (covered ? ["undo", "redo", "back", "instructions"].includes(action) : true) {
    // A held key undoes on and on, but it does not submit or skip on and on.
    if (!event.repeat || ["undo", "redo", "back", "forward"].includes(action)) desk.act(action);
  }
  return true;
}

/** @type {Record<string, string>} */
export const KEYS = {
  Enter: "submit",
  "Ctrl+Enter": "submit",
  u: "undo",
  "Ctrl+z": "undo",
  "Ctrl+Shift+z": "redo",
  "Ctrl+y": "redo",
  "Shift+u": "redo",
  s: "skip",
  f: "flag",
  g: "grid",
  i: "instructions",
  PageUp: "back",
  PageDown: "forward",
  ArrowLeft: "back",
  ArrowRight: "forward",
  "Ctrl+s": "saved"
};

/** @type {import("./types.js").Help[]} */
export const HELP = [
  { keys: "Enter", does: "submit what stands there; accept a suggestion" },
  { keys: "U / Ctrl + Z", does: "undo, as far back as you like, over items, too" },
  { keys: "Ctrl + Shift + Z", does: "redo" },
  { keys: "S", does: "skip the item" },
  { keys: "F", does: "flag it, with a comment" },
  { keys: "PageUp / ←", does: "back to what you answered before" },
  { keys: "PageDown / →", does: "forward again" },
  { keys: "G", does: "many at once: the grid" },
  { keys: "I", does: "instructions" },
  { keys: "?", does: "these keys" }
];
