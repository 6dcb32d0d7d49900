// Light or dark.

/**
 * What the host says; else JupyterLab's theme; else what the person likes.
 * @param {any} model @param {HTMLElement} el
 */
export function isDark(model, el) {
  const said = model.get?.("theme");
  if (said) return said === "dark";
  const lab = el.ownerDocument.body?.dataset.jpThemeLight;
  return lab ? lab === "false" : matchMedia("(prefers-color-scheme: dark)").matches;
}
