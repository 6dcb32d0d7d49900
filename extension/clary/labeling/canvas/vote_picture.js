// A small picture of an item with one person's boxes or mask on it.

import { h, rgb } from "./dom.js";
import { Mask } from "./mask.js";

const EDGE = 150;

export class VotePicture {
  /** @param {import("./types.js").Place} place @param {import("./types.js").Item} item @param {any} answer */
  constructor(place, item, answer) {
    const { width, height } = /** @type {any} */ (item.source);
    this.scale = EDGE / Math.max(width, height);
    this.canvas = h("canvas", {
      class: "vote-picture",
      width: Math.max(1, Math.round(width * this.scale)),
      height: Math.max(1, Math.round(height * this.scale)),
      "aria-hidden": "true"
    });
    this.labels = place.job.labels;
    const draw = (/** @type {CanvasImageSource|null} */ bitmap) => {
      const context = this.canvas.getContext("2d");
      if (bitmap) context.drawImage(bitmap, 0, 0, this.canvas.width, this.canvas.height);
      if (answer.boxes) this.boxes(context, answer.boxes);
      if (answer.runs) this.mask(context, Mask.of(answer));
    };
    place.images.get(item).then(
      (picture) => draw(picture.bitmap),
      () => draw(null)
    );
  }

  /** @param {CanvasRenderingContext2D} context @param {any[]} boxes */
  boxes(context, boxes) {
    for (const box of boxes) {
      const edges = [box.left, box.top, box.width, box.height].map((one) => one * this.scale);
      for (const [color, width] of /** @type {[string, number][]} */ ([
        ["rgba(0,0,0,.6)", 3.5],
        [this.labels.find((one) => one.name === box.label)?.color || "#fff", 1.8]
      ])) {
        context.strokeStyle = color;
        context.lineWidth = width;
        context.strokeRect(edges[0], edges[1], edges[2], edges[3]);
      }
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {Mask} mask */
  mask(context, mask) {
    const { width, height } = this.canvas;
    const image = context.getImageData(0, 0, width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = mask.at((x + 0.5) / this.scale, (y + 0.5) / this.scale);
        if (!value) continue;
        const color = rgb(this.labels[value - 1]?.color || "#ffffff");
        for (let part = 0; part < 3; part++) {
          const at = (y * width + x) * 4 + part;
          image.data[at] = (image.data[at] + color[part] * 2) / 3;
        }
      }
    }
    context.putImageData(image, 0, 0);
  }
}
