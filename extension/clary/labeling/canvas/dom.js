// Small helpers to build elements. Text only ever becomes text nodes: what people label is shown, never run.

/**
 * An element. Attributes: `class`, `text`, `on` ({event: listener}), `style` ({property: value}); false and null
 *   ones are left out.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "style") {
      for (const [property, one] of Object.entries(value)) element.style.setProperty(property, String(one));
    } else if (name === "text") element.textContent = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null)
      element.setAttribute(name === "class" ? "class" : name, String(value));
  }
  element.append(.../** @type {any[]} */ (children.filter((child) => child != null && child !== false)));
  if (tag === "button" && !attributes.type) element.setAttribute("type", "button");
  return element;
}

/**
 * A drawn icon of the canvas' own, 20 by 20, in the colour of the text.
 * @param {string} path an SVG path
 */
export function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** The key as people read it on a button. @param {string} key */
export function keycap(key) {
  return h("kbd", { text: key });
}

/**
 * Put `children` where an element's were. Had one of those the focus, what stands at its place has it then, or the last
 *   before it.
 * @param {Element} element @param {...(Node|string)} children
 */
export function fill(element, ...children) {
  const active = /** @type {ShadowRoot|Document} */ (element.getRootNode()).activeElement;
  /** @type {number[]} */
  const place = [];
  if (active && active !== element && element.contains(active)) {
    for (let one = active; one !== element; one = /** @type {Element} */ (one.parentElement))
      place.unshift([.../** @type {Element} */ (one.parentElement).children].indexOf(one));
  }
  element.replaceChildren(...children);
  if (!place.length) return;
  /** @type {Element|undefined} */
  let now = element;
  for (const index of place) now = now?.children[index] ?? [...(now?.children ?? [])].at(-1);
  if (now !== element) /** @type {HTMLElement|undefined} */ (now)?.focus({ preventScroll: true });
}

/** Black or white, whichever is better read on `color`. @param {string} color `#rrggbb` */
export function ink(color) {
  const [r, g, b] = rgb(color).map((one) =>
    (one /= 255) <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

/** @param {string} color `#rrggbb` @returns {[number, number, number]} 0..255 */
export function rgb(color) {
  const value = parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** A share as a percentage without digits that mean nothing. @param {number} share 0..1 */
export function percent(share) {
  const value = share * 100;
  if (value > 99 && value < 100) return `${(Math.floor(value * 10) / 10).toFixed(1)} %`;
  return `${Math.round(value)} %`;
}
