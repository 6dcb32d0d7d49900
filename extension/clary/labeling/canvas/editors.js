// Which module edits which task type.

import { boxes } from "./boxes.js";
import { choose } from "./choose.js";
import { review } from "./review.js";
import { segments } from "./segments.js";
import { spans } from "./spans.js";
import { verify } from "./verify.js";

/** @type {Record<string, (place: import("./types.js").Place) => import("./types.js").Editor>} */
const EDITORS = {
  "bounding-box": boxes,
  "semantic-segmentation": segments,
  "named-entity-recognition": spans
};

/**
 * @param {import("./types.js").Place} place @param {"label"|"review"} queue
 * @returns {import("./types.js").Editor}
 */
export function editorOf(place, queue) {
  const make = EDITORS[place.job.task] || choose;
  if (place.job.mode === "verify")
    return queue === "review" ? review(place, (one) => verify(one, make)) : verify(place, make);
  return queue === "review" ? review(place, make) : make(place);
}

/** Whether items can be labeled many at once. @param {import("./types.js").Opened} job */
export function fitsGrid(job) {
  return job.mode === "label" && /-classification$/.test(job.task);
}
