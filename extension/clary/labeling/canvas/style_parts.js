// The look of labels, lists, messages and dialogs.

export const PARTS = `
.label-box { display: flex; flex-direction: column; gap: 6px; min-height: 0; }
.search { font: inherit; padding: 6px 9px; border: 1px solid var(--line); border-radius: 6px; background: var(--bg); color: inherit; width: 100%; }
.labels { display: flex; flex-direction: column; gap: 4px; }
.label { display: flex; align-items: center; gap: 9px; text-align: start; border: 1px solid var(--line); border-radius: 7px; background: var(--bg);
  padding: 7px 9px; min-height: 36px; width: 100%; position: relative; }
.label:hover { background: var(--bg2); }
.label .name { flex: 1 1 auto; min-width: 0; overflow-wrap: break-word; line-height: 1.25; }
.label .hint { font-size: 11px; line-height: 1.2; color: var(--faint); flex: 0 4 auto; text-align: end; font-weight: 400; }
.label .hint:empty { display: none; }
.swatch { width: 13px; height: 13px; border-radius: 4px; background: var(--label); flex: none; box-shadow: inset 0 0 0 1px rgba(0, 0, 0, .25); display: block; }
.label[aria-checked="true"] { border-color: var(--label); box-shadow: 0 0 0 1px var(--label), inset 4px 0 0 var(--label); font-weight: 600; }
.label[aria-checked="true"] .swatch { position: relative; }
.label[aria-checked="true"] .swatch::before { content: "✓"; position: absolute; inset: 0; font: 700 11px/13px system-ui; color: var(--ink); text-align: center; }
.label.suggested, .label.proposed[aria-checked="true"] { border-style: dashed; border-color: var(--faint); box-shadow: none; outline-offset: 3px; }
.label.suggested .hint { color: var(--text); }
.busy .label[aria-checked="true"] { opacity: .75; }

.list-box { min-height: 0; }
.list-head { font-size: 12px; font-weight: 600; color: var(--faint); margin-bottom: 4px; }
.list { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; }
.row { display: flex; align-items: center; border-radius: 6px; }
.row.selected { background: var(--bg2); box-shadow: inset 3px 0 0 var(--label); }
.pick { flex: 1; display: flex; align-items: center; gap: 8px; border: 0; background: none; padding: 4px 8px; text-align: start; min-width: 0; }
.pick .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: 1; }
.small { padding: 2px 8px; font-size: 15px; line-height: 1; }

.about { color: var(--faint); margin-top: auto; }
.about summary { cursor: pointer; }
.about dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 10px; margin: 6px 0 0; }
.about dd { margin: 0; overflow-wrap: anywhere; color: var(--text); }

.message { text-align: center; display: flex; flex-direction: column; gap: 10px; align-items: center; padding: 24px; max-width: 520px; }
.message h2 { font-size: 20px; }
.message p { display: flex; gap: 8px; flex-wrap: wrap; justify-content: center; }
.tick { width: 54px; height: 54px; border-radius: 50%; background: var(--good); color: var(--bg); font-size: 28px; display: grid; place-items: center; }
.spinner { width: 30px; height: 30px; border-radius: 50%; border: 3px solid var(--line); border-top-color: var(--brand); animation: turn 1s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }

.note { position: absolute; left: 50%; bottom: 58px; transform: translate(-50%, 8px); background: var(--text); color: var(--bg); padding: 8px 14px; border-radius: 8px;
  max-width: min(90%, 560px); opacity: 0; transition: opacity .15s, transform .15s; pointer-events: none; z-index: 5; box-shadow: 0 4px 18px rgba(0, 0, 0, .3);
  overflow-wrap: anywhere; }
.note.shown { opacity: 1; transform: translate(-50%, 0); }
.note.problem::before { content: "! "; font-weight: 700; }
.trouble { position: absolute; inset: auto 12px 12px; background: var(--bg); color: var(--bad); padding: 10px 14px; border-radius: 8px; border: 1px solid currentColor; }

dialog { border: 1px solid var(--line); border-radius: 10px; background: var(--bg); color: var(--text); padding: 14px 18px 18px; width: min(680px, 92vw); max-height: 86vh;
  overflow: auto; box-shadow: 0 12px 48px rgba(0, 0, 0, .35); }
dialog::backdrop { background: rgba(10, 12, 16, .45); }
.dialog-top { display: flex; justify-content: space-between; align-items: center; margin-bottom: 10px; }
.dialog-top h2 { font-size: 16px; }
.dialog-buttons { display: flex; gap: 8px; justify-content: flex-end; margin-top: 12px; flex-wrap: wrap; }
textarea { font: inherit; width: 100%; padding: 8px 10px; border: 1px solid var(--line); border-radius: 6px; background: var(--bg); color: inherit; resize: vertical; display: block; }
.key-groups { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); gap: 6px 28px; }
.keys h3 { font-size: 12px; color: var(--faint); margin: 4px 0; }
.keys dl { display: grid; grid-template-columns: auto 1fr; gap: 5px 12px; margin: 0; align-items: baseline; }
.keys dt { white-space: nowrap; }
.keys dd { margin: 0; }
.instructions { font-size: 14px; overflow-wrap: anywhere; }
.instructions img { max-width: 100%; height: auto; }
.instructions a { color: var(--brand); }

@container (max-width: 760px) {
  .labels { flex-flow: row wrap; }
  .label { flex: 1 1 calc(50% - 4px); width: auto; min-height: 46px; padding: 8px 10px; }
  .label kbd { display: none; }
  .labels.brush .label { flex: 1 1 auto; min-height: 44px; }
  .list-box { max-height: 108px; overflow: auto; flex: none; }
  .pick { min-height: 40px; }
  .small { min-width: 40px; min-height: 40px; }
}
`;
