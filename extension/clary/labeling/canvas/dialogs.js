// The dialogs: all keys, the instructions, the comment of a flag.

import { h, keycap } from "./dom.js";

/**
 * @param {HTMLElement} root @param {string} title @param {...(Node|string)} content
 * @returns {HTMLDialogElement} shown; it is gone when it closes
 */
export function dialog(root, title, ...content) {
  root.querySelector("dialog")?.remove();
  const close = h("button", {
    class: "quiet round",
    "aria-label": "Close",
    text: "×",
    on: { click: () => made.close() }
  });
  const made = h(
    "dialog",
    {
      "aria-label": title,
      on: {
        close: () => made.remove(),
        click: (/** @type {MouseEvent} */ event) => event.target === made && made.close()
      }
    },
    h("div", { class: "dialog-top" }, h("h2", { text: title }), close),
    ...content
  );
  root.append(made);
  made.showModal();
  return made;
}

/** @param {HTMLElement} root @param {{title: string, rows: import("./types.js").Help[]}[]} groups */
export function helpDialog(root, groups) {
  const body = groups
    .filter((group) => group.rows.length)
    .map((group) =>
      h(
        "section",
        { class: "keys" },
        h("h3", { text: group.title }),
        h(
          "dl",
          {},
          ...group.rows.flatMap((row) => [h("dt", {}, ...keys(row.keys)), h("dd", { text: row.does })])
        )
      )
    );
  return dialog(root, "Keys", h("div", { class: "key-groups" }, ...body));
}

/** @param {string} text alternatives parted by " / ", keys pressed together by " + " */
function keys(text) {
  const parts = text.split(/( \/ | \+ )/);
  return parts.map((part) => (part === " / " ? " or " : part === " + " ? "+" : keycap(part)));
}

/** @param {HTMLElement} root @param {import("./types.js").Opened} job its instructions arrive sanitised */
export function instructionsDialog(root, job) {
  const text = h("div", { class: "instructions" });
  text.innerHTML = job.full_instructions || job.instructions;
  if (job.full_instructions && job.instructions) {
    const short = h("div", {});
    short.innerHTML = job.instructions;
    text.prepend(short);
  }
  if (!text.textContent?.trim() && !text.querySelector("img"))
    text.textContent = job.description || "There are no instructions.";
  for (const link of text.querySelectorAll("a[href]")) {
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noopener noreferrer");
  }
  return dialog(root, "Instructions", text);
}

/**
 * Ask for a text. Enter (with Ctrl in more than one line) sends it, Escape does not.
 * @param {HTMLElement} root @param {{title: string, label: string, value?: string, button: string, other?: string}} words
 * @returns {Promise<{text: string, other: boolean}|null>} `other`: the second button was taken; null: neither
 */
export function askText(root, { title, label, value = "", button, other }) {
  return new Promise((resolve) => {
    const area = h("textarea", { rows: 3, maxlength: 2000, "aria-label": label, placeholder: label });
    area.value = value;
    const end = (/** @type {any} */ answer) => {
      resolve(answer);
      made.close();
    };
    const made = dialog(
      root,
      title,
      area,
      h(
        "div",
        { class: "dialog-buttons" },
        other
          ? h("button", {
              class: "quiet framed",
              text: other,
              on: { click: () => end({ text: area.value, other: true }) }
            })
          : null,
        h("button", {
          class: "submit",
          text: button,
          on: { click: () => end({ text: area.value, other: false }) }
        })
      )
    );
    area.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        end({ text: area.value, other: false });
      }
    });
    made.addEventListener("close", () => resolve(null));
    area.focus();
  });
}
