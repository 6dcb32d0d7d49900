"""The look of a launcher, in JupyterLab's colours where the page has them."""

from __future__ import annotations

STYLE = """<style>
.clary-Launcher{--clary-good:var(--jp-success-color1,#2e7d32);--clary-bad:var(--jp-error-color1,#c62828);
--clary-warn:var(--jp-warn-color1,#b26a00);--clary-idle:var(--jp-ui-font-color2,#666);
--clary-busy:var(--jp-brand-color1,#1976d2);--clary-line:var(--jp-border-color2,#ccc);
--clary-s0:#2f7ed8;--clary-s1:#e0762f;--clary-s2:#2f9e62;--clary-s3:#c0408f;--clary-s4:#7b5fd0;--clary-s5:#b08a10;
--clary-s6:#1a9bb0;--clary-s7:#c24a42;color:var(--jp-ui-font-color1,inherit);
font-family:var(--jp-ui-font-family,sans-serif);font-size:13px;line-height:1.45;container-type:inline-size;
container-name:clary-launcher;max-width:1000px;box-sizing:border-box}
[data-jp-theme-light='false'] .clary-Launcher{--clary-busy:#6db3f5;--clary-good:#6cc98f;--clary-bad:#f4817b;
--clary-warn:#f0b357;--clary-s0:#64adf5;--clary-s1:#f3a15f;--clary-s2:#66cc93;--clary-s3:#e887bf;--clary-s4:#ab95f2;
--clary-s5:#dcbc4e;--clary-s6:#5ccbdd;--clary-s7:#f08b83}
.clary-Launcher .claryw-tone-good{--clary-tone:var(--clary-good)}
.clary-Launcher .claryw-tone-bad{--clary-tone:var(--clary-bad)}
.clary-Launcher .claryw-tone-warn{--clary-tone:var(--clary-warn)}
.clary-Launcher .claryw-tone-idle{--clary-tone:var(--clary-idle)}
.clary-Launcher .claryw-tone-busy{--clary-tone:var(--clary-busy)}
.clary-Launcher .claryw-Head{display:flex;flex-wrap:wrap;align-items:center;gap:4px 12px;margin:2px 0}
.clary-Launcher .claryw-Name{font-size:15px;overflow-wrap:anywhere}
.clary-Launcher .claryw-Dim{color:var(--jp-ui-font-color2,#666);font-variant-numeric:tabular-nums}
.clary-Launcher .claryw-Mark{color:var(--clary-tone);font-size:11px;margin-right:6px}
.clary-Launcher .claryw-Badge{border:1px solid var(--clary-tone);border-radius:999px;padding:1px 10px 1px 8px;
font-weight:600;white-space:nowrap}
.clary-Launcher .claryw-Timeline{list-style:none;display:flex;flex-wrap:wrap;gap:2px 18px;padding:0;margin:6px 0}
.clary-Launcher .claryw-Phase{padding:0;margin:0}
.clary-Launcher .claryw-Phase[aria-current] .claryw-Phase-name{font-weight:600}
.clary-Launcher .claryw-Phase-message{display:block;color:var(--jp-ui-font-color2,#666);padding-left:17px}
.clary-Launcher .claryw-Problem{border-left:3px solid var(--clary-bad);padding:6px 12px;margin:6px 0;
background:color-mix(in srgb,var(--clary-bad) 10%,transparent)}
.clary-Launcher .claryw-Problem pre{margin:2px 0 0;white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px;
background:none;color:inherit;max-height:220px;overflow:auto}
.clary-Launcher .claryw-Note{color:var(--jp-ui-font-color2,#666);margin:0;line-height:1.4}
.clary-Launcher .claryw-Bad{color:var(--clary-bad);margin:0;line-height:1.4}
.clary-Launcher .claryw-Problem ul{margin:2px 0;padding-left:20px}
.clary-Launcher .claryw-Charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));
gap:10px 24px;margin:6px 0;align-items:end}
.clary-Launcher .claryw-small{grid-template-columns:repeat(auto-fill,minmax(min(100%,220px),1fr))}
.clary-Launcher .claryw-Chart{margin:0;min-width:0}
.clary-Launcher .claryw-Chart figcaption{display:flex;flex-wrap:wrap;gap:0 14px;align-items:center}
.clary-Launcher .claryw-Legend{font-size:12px;font-variant-numeric:tabular-nums;white-space:nowrap}
.clary-Launcher .claryw-Log pre,.clary-Launcher .claryw-Code pre{margin:0;padding:8px 10px;font-size:12px;line-height:1.4;
font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;overflow-wrap:anywhere;word-break:normal;background:none;color:inherit}
.clary-Launcher .claryw-Log,.clary-Launcher .claryw-Code{border:1px solid var(--clary-line);border-radius:4px;
background:var(--jp-layout-color1,transparent)}
.clary-Launcher .claryw-Facts{border:none;border-collapse:collapse;margin:4px 0;font-size:13px;table-layout:auto}
.clary-Launcher .claryw-Facts td,.clary-Launcher .claryw-Facts th{text-align:left;vertical-align:top;border:none;
padding:1px 14px 1px 0;font-weight:normal;background:none;overflow-wrap:anywhere;white-space:normal;max-width:none}
.clary-Launcher .claryw-Facts th{color:var(--jp-ui-font-color2,#666);white-space:nowrap}
.clary-Launcher .claryw-Title{font-weight:600;margin:10px 0 2px}
.clary-Launcher :is(button,input,select,textarea,pre,summary,a):focus-visible{
outline:2px solid var(--jp-brand-color1,#1976d2);outline-offset:1px}
</style>"""

