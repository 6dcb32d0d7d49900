// What the modules hand each other, as types only; see clary/labeling/session.py for where the messages come from.

/**
 * @typedef {{name: string, short: string, color: string, hotkey: string}} Label
 * @typedef {Record<string, any>} Answer  in the task type's own form
 * @typedef {{left: number, top: number, width: number, height: number, label: string}} Box  integer pixels of the image
 * @typedef {{kind: "text", text: string} | {kind: "image", width: number, height: number, type: string, bytes: number,
 *   name: string}} Source
 * @typedef {{id: number, seq?: number, lease_until?: number, source: Source, header: string|null, prelabel: Answer|null,
 * prelabel_origin?: any, suggestion: {answer: Answer, confidence: number}|null, draft: Answer|null, answer:
 *   Answer|null,
 *   skipped?: boolean, flagged?: boolean, comment?: string|null, votes?: {worker: string, answer: Answer}[],
 *   metadata?: Record<string, any>, agreement?: number|null, why?: string[], comments?: any[]}} Item
 * @typedef {{done: number, left: number, total: number, labeled: number, machine: number, failed: number, skipped: number,
 *   flagged: number, items_per_hour: number|null, seconds_left: number|null, waiting: string|null, status: string,
 *   review?: number, asked?: number}} Progress  `asked`: the number of the question that it answers
 * @typedef {{protocol: number, job: string, title: string, description: string, instructions: string,
 *   full_instructions: string, task: string, mode: "label"|"verify"|"adjust", modality: "image"|"text", labels: Label[],
 *   worker: string, owner: boolean, status: string, settings: {grid?: boolean, auto_advance?: boolean},
 *   progress: Progress, prelabel_labels?: Label[]}} Opened
 * @typedef {{keys: string, does: string}} Help
 */

/**
 * What edits an answer of one task type. The canvas makes one for a job and shows it one item after another.
 * @typedef {object} Editor
 * @property {(item: Item, answer: Answer|null, suggested: number|null) => void} show  an item, and what the work
 *   on it starts
 *   from; `suggested`: how sure the model is, where it is the model's
 * @property {(answer: Answer) => void} [start]  put it in the place of what stands there; it can be undone
 * @property {() => Answer|null} answer  what stands there now; null: nothing that can be submitted
 * @property {(key: string, event: KeyboardEvent) => boolean} key  whether the key was meant for it
 * @property {() => boolean} undo  whether there was something to undo within the item
 * @property {() => boolean} redo
 * @property {Help[]} help
 * @property {() => void} close
 * @property {(key: string, lost: boolean) => void} [release]  a key that was pressed is up again; `lost`: or goes up
 *   elsewhere
 * @property {() => string} [submits]  the word on the button for Enter, "Submit" if not said; empty: no button
 * @property {() => void} [submit]  Enter, where it is not simply `answer()` submitted
 * @property {() => void} [refused]  what was submitted was not taken
 * @property {() => Answer|null} [draft]  what to keep of unfinished work, if it is not `answer()`
 * @property {() => string} [refusal]  why `answer()` cannot be submitted yet, in words
 */

/**
 * What an editor gets.
 * @typedef {object} Place
 * @property {HTMLElement} stage  where the item is shown
 * @property {HTMLElement} panel  beside or under it: labels and tools
 * @property {Opened} job
 * @property {import("./images.js").Images} images
 * @property {boolean} [readonly]
 * @property {() => void} changed  the answer changed: keep it as a draft
 * @property {(answer: Answer) => void} submit
 * @property {(text: string) => void} say  to people who do not see the screen
 * @property {(text: string) => void} note  a short notice that everybody sees
 */

export const PROTOCOL = 1;
