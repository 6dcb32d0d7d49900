// Keys: one name each whatever the keyboard, kept from the page around, and left alone where somebody types.

/**
 * "1", "a", "Ctrl+z", "Ctrl+Shift+z", "Shift+ArrowLeft", "Alt+ArrowLeft", "Enter", " ". Ctrl stands for Cmd, too.
 *   Shift is named
 * only where it does not change what the key writes.
 * @param {KeyboardEvent} event
 */
export function named(event) {
  let key = event.key;
  if (key === "Spacebar") key = " ";
  const control = event.ctrlKey || event.metaKey;
  // A Cyrillic, Greek, ... layout: the letter that the key has elsewhere.
  if (key.length === 1 && key.charCodeAt(0) > 127) {
    const place = /^(?:Key|Digit)(.)$/.exec(event.code || "");
    if (place) key = place[1].toLowerCase();
  }
  const letter = /^[a-zA-Z]$/.test(key);
  if (letter) key = key.toLowerCase();
  const shift = event.shiftKey && (key.length > 1 || letter || key === " ");
  return `${control ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${shift ? "Shift+" : ""}${key}`;
}

/**
 * The digit on the key where a layout has another sign there (AZERTY), or null.
 * @param {KeyboardEvent} event
 */
export function digit(event) {
  const place = /^(?:Digit|Numpad)(\d)$/.exec(event.code || "");
  return place && !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey ? place[1] : null;
}

/** Whether the person types text there. @param {Event} event */
export function typing(event) {
  const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
  if (target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT") return true;
  const type = /** @type {HTMLInputElement} */ (target).type;
  return target.tagName === "INPUT" && !["range", "checkbox", "radio", "button"].includes(type);
}

/** Whether Enter and Space belong to what has the focus (a button, a link). @param {Event} event */
export function pressing(event) {
  const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
  return target.matches("button, a, summary, input:not([type=range])");
}

/** Whether a key moves the slider that has the focus. @param {Event} event @param {string} key */
function sliding(event, key) {
  const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
  return target.matches("input[type=range]") && /^(Arrow\w+|Home|End|PageUp|PageDown)$/.test(key);
}

/**
 * Hear every key pressed within `root`. None of them reaches the page around: JupyterLab would cut cells.
 * @param {HTMLElement} root
 * @param {{press: (key: string, event: KeyboardEvent) => boolean, release?: (key: string, lost: boolean) => void}} heard
 *   `press` tells whether the key was one of the canvas'; those are released, too, `lost` where the focus went away first
 */
export function listen(root, { press, release }) {
  /** @type {Map<string, string>} place on the keyboard -> the key's name when it went down */
  const held = new Map();
  const up = (/** @type {string} */ place, /** @type {boolean} */ lost) => {
    const key = held.get(place);
    held.delete(place);
    if (key) release?.(key, lost);
  };
  root.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.isComposing || event.key === "Dead" || event.key === "Process") return;
    const key = named(event);
    if (typing(event) && key !== "Escape" && key !== "Ctrl+Enter") return;
    if (pressing(event) && (key === "Enter" || key === " ")) return;
    if (sliding(event, key)) return;
    if (!press(key, event)) return;
    held.set(event.code || event.key, key);
    event.preventDefault();
  });
  root.addEventListener("keyup", (event) => {
    event.stopPropagation();
    up(event.code || event.key, false);
  });
  // The window's focus, or another element's: the key goes up there.
  root.addEventListener("focusout", (event) => {
    if (root.contains(/** @type {Node|null} */ (event.relatedTarget))) return;
    for (const place of [...held.keys()]) up(place, true);
  });
  root.addEventListener("keypress", (event) => event.stopPropagation());
}

/**
 * The label that a key stands for.
 * @param {import("./types.js").Label[]} labels @param {string} key @param {KeyboardEvent} event
 */
export function labelOf(labels, key, event) {
  const found = labels.find((label) => label.hotkey && label.hotkey.toLowerCase() === key);
  if (found || event.ctrlKey || event.metaKey || event.altKey) return found;
  const pressed = digit(event);
  return pressed ? labels.find((label) => label.hotkey === pressed) : undefined;
}
