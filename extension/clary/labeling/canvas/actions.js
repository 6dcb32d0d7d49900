// The row of actions, as it fits the item that is shown.

/** @param {import("./desk.js").Desk} desk @param {import("./types.js").Item} item */
export function showActions({ frame, editor, queue, mode }, item) {
  const { buttons, root } = frame;
  const submits = editor.submits ? editor.submits() : "Submit";
  const review = mode === "review";
  root.classList.toggle("looking-back", queue.back > 0);
  frame.undoable(true); // within the item, there is always something to take back
  frame.keeping(() => {
    buttons.submit.hidden = !submits;
    buttons.submit.firstChild.textContent = submits;
    buttons.forward.disabled = queue.back === 0;
    buttons.skip.disabled = queue.back > 0;
    buttons.flag.hidden = review;
  });
  buttons.skip.title = review ? "Pass over, and decide it later (S)" : "Skip (S)";
  buttons.flag.setAttribute("aria-pressed", String(Boolean(item.flagged)));
  buttons.flag.title = item.flagged ? `Flagged${item.comment ? `: ${item.comment}` : ""} (F)` : "Flag (F)";
}
