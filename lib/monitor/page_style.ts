/**
 * The style sheet of the monitor's page: light and dark, from a phone to a wall.
 *
 * @module
 */

import { COLOURS } from "../report/page_style.ts";

/** The colours that the report does not have, light and dark. */
const MORE: Record<string, [light: string, dark: string]> = {
  good: ["#0a7a4b", "#3ecf8e"],
  edge: ["#808893", "#7a838e"],
  nothing: ["#f3f5f8", "#1c2229"],
  unknown: ["#c6ccd4", "#454e59"],
  // From a lost probe in a thousand to all of them.
  "loss-1": ["#fff0c2", "#2f2a17"],
  "loss-2": ["#ffd978", "#54431a"],
  "loss-3": ["#ffb14d", "#8a5a1a"],
  "loss-4": ["#f7784a", "#bd5a2d"],
  "loss-5": ["#dd3a3f", "#cc3f4a"],
  "loss-6": ["#a80028", "#f0525f"],
};

/** The report's colours and those of this page: name, light and dark. */
const PALETTE = [
  ...Object.entries(COLOURS.light).map(([name, light]) =>
    [name, light, COLOURS.dark[name]!] as const
  ),
  ...Object.entries(MORE).map(([name, both]) => [name, ...both] as const),
];

const VARIABLES = PALETTE
  .map(([name, light, dark]) => `--${name}: light-dark(${light}, ${dark});`)
  .join(" ");

/** Each kind of cell sets its own level. */
const LEVELS = Object.keys(MORE)
  .map((name) => `.${name} { --level: var(--${name}); }`).join(" ");

