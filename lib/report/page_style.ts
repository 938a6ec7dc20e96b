/**
 * The style sheet of the page: for light and dark screens, wide and narrow, and
 * for paper.
 *
 * @module
 */

/**
 * The colours. Text has a contrast of at least 4.5 to the ground, lines and areas
 * of 3. The colours of series differ for every kind of colour vision; series also
 * differ by dashes and symbols.
 */
export const COLOURS: Record<"light" | "dark", Record<string, string>> = {
  light: {
    ground: "#ffffff",
    text: "#1b1f24",
    quiet: "#57606a",
    rule: "#d3d9e0",
    shade: "#f3f5f8",
    warning: "#8a4600",
    loss: "#c5002e",
    "series-1": "#0067a8",
    "series-2": "#c44a00",
    "series-3": "#007a57",
    "series-4": "#9a3d90",
    "series-5": "#7a6200",
    "series-6": "#4e5966",
  },
  dark: {
    ground: "#13171c",
    text: "#e6edf3",
    quiet: "#a3aeba",
    rule: "#363e48",
    shade: "#1c2229",
    warning: "#ffb86b",
    loss: "#ff7285",
    "series-1": "#5cb8f0",
    "series-2": "#ff9b52",
    "series-3": "#2fc89c",
    "series-4": "#e48fd3",
    "series-5": "#dfc04a",
    "series-6": "#b3bdc8",
  },
};

function variables(scheme: keyof typeof COLOURS): string {
  return Object.entries(COLOURS[scheme])
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(" ");
}

/** The page's style sheet; it contains no text of a file. */
export const STYLE = `
:root { color-scheme: light dark; ${variables("light")} }
@media screen and (prefers-color-scheme: dark) {
  :root { ${variables("dark")} }
}
* { box-sizing: border-box; }
html { background: var(--ground); }
body {
  margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 3rem;
  max-width: 78rem;
  background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
h1, h2 { line-height: 1.25; margin: 0; text-wrap: balance; }
h1 { font-size: 1.9rem; }
h2 { font-size: 1.35rem; margin-top: 2.5rem; padding-top: 1rem;
  border-top: 1px solid var(--rule); }
p { margin: 0.6rem 0; max-width: 70ch; }
footer { color: var(--quiet); }
.remarks { margin: 1rem 0 0; padding: 0.1rem 1rem;
  border-left: 4px solid var(--warning); background: var(--shade); }
.says { margin: 0.75rem 0; padding-left: 1.2rem; max-width: 75ch; }
.says li { margin: 0.3rem 0; }
.body { display: flex; flex-wrap: wrap; gap: 1.5rem 2.5rem;
  align-items: flex-start; margin-top: 1rem; }
.charts { flex: 1 1 40rem; min-width: min(100%, 20rem); max-width: 45rem;
  display: grid; gap: 2rem; grid-template-columns: minmax(0, 1fr); }
.body > .scroll { flex: 0 1 auto; min-width: min(100%, 18rem); }
.scroll { overflow-x: auto; max-width: 100%; }
.scroll:focus-visible, summary:focus-visible {
  outline: 2px solid var(--series-1); outline-offset: 2px; }
table { border-collapse: collapse; font-size: 0.9rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: 0.28rem 0.75rem; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--rule); white-space: nowrap;
  overflow-wrap: normal; }
th[scope="row"] { text-align: left; font-weight: 500; padding-left: 0;
  white-space: normal; min-width: 8.5rem; }
thead th { vertical-align: bottom; font-weight: 650; }
thead th, thead td { border-bottom: 1px solid var(--text); }
.words { white-space: normal; min-width: 7.5rem; max-width: 22rem;
  overflow-wrap: break-word; }
.files { margin-top: 1rem; }
.files td, .files thead th { text-align: left; }
.files .words { min-width: 9rem; }
@media screen and (max-width: 45rem) {
  .files thead { display: none; }
  .files table, .files tbody, .files tr, .files th[scope="row"], .files td {
    display: block; border: 0; padding: 0 0 0.2rem; max-width: none; }
  .files td { font-size: 0.85rem; white-space: normal; }
  .files tr { padding: 0.6rem 0; border-bottom: 1px solid var(--rule); }
}
figure { margin: 0; container-type: inline-size; min-width: 0; }
figcaption { font-weight: 650; margin-bottom: 0.35rem; }
figure svg { display: block; }
.wide > svg, .narrow > svg { width: 100%; height: auto; font-size: 12px; }
.wide > svg { max-width: 720px; }
.narrow > svg { max-width: 400px; }
.narrow { display: none; }
@container (max-width: 619px) {
  .wide { display: none; }
  .narrow { display: block; }
}
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; margin: 0 0 0.4rem;
  padding: 0; list-style: none; font-size: 0.8125rem; }
.legend svg { display: inline-block; }
.key { margin: 0 0 0.5rem; color: var(--quiet); font-size: 0.875rem; }
summary { cursor: pointer; color: var(--quiet); font-size: 0.875rem;
  width: fit-content; }
footer { margin-top: 3rem; padding-top: 1rem; font-size: 0.875rem;
  border-top: 1px solid var(--rule); }
@media print {
  @page { margin: 14mm; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  h1, h2, figcaption { break-after: avoid; }
  .wide, .narrow, tr, li { break-inside: avoid; }
  .key { break-after: avoid; }
  thead { display: table-header-group; }
  .charts { max-width: none; flex-basis: 100%; display: block; }
  figure { margin-bottom: 1.5rem; }
  .scroll { overflow: visible; }
  table { font-size: 8.5pt; }
  .files th[scope="row"] { width: 7.5rem; }
  .files td:nth-child(3) { white-space: nowrap; }
  th, td, .words { padding: 0.15rem 0.4rem; white-space: normal;
    min-width: 0 !important; overflow-wrap: anywhere; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`;
