// An item to look at: a picture that can be zoomed, or a text.

import { h } from "./dom.js";
import { VIEW_HELP } from "./gestures.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("./types.js").Item} Item */

/** A picture and, over it, what `paint` draws. */
export class ShownImage {
  /**
   * @param {import("./types.js").Place} place
   * @param {{tool?: import("./viewport.js").Tool, paint?: (context: CanvasRenderingContext2D) => void}} [options]
   */
  constructor(place, options = {}) {
    this.place = place;
    this.view = new Viewport(place.stage, options);
    this.view.onzoom = () => this.sharpen();
    this.help = VIEW_HELP;
    /** @type {Item|null} */
    this.item = null;
    /** @type {number|undefined} the item whose file is being loaded */
    this.asked = undefined;
    this.trouble = h("div", { class: "trouble", role: "alert", hidden: true });
    place.stage.append(this.trouble);
    this.fitPreviews();
  }

  fitPreviews() {
    const { clientWidth, clientHeight } = this.view.box;
    if (clientWidth && clientHeight)
      this.place.images.fitTo(clientWidth * this.view.ratio, clientHeight * this.view.ratio);
  }

  /** @param {Item} item */
  show(item) {
    this.item = item;
    this.fitPreviews();
    const source = /** @type {any} */ (item.source);
    this.trouble.hidden = true;
    this.view.sized(
      source.width,
      source.height,
      `Image ${source.name}, ${source.width} by ${source.height} pixels`
    );
    const there = this.place.images.peek(item);
    if (there) this.painted(item, there);
    else {
      this.view.show(null);
      this.place.images.get(item).then(
        (picture) => this.item === item && this.painted(item, picture),
        (error) => this.item === item && this.broken(error)
      );
    }
  }

  /** @param {Item} item @param {import("./images.js").Picture} picture */
  painted(item, picture) {
    this.view.show(picture);
    painted(this.place.stage, item.id);
  }

  /** @param {any} error */
  broken(error) {
    const { item } = this;
    // The server is away, or the line is bad: the image comes when they are back.
    if (error?.retry) setTimeout(() => item && this.item === item && this.show(item), 1500);
    this.trouble.hidden = false;
    this.trouble.textContent = `The image cannot be shown: ${String(error?.message || error).replace(/\.$/, "")}. Skip it (S) or flag it (F).`;
    if (this.item) painted(this.place.stage, this.item.id);
  }

  /** The file itself, once its pixels are larger than the preview's. */
  sharpen() {
    const { item, view } = this;
    const picture = view.picture;
    if (!item || !picture || picture.whole || this.asked === item.id) return;
    if (view.size.width * view.scale * view.ratio < picture.bitmap.width * 1.15) return;
    this.asked = item.id;
    this.place.images
      .whole(item)
      .then(
        (whole) => this.item === item && view.show(whole),
        () => {}
      )
      .finally(() => (this.asked = undefined));
  }

  /** @param {string} key */
  key(key) {
    if (key === " ") this.view.panning = true;
    return this.view.key(key) || key === " ";
  }

  close() {
    this.view.close();
    this.trouble.remove();
  }
}

/** A text, as it is. */
export class ShownText {
  /** @param {import("./types.js").Place} place */
  constructor(place) {
    this.place = place;
    this.text = h("div", { class: "text" });
    // The stage hears keys only; within it, this can be read word by word.
    this.box = h(
      "div",
      { class: "reading", role: "document", tabindex: "0", "aria-label": "Text" },
      this.text
    );
    place.stage.append(this.box);
    this.help = [{ keys: "↑ / ↓", does: "scroll a long text" }];
  }

  /** @param {Item} item */
  show(item) {
    const text = item.source.kind === "text" ? item.source.text : "";
    this.text.textContent = text;
    this.text.classList.toggle("short", text.length < 280);
    this.box.scrollTop = 0;
    painted(this.place.stage, item.id);
    // After what is said of the item itself.
    queueMicrotask(() => this.place.say(text.slice(0, 600)));
  }

  /** @param {string} key */
  key(key) {
    const step = key === "ArrowDown" ? 80 : key === "ArrowUp" ? -80 : 0;
    if (!step || this.box.scrollHeight <= this.box.clientHeight) return false;
    this.box.scrollBy(0, step);
    return true;
  }

  close() {
    this.box.remove();
  }
}

/** Tell that the item is on the screen (with the next frame). @param {HTMLElement} stage @param {number} id */
export function painted(stage, id) {
  const root = /** @type {ShadowRoot} */ (stage.getRootNode());
  /** @type {HTMLElement} */ (root.host || stage).dataset.item = String(id);
}

/** @param {import("./types.js").Place} place */
export function shownItem(place) {
  return place.job.modality === "image" ? new ShownImage(place) : new ShownText(place);
}