/** The page's style sheet. */
export const STYLE = `
:root { color-scheme: light dark; ${VARIABLES}
  font-size: clamp(16px, 11px + 0.32vw, 24px); }
[data-scheme="light"] { color-scheme: light; }
[data-scheme="dark"] { color-scheme: dark; }
${LEVELS}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
body > header, main { padding: 0 clamp(1rem, 3vw, 3rem); }
body > header { display: flex; flex-wrap: wrap; align-items: center;
  gap: 0.4rem 1.25rem; padding-block: 0.6rem;
  border-bottom: 1px solid var(--rule); }
main { padding-block: 1.5rem 4rem; outline: 0; }
h1, h2 { line-height: 1.2; margin: 0; text-wrap: balance; }
h1 { font-size: 1.75rem; letter-spacing: -0.01em; }
h2 { font-size: 1.1rem; margin: 0 0 0.4rem; }
p { margin: 0.3rem 0; }
a { color: inherit; text-decoration-color: var(--rule);
  text-underline-offset: 0.2em; }
a:hover { color: var(--series-1); text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--series-1); outline-offset: 2px; }
.skip:not(:focus) { position: absolute; left: -100vw; }
.quiet, .readout, label, summary, .segments, button, input, select {
  font-size: 0.875rem; }
.quiet, label, summary, dt, thead th { color: var(--quiet); }
.down { color: var(--loss); }
.brand { display: flex; align-items: center; gap: 0.5rem; font-weight: 650;
  text-decoration: none; }
nav { display: flex; flex-wrap: wrap; gap: 0.25rem; }
nav a { padding: 0.25rem 0.65rem; border-radius: 0.4rem;
  text-decoration: none; }
nav a:hover, button:hover { background: var(--shade); }
nav a[aria-current]:not([aria-current="false"]) { font-weight: 600;
  background: var(--shade); box-shadow: inset 0 0 0 1px var(--rule); }
#live { margin: 0 0 0 auto; font-size: 0.875rem; color: var(--quiet); }
#live.off, .error { color: var(--loss); }
button, input, select { font-family: inherit; color: inherit; max-width: 100%;
  background: var(--ground); border: 1px solid var(--edge);
  border-radius: 0.4rem; padding: 0.3rem 0.6rem; }
button { cursor: pointer; }
label { display: inline-flex; align-items: center; gap: 0.4rem; }
label > * { color: var(--text); }
.headline h1::before, .state::before, #live.on::before { content: "";
  display: inline-block; width: 0.62em; height: 0.62em; margin-right: 0.45em;
  border-radius: 50%; background: var(--good); }
.headline h1.down { color: inherit; }
.headline .down::before, .state.down::before { border-radius: 0.1em;
  background: var(--loss); }
.headline .unknown::before, .state.unknown::before { background: none;
  box-shadow: inset 0 0 0 0.14em var(--quiet); }
.state.down { font-weight: 650; }
.warning { margin: 0.75rem 0; padding: 0.5rem 1rem; list-style: none;
  border-left: 4px solid var(--warning); background: var(--shade); }
.warning a { font-weight: 600; }
.controls, .controls form { display: flex; flex-wrap: wrap;
  align-items: center; gap: 0.5rem 1rem; }
.controls { margin: 1.25rem 0; }
.segments { padding: 0.15rem; border: 1px solid var(--rule);
  border-radius: 0.55rem; }
table { border-collapse: collapse; font-size: 0.9rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: 0.4rem 0.75rem; border-bottom: 1px solid var(--rule);
  text-align: right; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
thead th { font-size: 0.8rem; font-weight: 500; }
tbody th { font-weight: 550; }
.scroll { overflow: auto; width: fit-content; max-width: 100%; }
article .scroll { max-height: 26rem; }
.scroll thead th { position: sticky; top: 0; background: var(--ground); }
.groups { display: grid; gap: 2rem 3rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 54rem), 1fr)); }
.targets { width: 100%; table-layout: fixed; }
.targets th:nth-child(n + 3) { width: 6.2rem; }
.targets th:nth-child(2) { width: 9.2rem; }
.targets :is(th, td) { padding-inline: 0.5rem; }
.targets th:first-child { padding-left: 0; }
.targets th:last-child { width: 28%; }
.targets td { overflow: hidden; text-overflow: ellipsis; }
.targets th[scope="row"] { white-space: normal; }
.targets th .quiet { display: block; font-weight: 400; font-size: 0.8rem; }
.targets :is(th, td):is(:nth-child(2), :last-child) { text-align: left; }
.targets td:last-child { padding-right: 0; }
.share.loss-0 { color: var(--quiet); }
.share:not(.loss-0) { padding-bottom: 0.1rem; font-weight: 600;
  border-bottom: 0.2rem solid var(--level); }
.strip { display: block; width: 100%; height: 1.9rem;
  border-radius: 0.2rem; }
.strip rect { fill: var(--level); }
.strip .loss-0 {
  fill: color-mix(in srgb, var(--series-1) 9%, var(--ground)); }
.strip path { fill: none; stroke: var(--series-1); stroke-width: 1.5px;
  vector-effect: non-scaling-stroke; }
.pages { grid-column: 1 / -1; align-items: center; }
.panels { display: grid; gap: 2.5rem;
  grid-template-columns: minmax(0, 1fr); }
.figures { display: flex; flex-wrap: wrap; gap: 0.75rem 2rem;
  margin: 1rem 0; }
dt { font-size: 0.8rem; }
dd { margin: 0; font-size: 1.15rem; font-weight: 550;
  font-variant-numeric: tabular-nums; }
figure { margin: 0; border-radius: 0.3rem; }
.readout { min-height: 1.5em; font-variant-numeric: tabular-nums; }
.plot { position: relative; }
.chart { cursor: crosshair; touch-action: pan-y; user-select: none; }
.selection { position: absolute; inset-block: 0; pointer-events: none;
  background: color-mix(in srgb, var(--series-1) 18%, transparent);
  border-inline: 1px solid var(--series-1); }
figcaption { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; }
.key::before { content: ""; display: inline-block; width: 1.1rem;
  height: 0.75rem; margin-right: 0.4rem; border-radius: 0.15rem;
  background: var(--level); }
.key.smoke { --dark: color-mix(in srgb, var(--series-1) 65%, transparent);
  --pale: color-mix(in srgb, var(--series-1) 15%, transparent); }
.key.smoke::before {
  background: linear-gradient(var(--pale), var(--dark), var(--pale)); }
.key.median::before { height: 0.15rem; vertical-align: 0.25rem;
  background: var(--series-1); }
details { margin: 1rem 0; }
summary { width: fit-content; cursor: pointer; }
.mesh :is(th, td) { text-align: center; border: 0; }
.mesh td:not(:empty) { background: var(--shade);
  border: 2px solid var(--ground);
  border-bottom: 4px solid var(--level, var(--rule)); }
.mesh tbody :is(th, [colspan]) { text-align: left; }
.mesh a { display: block; text-decoration: none; }
.mesh small { display: block; color: var(--quiet); }
dialog { max-width: 26rem; padding: 1.5rem; color: inherit;
  background: var(--ground); border: 1px solid var(--rule);
  border-radius: 0.8rem; }
dialog::backdrop { background: rgb(0 0 0 / 45%); }
dialog form { display: grid; gap: 0.6rem; }
@media (min-width: 64rem) {
  .two .readout { min-height: 3em; }
  .two { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 45rem) {
  body > header nav { order: 1; flex-basis: 100%; }
  .targets, .targets tbody, .targets th, .targets td { display: block; }
  .targets thead { position: absolute; left: -100vw; }
  .targets tr { display: grid; grid-template-columns: repeat(4, 1fr);
    gap: 0.2rem 0.5rem; padding: 0.7rem 0;
    border-bottom: 1px solid var(--rule); }
  .targets :is(th, td):is(*, :last-child) { width: auto; padding: 0;
    border: 0; text-align: left; }
  .targets th { grid-column: 1 / 3; }
  .targets td:last-child { grid-column: 1 / -1; }
  .targets td:nth-child(2) { grid-column: 3 / 5; text-align: right; }
  .targets [data-label]::before { content: attr(data-label); display: block;
    color: var(--quiet); font-size: 0.75rem; }
  .figures { display: grid; grid-template-columns: repeat(4, 1fr);
    gap: 0.6rem; }
  dd { font-size: 1rem; }
  .scroll :is(th, td) { padding-inline: 0 0.7rem; }
}
@media print {
  .controls, body > header :is(nav, button) { display: none; }
}
`;
