// The look of what is edited: images, texts, spans, grids, votes.

export const EDITING = `
.view { flex: 1; position: relative; min-height: 0; overflow: hidden; touch-action: pan-y; }
.view.tooled { touch-action: none; }
.view canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.view.tooled .view-layer { cursor: crosshair; }
.reading { flex: 1; overflow: auto; background: var(--bg); padding: 28px clamp(14px, 5cqw, 56px); outline: none; }
.text { max-width: 74ch; margin: 0 auto; font-size: 16px; line-height: 1.65; white-space: pre-wrap; overflow-wrap: anywhere; }
/* Every paragraph in the direction of its own words. */
.text:not(.spans), .cell-text, .item-header { unicode-bidi: plaintext; text-align: start; }
.text.short { font-size: 20px; line-height: 1.5; }
.legend { gap: 9px; padding: 3px 0; }
.view-mask { pointer-events: none; }
.tools { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; }
.tool { display: flex; justify-content: space-between; align-items: center; border: 1px solid var(--line); border-radius: 7px; background: none; padding: 6px 9px; }
.tool:hover { background: var(--bg2); }
.tool[aria-pressed="true"] { border-color: var(--brand); box-shadow: inset 0 0 0 1px var(--brand); font-weight: 600; }
.slider { display: flex; align-items: center; gap: 8px; color: var(--faint); white-space: nowrap; font-variant-numeric: tabular-nums; }
.tools .slider { grid-column: 1 / -1; }
.slider input { flex: 1; min-width: 60px; accent-color: var(--brand); }
[class*="pattern-"].swatch { width: 20px; height: 16px; --dim: color-mix(in srgb, var(--label) 45%, var(--bg)); }
.pattern-1 { background: repeating-linear-gradient(135deg, var(--label) 0 3px, var(--dim) 3px 6px); }
.pattern-2 { background: repeating-linear-gradient(45deg, var(--label) 0 3px, var(--dim) 3px 6px); }
.pattern-3 { background: repeating-linear-gradient(0deg, var(--label) 0 3px, var(--dim) 3px 6px); }
.pattern-4 { background: repeating-linear-gradient(90deg, var(--label) 0 3px, var(--dim) 3px 6px); }
.pattern-5 { background: radial-gradient(var(--label) 40%, var(--dim) 45%) 0 0 / 6px 6px; }
.label[aria-checked="true"] [class*="pattern-"].swatch::before, .label[aria-checked="true"] .swatch[class*="pattern-"]::before { content: ""; }
.spans { user-select: none; cursor: text; line-height: 2.05; font-size: 17px; }
.spans.short { line-height: 2; }
.line { min-height: 1em; }
.piece.taken { background: color-mix(in srgb, var(--brand) 35%, transparent); box-shadow: 0 2px 0 var(--brand); }
.entity { background: color-mix(in srgb, var(--label) 22%, transparent); color: inherit; border-radius: 4px; padding-block: 3px; padding-inline: 3px 1px; box-shadow: inset 0 -2px 0 var(--label);
  box-decoration-break: clone; -webkit-box-decoration-break: clone; cursor: pointer; }
/* Its label goes where its words do: a mark of their direction, which is not seen, stands behind it. */
.entity[data-way="ltr"]::after { content: "\\200e"; }
.entity[data-way="rtl"]::after { content: "\\200f"; }
.entity.proposed { background: none; box-shadow: none; outline: 1.5px dashed var(--label); outline-offset: -1px; }
.entity.selected { outline: 2px solid var(--text); outline-offset: 1px; }
.entity-tag { font: 600 10.5px/1 system-ui, sans-serif; background: var(--label); color: var(--ink); border-radius: 3px; padding: 2px 4px; margin-inline: 4px 2px; unicode-bidi: isolate; vertical-align: 2px;
  white-space: nowrap; user-select: none; }
.caret { display: inline-block; width: 0; height: 1.15em; box-shadow: 0 0 0 1.2px var(--brand); vertical-align: -3px; animation: blink 1.1s steps(1) infinite; }
@keyframes blink { 50% { opacity: 0; } }
.given { display: flex; flex-wrap: wrap; gap: 6px; }
.given-label { display: inline-flex; align-items: center; gap: 8px; border: 1px dashed var(--faint); border-radius: 7px; padding: 6px 10px; font-weight: 600; overflow-wrap: anywhere; }
.below { display: contents; }
.comment { min-height: 56px; }

.grid { flex: 1; overflow: auto; display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 8px; padding: 10px; grid-auto-rows: max-content; align-content: start; position: relative; }
.grid:has(.cell-text) { grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); }
.cell::before { content: ""; display: block; padding-top: 100%; }
.cell { position: relative; min-height: min-content; border-radius: 8px; overflow: hidden; background: var(--bg); cursor: pointer;
  box-shadow: 0 0 0 1px var(--line); user-select: none; -webkit-user-select: none; }
.cell-picture { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; opacity: 0; }
.cell-picture.there { opacity: 1; }
.cell-text { position: absolute; inset: 0; padding: 8px 10px; font-size: 12.5px; line-height: 1.4; overflow: hidden; overflow-wrap: anywhere; }
.cell.current { outline: 2px dashed var(--text); outline-offset: 1px; }
.cell[aria-selected="true"] { box-shadow: 0 0 0 4px var(--label, var(--brand)); }
.cell[aria-selected="true"] .cell-picture { transform: scale(.93); }
.cell-tick { position: absolute; top: 6px; inset-inline-end: 6px; width: 24px; height: 24px; border-radius: 50%; background: var(--text); color: var(--bg); display: none;
  place-items: center; font-weight: 700; }
.cell[aria-selected="true"] .cell-tick { display: grid; }
.cell-guess { position: absolute; inset: auto 0 0; background: var(--bg); color: var(--text); font-size: 11px; padding: 2px 7px; border-top: 1px dashed var(--faint); overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.wide { width: 100%; justify-content: center; display: inline-flex; align-items: center; gap: 8px; overflow-wrap: anywhere; }

.votes { display: flex; gap: 8px; padding: 8px 10px; overflow-x: auto; border-bottom: 1px solid var(--line); align-items: center; flex: none; }
.votes > p { flex: 0 0 auto; max-width: 170px; font-size: 12px; }
.vote { display: flex; align-items: center; gap: 9px; border: 1px solid var(--line); border-radius: 8px; background: var(--bg); padding: 6px 9px; text-align: start; flex: 0 0 auto; max-width: 340px; }
.vote:hover { background: var(--bg2); }
.vote[aria-pressed="true"] { border-color: var(--brand); box-shadow: inset 0 0 0 1px var(--brand); }
.vote-words { display: flex; flex-direction: column; min-width: 0; overflow-wrap: anywhere; max-height: 6.5em; overflow: hidden; }
.vote-picture { max-width: 120px; max-height: 90px; border-radius: 4px; flex: none; }

@container (max-width: 760px) { .tools { grid-template-columns: repeat(4, 1fr); } .tool { min-height: 44px; justify-content: center; padding: 4px; } .tool kbd { display: none; } .grid { grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 6px; padding: 8px; } .reading { padding: 16px 14px; } .text.short { font-size: 18px; } }
`;
