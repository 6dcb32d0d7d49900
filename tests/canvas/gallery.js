// Every task type with made-up items: gallery.html?task=bounding-box&theme=dark

import canvas from "/canvas/canvas.js";
import { fakeSession } from "/fake_session.js";

const asked = new URLSearchParams(location.search);
const task = asked.get("task") || "image-classification";
const mode = asked.get("mode") || "label";
const COLORS = ["#e6194b", "#0082c8", "#f58231", "#3cb44b", "#911eb4", "#ffe119", "#46f0f0", "#800000"];
const named = (names) => names.map((name, index) => ({ name, short: name.slice(0, 3), color: COLORS[index % 8], hotkey: "1234567890"[index] || "" }));
const text = /text|entity/.test(task);
const LABELS = text ? (/entity/.test(task) ? ["Person", "Place", "Organisation", "Date"] : ["positive", "neutral", "negative"]) : ["cat", "dog", "bicycle", "person", "traffic light", "car"];
const TEXTS = [
  "The food was delicious, and the waiter, Mr. O’Neill 👩‍👩‍👧, brought us a second bottle without being asked. In Zürich on 3 May 2021 nobody would do that.\nWe will come again.",
  "Never again. <script>window.hacked = true</script><img src=x onerror='window.hacked = true'>",
  "東京で昨日、国連の代表が会議に出席した。 It was cold."
];
const W = 4000;
const H = 3000;

async function picture(id, size) {
  const scale = size ? size / W : 1;
  const canvas = new OffscreenCanvas(W * scale, H * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  const sky = context.createLinearGradient(0, 0, 0, H);
  sky.addColorStop(0, `hsl(${(id * 47 + 200) % 360} 45% 62%)`);
  sky.addColorStop(1, `hsl(${(id * 47 + 40) % 360} 40% 45%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, W, H);
  for (let index = 0; index < 7; index++) {
    const x = (Math.sin(id * 12.9 + index * 78.2) * 0.5 + 0.5) * 3200;
    const y = 1200 + index * 180;
    context.fillStyle = `hsl(${(id * 91 + index * 53) % 360} 40% ${30 + index * 6}%)`;
    context.beginPath();
    context.roundRect(x, y, 500 + 60 * index, 420, 120);
    context.fill();
    context.beginPath();
    context.arc(x + 250, y - 60, 210, 0, 7);
    context.fill();
  }
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
}

function answerOf(id) {
  if (task.endsWith("multilabel")) return { labels: [LABELS[id % LABELS.length], LABELS[(id + 1) % LABELS.length]] };
  if (task === "bounding-box") return { boxes: [{ label: "cat", left: 500, top: 1200, width: 900, height: 800 }, { label: "person", left: 2100, top: 900, width: 700, height: 1500 }] };
  if (task === "named-entity-recognition") return { entities: [{ label: "Person", startOffset: 42, endOffset: 53 }] };
  if (task === "semantic-segmentation") {
    const runs = [[0, W * 1000]];
    for (let row = 0; row < 900; row++) runs.push([0, 600], [1, 1200], [0, 300], [2, 1000], [0, 900]);
    runs.push([0, W * 1100]);
    return { width: W, height: H, runs };
  }
  return { label: LABELS[id % LABELS.length] };
}

const items = Array.from({ length: Number(asked.get("items") || 60) }, (_, id) => ({
  id,
  source: text ? { kind: "text", text: TEXTS[id % TEXTS.length] } : { kind: "image", width: W, height: H, type: "image/jpeg", bytes: 4e6, name: `photo-${id}.jpg` },
  header: asked.has("header") ? "Which of these do you see?" : null,
  prelabel: mode !== "label" ? answerOf(id) : null,
  suggestion: asked.has("suggest") ? { answer: answerOf(id), confidence: 0.93 } : null,
  draft: null, answer: null, skipped: false, flagged: false, comment: null,
  votes: asked.has("review") ? [{ worker: "anna", answer: answerOf(id) }, { worker: "ben", answer: answerOf(id + 1) }, { worker: "carla", answer: answerOf(id + 1) }] : undefined,
  metadata: {}
}));

const model = fakeSession({
  theme: asked.get("theme") || "light",
  picture,
  items,
  opened: {
    protocol: 1, job: "gallery", title: asked.get("title") || "What is in the picture?", description: "", instructions: "<p>Look <b>closely</b>.</p>",
    full_instructions: "<p>Everything in detail.</p>", task, mode, modality: text ? "text" : "image",
    labels: named(mode === "verify" ? ["good", "bad"] : LABELS), prelabel_labels: named(LABELS), worker: "anna", owner: true, status: "InProgress",
    settings: { grid: asked.has("grid"), auto_advance: true }, machine: asked.has("machine") ? 12 : 0, review: asked.has("review") ? 7 : 0
  }
});
window.model = model;
window.items = items;
canvas.render({ model, el: document.getElementById("here") });
