// The labeling canvas. A host gives a model (anywidget's, or `httpModel`) and an element; everything else is here.

import { Desk } from "./desk.js";

/**
 * @param {{model: any, el: HTMLElement}} place
 * @returns {(() => void) & {saved: () => Promise<void>}} takes it away again; `saved` resolves when everything is on disk. What
 *   is not when it is taken away goes on its way for as long as the page is open.
 */
function render({ model, el }) {
  const desk = new Desk(model, el);
  desk.start();
  return Object.assign(() => desk.close(), { saved: () => desk.saved() });
}

export default { render };
