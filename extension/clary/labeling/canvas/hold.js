// While an action is on its way to the disk, what is shown is that action's: a click, a stroke or a letter would be meant for
// an item that is about to go. (`pressed` holds the keys.) `inert` would do it, but it lets go of the focus, and keys would
// fall into the page around.

/**
 * @param {HTMLElement} root @param {string} parts  selector of what holds still
 * @param {() => boolean} held
 */
export function hold(root, parts, held) {
  // A press that began while all was held stays without effect, also when it ends on the next item.
  let lost = false;
  /** @type {Record<string, (event: any) => boolean>} whether the event goes no further */
  const stops = {
    pointerdown: () => (lost = held()),
    pointermove: (event) => held() && event.buttons > 0,
    pointerup: (event) => {
      if (!held() && !lost) return false;
      // What was begun before is given up, not left hanging.
      event.composedPath()[0].dispatchEvent(new PointerEvent("pointercancel", event));
      return true;
    },
    click: (event) => held() || (lost && event.detail > 0),
    dblclick: () => held() || lost,
    beforeinput: held,
    // In a field whose Enter is an answer.
    keydown: (event) => held() && event.key === "Enter" && event.composedPath()[0].tagName === "INPUT"
  };
  for (const [name, stop] of Object.entries(stops)) {
    root.addEventListener(
      name,
      (event) => {
        if (!(/** @type {Element} */ (event.composedPath()[0]).closest?.(parts)) || !stop(event)) return;
        event.preventDefault();
        event.stopPropagation();
      },
      true
    );
  }
}