# Of the live panel only: its widgets.
LIVE = """<style>
.clary-Launcher.claryw-Live{border:1px solid var(--clary-line);border-radius:6px;padding:8px 14px 12px;overflow:visible}
.clary-Launcher .widget-html,.clary-Launcher .widget-html-content{height:auto;line-height:1.45;font-size:13px;
overflow:visible;color:inherit}
.clary-Launcher .widget-html>.widget-html-content{align-self:auto;flex:1 1 100%;min-width:0}
.clary-Launcher .claryw-Field{width:100%;overflow:visible;margin:0}
.clary-Launcher .claryw-Source>.widget-inline-hbox,
.clary-Launcher .claryw-Field>.widget-inline-hbox{width:100%;max-width:640px;height:auto;margin:2px 0}
.clary-Launcher .claryw-Field .widget-label{width:150px;flex:none;text-align:left;color:inherit;overflow:hidden;
text-overflow:ellipsis}
.clary-Launcher .claryw-Field .claryw-Says{margin:0 0 2px 158px;max-width:560px}
.clary-Launcher input,.clary-Launcher select{color:var(--jp-ui-font-color1)!important}
.clary-Launcher .claryw-Invalid input,.clary-Launcher .claryw-Invalid select{border-color:var(--clary-bad)!important;
border-width:2px!important}
.clary-Launcher .claryw-Row{display:flex;flex-flow:row wrap;align-items:center;gap:2px 6px;width:100%;overflow:visible;
max-width:800px;margin:0}
.clary-Launcher .claryw-Row>*{margin:2px 0}
.clary-Launcher .claryw-Row .claryw-Says{flex:1 1 100%;margin:0 0 2px 2px}
.clary-Launcher .claryw-Row>.claryw-Grow{flex:1 1 240px;width:auto;min-width:120px}
.clary-Launcher .claryw-Row>.claryw-Short{flex:0 1 142px;width:142px}
.clary-Launcher .claryw-Hidden-label .widget-label{position:absolute;width:1px!important;height:1px;overflow:hidden;
clip-path:inset(50%);margin:0;padding:0}
.clary-Launcher .claryw-Rows{width:100%;overflow:visible}
.clary-Launcher .claryw-Section{width:100%;overflow:visible;margin:0}
.clary-Launcher .claryw-Buttons{display:flex;flex-flow:row wrap;gap:6px;align-items:center;margin-top:10px;overflow:visible}
.clary-Launcher .claryw-Buttons .jupyter-button,.clary-Launcher .claryw-Row .jupyter-button{width:auto;padding:0 12px;
border-radius:4px;border:1px solid var(--jp-border-color1,#aaa);line-height:26px;height:28px;overflow:visible}
.clary-Launcher .jupyter-button.mod-primary{border-color:transparent}
.clary-Launcher .claryw-Log{height:230px;overflow-y:auto;display:flex;flex-direction:column-reverse;width:100%;
resize:vertical}
.clary-Launcher .claryw-Code{max-height:420px;overflow:auto;width:100%}
.clary-Launcher.claryw-Live .claryw-Code pre{user-select:all}
.clary-Launcher .widget-toggle-buttons .mod-active{text-decoration:underline;font-weight:600}
.clary-Launcher .claryw-Progress{width:100%;max-width:640px;height:10px;margin:2px}
.clary-Launcher .claryw-Progress .progress{height:8px;border-radius:4px;overflow:hidden}
.clary-Launcher .widget-tab>.widget-tab-contents{padding:10px 2px 4px;overflow:visible;border:none;
border-top:1px solid var(--clary-line);background:transparent}
.clary-Launcher .widget-tab,.clary-Launcher .widget-vbox{overflow:visible}
.clary-Launcher .widget-tab>.lm-TabBar .lm-TabBar-tab{flex:0 1 auto;min-width:0;padding:0 16px}
.clary-Launcher .claryw-Field select{height:28px}
.clary-Launcher .claryw-Row select{height:28px}
.clary-Launcher .widget-dropdown>select{background-image:url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' \
viewBox='0 0 18 18'%3E%3Cpath fill='none' stroke='%23888' stroke-width='2' d='M4 7l5 5 5-5'/%3E%3C/svg%3E")}
.clary-Launcher .claryw-Field .widget-select select{height:auto}
.clary-Launcher .claryw-Check>.widget-checkbox{margin-left:158px}
.clary-Launcher .claryw-Source{display:flex;width:100%;max-width:720px;overflow:visible;gap:6px;align-items:center}
.clary-Launcher .claryw-Source>.widget-inline-hbox{flex:1 1 auto;min-width:0}
.clary-Launcher .claryw-Source .jupyter-button,.clary-Launcher .claryw-Field .claryw-Buttons .jupyter-button{width:auto;
padding:0 12px;border-radius:4px;border:1px solid var(--jp-border-color1,#aaa);line-height:26px;height:28px}
.clary-Launcher .claryw-Field .claryw-Buttons{margin:2px 0 6px 158px}
.clary-Launcher .claryw-Bar .claryw-Title{margin:0}
.clary-Launcher .claryw-Bar .widget-checkbox{margin:0}
@container clary-launcher (max-width:560px){
.clary-Launcher .claryw-Field>.widget-inline-hbox{flex-direction:column;align-items:stretch}
.clary-Launcher .claryw-Field>.widget-inline-hbox>:not(.widget-label){width:100%;flex:none;box-sizing:border-box}
.clary-Launcher .claryw-Field .claryw-Says{margin-left:2px}
.clary-Launcher .claryw-Field .widget-label{width:auto}
.clary-Launcher .claryw-Field.claryw-Check>.widget-inline-hbox{flex-direction:row;margin-left:0}
.clary-Launcher .claryw-Source{align-items:flex-end}
.clary-Launcher .claryw-Source>.widget-inline-hbox{flex-direction:column;align-items:stretch;height:auto}
.clary-Launcher .claryw-Field .claryw-Buttons{margin-left:2px}
}
</style>"""
