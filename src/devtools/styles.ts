/** Style of the panel. It is a constructed sheet, which a strict Content Security Policy allows. */
export const STYLES = `
:host {
  all: initial;
  --text: #1b1f24;
  --quiet: #57606a;
  --back: #ffffff;
  --row: #f3f4f6;
  --line: #d0d7de;
  --accent: #0550ae;
  --good: #1a7f37;
  --wait: #9a6700;
  --bad: #cf222e;
  color-scheme: light dark;
  position: fixed;
  inset: auto 0 0 auto;
  z-index: 2147483647;
  font: 13px/1.4 system-ui, sans-serif;
  color: var(--text);
}
@media (prefers-color-scheme: dark) {
  :host {
    --text: #e6edf3;
    --quiet: #9ea7b3;
    --back: #161b22;
    --row: #21262d;
    --line: #3d444d;
    --accent: #79c0ff;
    --good: #56d364;
    --wait: #e3b341;
    --bad: #ff7b72;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
button {
  font: inherit;
  color: var(--text);
  background: var(--back);
  border: 1px solid var(--line);
  border-radius: 6px;
  padding: 3px 10px;
  min-height: 28px;
  cursor: pointer;
}
button:disabled { color: var(--quiet); cursor: default; }
button[aria-pressed='true'] { color: var(--back); background: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.toggle { margin: 8px; float: right; box-shadow: 0 1px 4px rgb(0 0 0 / 25%); }
.dot { display: inline-block; width: 9px; height: 9px; margin-right: 7px; border-radius: 50%; background: var(--wait); }
[data-state='connected'] .dot { background: var(--good); }
[data-state='closed'] .dot, [data-state='paused'] .dot { background: var(--bad); }
[data-state='idle'] .dot { background: var(--quiet); }
.panel {
  clear: both;
  width: min(960px, 100vw);
  max-height: min(560px, 70vh);
  display: grid;
  grid-template-columns: minmax(0, 2fr) minmax(0, 3fr);
  grid-template-rows: auto auto minmax(90px, 1fr) minmax(120px, 2fr);
  gap: 8px 12px;
  padding: 10px 12px;
  background: var(--back);
  border: 1px solid var(--line);
  border-radius: 8px 0 0;
}
.bar, .facts, .events { grid-column: 1 / -1; }
.bar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
h2, h3 { margin: 0; font-size: 13px; font-weight: 600; }
h2 { flex: 1; }
.facts { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0; }
.facts div { display: flex; gap: 6px; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.box { display: flex; flex-direction: column; min-height: 0; min-width: 0; gap: 4px; }
.scroll { overflow: auto; min-height: 0; flex: 1; border: 1px solid var(--line); border-radius: 6px; }
ol { list-style: none; margin: 0; padding: 0; }
li { padding: 2px 8px; overflow-wrap: anywhere; }
li:nth-child(odd), tbody tr:nth-child(odd) { background: var(--row); }
time { color: var(--quiet); margin-right: 8px; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 2px 8px; vertical-align: top; white-space: nowrap; }
th { color: var(--quiet); font-weight: 600; position: sticky; top: 0; background: var(--back); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.data { white-space: normal; overflow-wrap: anywhere; min-width: 180px; font-family: ui-monospace, monospace; }
.note { color: var(--quiet); margin: 0; }
@media (max-width: 600px) {
  .panel { grid-template-columns: minmax(0, 1fr); grid-template-rows: none; max-height: 75vh; overflow: auto; border-radius: 0; }
  .scroll { max-height: 180px; }
}
`;
