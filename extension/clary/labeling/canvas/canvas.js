// The labeling canvas. A host gives a model (anywidget's, or `httpModel`) and an element; everything else is here.

import { Desk } from "./desk.js";

/** @param {{model: any, el: HTMLElement}} place @returns {() => void} takes it away again */
function render({ model, el }) {
  const desk = new Desk(model, el);
  desk.start();
  return () => desk.close();
}

export default { render };
