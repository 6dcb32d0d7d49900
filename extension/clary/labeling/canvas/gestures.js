// What mouse, fingers and wheel do to an image: the task's tool, moving, zooming.

export class Gestures {
  /** @param {import("./viewport.js").Viewport} view */
  constructor(view) {
    this.view = view;
    /** @type {Map<number, {x: number, y: number}>} fingers and mouse that are down, in CSS pixels of the box */
    this.fingers = new Map();
    /** @type {"tool"|"pan"|"pinch"|null} */
    this.gesture = null;
    this.listen();
  }

  listen() {
    this.view.layer.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => this.down(event));
    this.view.layer.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.view.layer.addEventListener(name, (/** @type {PointerEvent} */ event) => this.up(event));
    }
    this.view.layer.addEventListener("pointerleave", () => this.view.tool?.hover?.(null));
    this.view.box.addEventListener("wheel", (/** @type {WheelEvent} */ event) => this.wheel(event), {
      passive: false
    });
    this.view.layer.addEventListener("contextmenu", (/** @type {Event} */ event) => event.preventDefault());
  }

  /** @param {PointerEvent} event */
  down(event) {
    this.view.layer.setPointerCapture?.(event.pointerId);
    this.fingers.set(event.pointerId, this.view.at(event));
    if (this.fingers.size === 2) {
      if (this.gesture === "tool") this.view.tool?.cancel();
      this.gesture = "pinch";
    } else if (this.fingers.size === 1) {
      const pans = !this.view.tool || this.view.panning || event.button === 1 || event.button === 2;
      this.gesture = pans ? "pan" : "tool";
      if (this.gesture === "tool") this.view.tool?.down(this.view.toImage(event), event);
    }
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.fingers.get(event.pointerId);
    const now = this.view.at(event);
    if (before) this.fingers.set(event.pointerId, now);
    if (!before) this.view.tool?.hover?.(this.view.toImage(event), event);
    else if (this.gesture === "tool") this.view.tool?.move(this.view.toImage(event), event);
    else if (this.gesture === "pan") {
      this.view.panned = true;
      this.view.pan(now.x - before.x, now.y - before.y);
    } else if (this.gesture === "pinch") this.pinch(event.pointerId, before, now);
  }

  /** @param {number} moved @param {{x: number, y: number}} before @param {{x: number, y: number}} now */
  pinch(moved, before, now) {
    const other = [...this.fingers].find(([id]) => id !== moved)?.[1];
    if (!other) return;
    const distance = (/** @type {{x: number, y: number}} */ one) =>
      Math.hypot(one.x - other.x, one.y - other.y) || 1;
    this.view.left += (now.x - before.x) / 2;
    this.view.top += (now.y - before.y) / 2;
    this.view.zoom(distance(now) / distance(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  /** @param {PointerEvent} event */
  up(event) {
    this.fingers.delete(event.pointerId);
    if (this.gesture === "tool") {
      if (event.type === "pointercancel") this.view.tool?.cancel();
      else this.view.tool?.up(this.view.toImage(event), event);
    }
    if (this.fingers.size === 0) this.gesture = null;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    const root = /** @type {ShadowRoot} */ (this.view.box.getRootNode());
    // A page that is only scrolled past the canvas scrolls on.
    if (!event.ctrlKey && !root.activeElement) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? event.deltaY * 20 : event.deltaY;
    this.view.zoom(Math.exp(-lines / (event.ctrlKey ? 120 : 400)), this.view.at(event));
  }
}

export const VIEW_HELP = [
  { keys: "+ / − / wheel", does: "zoom" },
  { keys: "0", does: "fit the image to its place" },
  { keys: "Space + drag", does: "move the image (arrows, too, when zoomed)" }
];
