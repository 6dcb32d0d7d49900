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

/**
 * Hear of another theme, wherever `isDark` has it from.
 * @param {any} model @param {HTMLElement} el @param {(dark: boolean) => void} changed @returns {() => void} no more
 */
export function themes(model, el, changed) {
  const look = () => changed(isDark(model, el));
  const body = el.ownerDocument.body;
  const watcher = new MutationObserver(look);
  watcher.observe(body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  const liking = matchMedia("(prefers-color-scheme: dark)");
  liking.addEventListener("change", look);
  model.on?.("change:theme", look);
  return () => {
    watcher.disconnect();
    liking.removeEventListener("change", look);
    model.off?.("change:theme", look);
  };
}
