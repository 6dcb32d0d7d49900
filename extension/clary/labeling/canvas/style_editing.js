// The look of what is edited: images, texts, spans, grids, votes.

export const EDITING = `
.view { flex: 1; position: relative; min-height: 0; overflow: hidden; touch-action: pan-y; }
.view.tooled { touch-action: none; }
.view canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.view.tooled .view-layer { cursor: crosshair; }
.reading { flex: 1; overflow: auto; background: var(--bg); padding: 28px clamp(14px, 5cqw, 56px); outline: none; }
.text { max-width: 74ch; margin: 0 auto; font-size: 16px; line-height: 1.65; white-space: pre-wrap; overflow-wrap: anywhere; }
.text.short { font-size: 20px; line-height: 1.5; }
@container (max-width: 760px) { .reading { padding: 16px 14px; } .text.short { font-size: 18px; } }
`;
