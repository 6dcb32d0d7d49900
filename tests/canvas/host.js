// A page around the canvas, as JupyterLab is one: it counts the keys that come out of it.

const asked = new URLSearchParams(location.search);
window.leaked = [];
for (const name of ["keydown", "keyup", "keypress"]) {
  document.addEventListener(name, (event) => window.leaked.push(`${name} ${event.key}`));
}
document.documentElement.style.height = document.body.style.height = "100%";
document.body.style.margin = "0";
const here = document.getElementById("here");
here.style.height = "100vh";
here.style.setProperty("--clary-canvas-height", "100%");

let canvas;
if (asked.has("bundle")) {
  // As anywidget does: the text as a module of its own, without an address.
  const text = await (await fetch("/canvas/bundle.js")).text();
  canvas = (await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })))).default;
} else canvas = (await import("/canvas/canvas.js")).default;
const { httpModel, overHttp } = await import("/canvas/http_model.js");

const over = overHttp(`/jobs/${asked.get("job")}`, { query: `worker=${asked.get("worker") || "anna"}` });
window.model = httpModel({ ...over, state: { focus: true, theme: asked.get("theme") || "light" } });
window.leave = canvas.render({ model: window.model, el: here });
