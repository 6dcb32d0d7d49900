// The annotators' page: who one is, one's jobs, and the canvas. It knows nothing but its secret.

import canvas from "./canvas.js";
import { h } from "./dom.js";
import { httpModel, overHttp } from "./http_model.js";
import { number } from "./progress.js";

const KEPT = "clary-annotator";
const HEADER = "X-Clary-Annotator";
const BACK = "‹ All jobs";

const STYLE = `
html, body { margin: 0; height: 100%; }
body { --bg: #f4f5f7; --card: #fff; --text: #1d2129; --faint: #5b6470; --line: #dfe1e6; --brand: #2457c5; --ink: #fff; background: var(--bg); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; --clary-canvas-height: 100%; display: flex; flex-direction: column; }
@media (prefers-color-scheme: dark) { body { --bg: #101216; --card: #1b1e24; --text: #eceef2; --faint: #a3acb9; --line: #3a3f49; --brand: #7aa5ff; --ink: #0d1524; color-scheme: dark; } }
#portal { display: contents; }
main { width: min(680px, 100% - 32px); margin: 0 auto; padding: 32px 0; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 0; overflow-wrap: anywhere; }
p { margin: 0; color: var(--faint); overflow-wrap: anywhere; }
.jobs { display: grid; gap: 12px; margin-top: 22px; padding: 0; list-style: none; }
.jobs button { width: 100%; text-align: start; display: grid; grid-template-columns: 1fr auto; gap: 4px 16px; align-items: center; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; padding: 16px 18px; font: inherit; color: inherit; cursor: pointer; }
.jobs button:hover { border-color: var(--brand); }
.jobs .go { background: var(--brand); color: var(--ink); border-radius: 8px; padding: 8px 16px; font-weight: 600; grid-row: span 3; }
.jobs .name { font-size: 13px; }
.jobs .go.none { background: none; color: var(--faint); }
:focus-visible { outline: 2px solid var(--brand); outline-offset: 2px; }
.message { text-align: center; padding-top: 18vh; display: grid; gap: 10px; justify-items: center; }
.desk { flex: 1; min-height: 0; display: flex; flex-direction: column; }
.desk > .here { flex: 1; min-height: 0; }
.away { font: inherit; font-size: 13px; padding: 4px 10px; border: 0; background: var(--card); color: var(--faint); cursor: pointer; text-align: start; border-bottom: 1px solid var(--line); }
@media (max-height: 560px), (max-width: 480px) { main { padding: 18px 0; } }
`;

const base = new URL(".", location.href);
const place = /** @type {HTMLElement} */ (document.getElementById("portal"));
/** @type {ReturnType<typeof canvas.render>|null} */
let leave = null;
let asked = 0;

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
document.adoptedStyleSheets = [sheet];
addEventListener("hashchange", begin);
addEventListener("popstate", () => void travel());
begin();

/** The secret stands behind the # of the link, which browsers send nowhere; it leaves the address at once. */
function begin() {
  const given = decodeURIComponent(location.hash.slice(1));
  if (given) {
    sessionStorage.setItem(KEPT, given);
    history.replaceState(null, "", location.pathname);
  }
  void jobs(true);
}

/** @param {...Node} what */
function put(...what) {
  leave?.();
  leave = null;
  place.replaceChildren(...what);
}

/** @param {string} title @param {string} text @param {boolean} [again] */
function message(title, text, again = false) {
  document.title = title;
  const button = again
    ? h(
        "ul",
        { class: "jobs" },
        h(
          "li",
          {},
          h("button", { on: { click: () => jobs(true) } }, h("span", { class: "go", text: "Try again" }))
        )
      )
    : null;
  put(h("main", { class: "message", role: "alert" }, h("h1", { text: title }), h("p", { text }), button));
}

/** @param {string} text */
function denied(text) {
  sessionStorage.removeItem(KEPT);
  if (/revoked/i.test(text))
    message("This link was revoked", "Your answers are kept. Ask whoever sent you the link for a new one.");
  else message("This link does not work", `${text} Ask whoever sent you the link for a new one.`);
}

/** The jobs that are open to the person. @param {boolean} [straight] the only one opens by itself */
async function jobs(straight = false) {
  const secret = sessionStorage.getItem(KEPT);
  if (!secret)
    return message(
      "Open your link",
      "This page opens with the link that was sent to you. Open it once more from the message that it came in."
    );
  const own = ++asked;
  let response;
  try {
    response = await fetch(new URL("me", base), { headers: { [HEADER]: secret }, cache: "no-store" });
  } catch {
    return message("The server does not answer", "Nothing is lost. Try again in a moment.", true);
  }
  const answer = await response.json().catch(() => ({}));
  // Another link was opened meanwhile: what that one says counts.
  if (own !== asked) return;
  if (response.status === 401 || response.status === 403)
    return denied(answer.error?.message || "This link is not known.");
  if (!response.ok)
    return message(
      "That did not work",
      answer.error?.message || `The server answered ${response.status}.`,
      true
    );
  document.title = "Labeling";
  const open = answer.jobs;
  if (straight && open.length === 1) return desk(open[0], false);
  const chosen = open.find((/** @type {any} */ job) => job.job === history.state?.job);
  if (chosen) return desk(chosen, true);
  const list = open.map((/** @type {any} */ job) => h("li", {}, card(job)));
  const [head] = list.length
    ? [
        h("p", {
          text: open.length === 1 ? "One job is waiting for you." : `${open.length} jobs are waiting for you.`
        })
      ]
    : [h("p", { text: "There is nothing to do for you now. Come back later." })];
  put(h("main", {}, h("h1", { text: `Hello, ${answer.name}` }), head, h("ul", { class: "jobs" }, ...list)));
}

/** @param {any} job */
function card(job) {
  const left = job.progress?.left ?? 0;
  const done = job.progress?.done ?? 0;
  return h(
    "button",
    {
      on: {
        click: () => {
          // The browser's Back leads to the list, too.
          history.pushState({ job: job.job }, "");
          desk(job, true);
        }
      }
    },
    h("h2", { text: job.title || job.job }),
    job.title && job.title !== job.job ? h("p", { class: "name", text: job.job }) : null,
    h("span", { class: left ? "go" : "go none", text: left ? (done ? "Go on" : "Start") : "Look" }),
    h("p", {
      text: `${number(done)} done by you, ${number(left)} left${job.description ? ` · ${job.description}` : ""}`
    })
  );
}

/** @param {any} job @param {boolean} several there are others to go back to */
function desk(job, several) {
  document.title = job.title || job.job;
  const here = h("div", { class: "here" });
  const back = h("button", { class: "away", text: BACK });
  back.addEventListener("click", () => history.back(), { once: true });
  put(h("div", { class: "desk" }, several ? back : null, here));
  const secret = sessionStorage.getItem(KEPT) || "";
  const address = new URL(`jobs/${encodeURIComponent(job.job)}`, base).href;
  const http = overHttp(address, { headers: { [HEADER]: secret }, denied });
  leave = canvas.render({ model: httpModel({ ...http, state: { focus: true } }), el: here });
}

/** To where the browser's history stands, once everything is saved: the answer that waits would be asked for again. */
async function travel() {
  // A link: `begin` hears of it.
  if (location.hash) return;
  const left = leave;
  const button = place.querySelector(".away");
  const clock = setTimeout(
    () => button && (button.textContent = `${BACK}, as soon as everything is saved`),
    300
  );
  await left?.saved();
  clearTimeout(clock);
  if (leave === left) void jobs();
}
