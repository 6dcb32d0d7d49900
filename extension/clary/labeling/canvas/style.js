// The canvas' look. Colours are JupyterLab's where there are any; sizes follow the canvas' own width, not the window's.

import { EDITING } from "./style_editing.js";
import { PARTS } from "./style_parts.js";

const FRAME = `
:host { display: block; height: var(--clary-canvas-height, clamp(440px, 78vh, 900px)); min-height: 320px; container-type: size;
  text-align: start; }
:host, .root { --bg: var(--jp-layout-color1, #fff); --bg2: var(--jp-layout-color2, #f4f5f7); --line: var(--jp-border-color2, #dfe1e6);
  --text: var(--jp-ui-font-color1, #1d2129); --faint: #5b6470; --brand: #2457c5; --brand-ink: #fff; --stage: #eceef1;
  --good: #18794e; --warn-bg: #fff3d6; --warn: #6b4700; --bad: #b42318; --focus: #2457c5; }
.root.dark { --bg: var(--jp-layout-color1, #17191e); --bg2: var(--jp-layout-color2, #22252c); --line: var(--jp-border-color2, #3a3f49);
  --text: var(--jp-ui-font-color1, #eceef2); --faint: #a3acb9; --brand: #7aa5ff; --brand-ink: #0d1524; --stage: #0e0f12;
  --good: #5fd39a; --warn-bg: #453408; --warn: #ffe2a0; --bad: #ff9a8d; --focus: #9dbdff; color-scheme: dark; }
.root { display: grid; grid-template-rows: auto auto minmax(0, 1fr) auto; height: 100%; background: var(--bg); color: var(--text);
  font: 13px/1.45 var(--jp-ui-font-family, system-ui, -apple-system, "Segoe UI", sans-serif); position: relative; overflow: hidden;
  -webkit-tap-highlight-color: transparent; }
*, *::before { box-sizing: border-box; }
[hidden], [data-mode="grid"] .actions [data-one] { display: none !important; }
h1, h2, h3, p { margin: 0; }
button { font: inherit; color: inherit; cursor: pointer; touch-action: manipulation; }
/* A click on it is one on what is around: the browser would give the focus to the page. */
button:disabled { opacity: .4; cursor: default; pointer-events: none; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 1px; }
.stage:focus-visible { outline: none; }
.stage:focus-visible::after { content: ""; position: absolute; inset: 0; border: 2px solid var(--focus); pointer-events: none; }
kbd { font: 600 11px/1 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; padding: 2px 5px; border: 1px solid var(--line);
  border-radius: 4px; background: var(--bg); color: var(--faint); white-space: nowrap; }
.faint { color: var(--faint); }
.icon { width: 18px; height: 18px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; flex: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.top { display: flex; align-items: center; gap: 12px; padding: 6px 12px; border-bottom: 1px solid var(--line); min-height: 40px; }
.title { font-size: 14px; font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: 0 1 auto; min-width: 60px; }
.progress { display: flex; align-items: center; gap: 10px; margin-inline-start: auto; flex: 0 1 auto; white-space: nowrap; color: var(--faint);
  font-variant-numeric: tabular-nums; min-width: 0; }
.progress b { color: var(--text); font-weight: 600; }
.bar { width: 130px; height: 6px; border-radius: 3px; background: var(--line); overflow: hidden; display: flex; flex: 0 1 130px; min-width: 40px; }
.bar-people { background: var(--brand); }
.bar-machine { background: repeating-linear-gradient(45deg, var(--brand) 0 2px, transparent 2px 4px); }
.modes { display: flex; }
.mode { border: 1px solid var(--line); background: none; padding: 2px 9px; margin-inline-start: -1px; white-space: nowrap; }
.mode:first-child { border-radius: 6px 0 0 6px; }
.mode:last-child { border-radius: 0 6px 6px 0; }
.mode:only-child { border-radius: 6px; }
.mode[aria-pressed="true"] { background: var(--bg2); font-weight: 600; box-shadow: inset 0 -2px 0 var(--brand); }
.mode kbd { margin-inline-start: 6px; }
.quiet { border: 0; background: none; padding: 3px 8px; border-radius: 6px; color: var(--faint); white-space: nowrap; }
.quiet:hover { background: var(--bg2); color: var(--text); }
.quiet.framed { border: 1px solid var(--line); color: var(--text); padding: 6px 14px; }
.round { width: 26px; height: 26px; padding: 0; border-radius: 50%; border: 1px solid var(--line); flex: none; }
.brief { display: none; }
.banner { background: var(--warn-bg); color: var(--warn); padding: 7px 14px; font-weight: 600; }

.work { display: grid; grid-template-columns: minmax(0, 1fr) 248px; grid-row: 3; min-height: 0; position: relative; }
.middle { display: flex; flex-direction: column; min-width: 0; min-height: 0; }
.item-header { padding: 7px 14px; border-bottom: 1px solid var(--line); font-size: 14px; white-space: pre-wrap; max-height: 5.5em; overflow: auto; flex: none; }
.stage { flex: 1; position: relative; min-height: 0; background: var(--stage); display: flex; flex-direction: column; overflow: hidden; }
.looking-back .stage { box-shadow: inset 0 3px 0 var(--warn); }
.looking-back .middle::before { content: "Looking back: what you change here replaces your earlier answer"; background: var(--warn-bg); color: var(--warn);
  padding: 4px 14px; font-weight: 600; }
.panel { border-inline-start: 1px solid var(--line); padding: 10px; overflow: auto; display: flex; flex-direction: column; gap: 12px; min-height: 0; }
.covered .panel { visibility: hidden; }
.cover { position: absolute; inset: 0; background: var(--bg); display: grid; place-items: center; overflow: auto; }

.actions { display: flex; align-items: center; gap: 2px; padding: 6px 10px; border-top: 1px solid var(--line); grid-row: 4; }
.action { display: inline-flex; align-items: center; gap: 5px; border: 0; background: none; padding: 5px 9px; border-radius: 6px; }
.action:hover:not(:disabled) { background: var(--bg2); }
.action[aria-pressed="true"] { color: var(--warn); background: var(--warn-bg); }
.room { flex: 1; }
.submit { display: inline-flex; align-items: center; gap: 8px; border: 0; border-radius: 6px; background: var(--brand); color: var(--brand-ink); font-weight: 600;
  padding: 7px 16px; }
.submit:hover:not(:disabled) { filter: brightness(1.08); }
.submit kbd { background: none; border-color: currentColor; color: inherit; opacity: .85; }
.covered .actions [data-one]:not([aria-keyshortcuts="PageUp"]) { visibility: hidden; }
.covered .submit:not(.message .submit) { visibility: hidden; }

@container (max-width: 760px) {
  .work { grid-template-columns: minmax(0, 1fr); grid-template-rows: minmax(0, 1fr) auto; }
  .panel { border-inline-start: 0; border-top: 1px solid var(--line); max-height: 44cqh; padding: 8px; gap: 8px; }
  .top { gap: 8px; padding: 5px 8px; flex-wrap: wrap; row-gap: 3px; }
  .title { flex: 1 1 90px; }
  .progress { order: 5; margin: 0; flex: 1 1 100%; font-size: 12px; }
  .bar { flex: 1; }
  .actions { padding: 4px 6px calc(4px + env(safe-area-inset-bottom)); }
  .action { padding: 11px; }
  .action .word, .mode kbd, .submit kbd { display: none; }
  .submit { padding: 11px 16px; }
  .round { width: 32px; height: 32px; }
}
@container (max-width: 480px) {
  .action { padding: 11px 9px; }
  .instruct { width: 32px; height: 32px; padding: 0; border: 1px solid var(--line); border-radius: 50%; font-style: italic; }
  .instruct .long { display: none; }
  .instruct .brief { display: inline; }
  .mode { padding: 4px 7px; }
  .top .quiet:not(.round) { padding: 3px 4px; }
}
@container (min-width: 761px) and (max-width: 1000px) { .action .word, .count.more { display: none; } }
@media (prefers-reduced-motion: reduce) { *, *::before { animation-duration: 0s !important; transition: none !important; } }
`;

/** @type {CSSStyleSheet|undefined} */
let made;

/** One sheet for all canvases of a page; a constructed one is allowed where a strict policy forbids inline styles. */
export function sheet() {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(FRAME + PARTS + EDITING);
  }
  return made;
}
