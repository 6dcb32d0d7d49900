// Pictures, decoded off the main thread before they are needed: a preview of about the screen's size, the file itself
// for zooming.

/** @typedef {{bitmap: ImageBitmap, whole: boolean}} Picture  `whole`: one pixel of it is one of the image */

export class Images {
  /** @param {import("./calls.js").Calls} calls */
  constructor(calls) {
    this.calls = calls;
    /** @type {Map<string, {promise: Promise<Picture>, picture?: Picture}>} in order of their last use */
    this.kept = new Map();
    this.room = { width: 1024, height: 1024 };
    this.ahead = Promise.resolve();
  }

  /** The screen's place for an image, in device pixels. @param {number} width @param {number} height */
  fitTo(width, height) {
    this.room = { width, height };
  }

  /**
   * The longest edge that the item has where it fits its place: drawn in this size nothing is left to be
   * scaled.
   * @param {import("./types.js").Item} item
   */
  edgeOf(item) {
    const { width, height } = /** @type {any} */ (item.source);
    return Math.min(
      4096,
      Math.max(
        1,
        Math.round(Math.max(width, height) * Math.min(this.room.width / width, this.room.height / height))
      )
    );
  }

  /**
   * The picture for the screen, if it is there already.
   * @param {import("./types.js").Item} item @param {number} [edge]
   */
  peek(item, edge = this.edgeOf(item)) {
    const found = this.kept.get(this.key(item, edge));
    return found?.picture;
  }

  /** The picture for the screen. @param {import("./types.js").Item} item @param {number} [edge] */
  get(item, edge = this.edgeOf(item)) {
    const key = this.key(item, edge);
    const found = this.kept.get(key) || { promise: this.load(item, edge) };
    this.kept.delete(key);
    this.kept.set(key, found);
    found.promise.then(
      (picture) => (found.picture = picture),
      () => this.kept.delete(key)
    );
    this.forget();
    return found.promise;
  }

  /** The file itself, in its own pixels. @param {import("./types.js").Item} item */
  whole(item) {
    return this.get(item, Infinity);
  }

  /**
   * Load what comes next, one after another so that the nearest is there first.
   * @param {import("./types.js").Item[]} items
   */
  prefetch(items) {
    for (const item of items) {
      if (item.source.kind !== "image" || this.kept.has(this.key(item, this.edgeOf(item)))) continue;
      this.ahead = this.ahead.then(() =>
        this.get(item).then(
          () => {},
          () => {}
        )
      );
    }
  }

  /** @param {import("./types.js").Item} item @param {number} edge */
  key(item, edge) {
    const longest = item.source.kind === "image" ? Math.max(item.source.width, item.source.height) : 0;
    return `${item.id}@${longest <= edge * 1.25 ? Infinity : edge}`;
  }

  /** @param {import("./types.js").Item} item @param {number} edge @returns {Promise<Picture>} */
  async load(item, edge) {
    const source = /** @type {any} */ (item.source);
    const longest = Math.max(source.width, source.height);
    if (longest > edge * 1.25) {
      const blob = await this.calls.call("image", { object: item.id, size: edge }, 60000);
      return { bitmap: await createImageBitmap(blob), whole: false };
    }
    const blob = await this.calls.call("image", { object: item.id }, 60000);
    try {
      return { bitmap: await upright(blob, source), whole: true };
    } catch {
      // A format that browsers do not read (TIFF): the server makes a JPEG of it.
      const made = await this.calls.call("image", { object: item.id, size: Math.min(longest, 4096) }, 60000);
      return { bitmap: await createImageBitmap(made), whole: longest <= 4096 };
    }
  }

  /**
   * Let go of what was not looked at for longest. A bitmap that is still drawn lives until the browser sees
   * it is not.
   */
  forget() {
    let pixels = 0;
    for (const [key, { picture }] of [...this.kept].reverse()) {
      if (!picture) continue;
      pixels += picture.bitmap.width * picture.bitmap.height;
      // 4 bytes a pixel: 200 MB at most, and the newest whatever its size.
      if (pixels > 50e6 && pixels > picture.bitmap.width * picture.bitmap.height) this.kept.delete(key);
    }
  }
}

/**
 * The image with its rows as the file has them where the session counts pixels so, else as its EXIF turns it.
 * @param {Blob} blob @param {{width: number, height: number}} source
 */
async function upright(blob, source) {
  const bitmap = await createImageBitmap(blob);
  if (bitmap.width === source.width && bitmap.height === source.height) return bitmap;
  const raw = await createImageBitmap(blob, { imageOrientation: "none" }).catch(() => bitmap);
  return raw.width === source.width ? raw : bitmap;
}
