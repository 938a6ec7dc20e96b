// @ts-check
/// <reference lib="dom" />
/**
 * Outages, the figures of a span and the mesh, as tables.
 *
 * @module
 * @import { Mesh, Outage, Series, SpanFigures, TargetStatus } from "../api.ts"
 * @import { View } from "./app.js"
 */

import {
  delay,
  fill,
  headOf,
  markup,
  percent,
  shade,
  span,
  time,
  titleOf,
} from "./markup.js";
import { listen, merged, read } from "./server.js";

/** The chart of an outage shows as many times its length, and not less. */
const AROUND = 4;
const MIN_AROUND_SEC = 600;
const REFRESH_MS = 30_000;
const MERGE_MS = 1000;

/** Shows the outages of all targets. @param {View} view */
export async function showOutages({ main, list, live }) {
  document.title = `Outages · ${list.name}`;
  fill(
    main,
    markup`<h1>Outages</h1>
<p class="quiet">Three or more probes lost in a row, in the last 30 days; the newest first.</p><div></div>`,
  );
  const draw = async () => {
    const { outages } = await read("outages");
    fill(main.lastElementChild, outagesOf(outages, list.now, list.targets));
  };
  await draw();
  listen([], {
    connected: live,
    status: ({ now }) => void (list.now = now),
    outage: merged(() => draw().catch(() => live(false)), MERGE_MS),
  });
}

/**
 * @param {Outage[]} outages
 * @param {number} now
 * @param {TargetStatus[] | null} targets Those that are named.
 */
export function outagesOf(outages, now, targets = null) {
  if (outages.length === 0) return markup`<p class="quiet">None.</p>`;
  const names = new Map(targets?.map((target) => [target.id, titleOf(target)]));
  const row = (/** @type {Outage} */ outage) => {
    const { target, start, end, lost, lost_forward, lost_backward } = outage;
    const length = (end ?? now) - start;
    const around = (Math.max(MIN_AROUND_SEC, length * AROUND) - length) / 2;
    const from = Math.floor(start - around);
    const to = Math.ceil(Math.min(start + length + around, now));
    const text = outage.end_unknown
      ? "end unknown"
      : end === null
      ? markup`<strong class="down">${span(length)} so far</strong>`
      : span(length);
    return markup`<tr>${
      targets && markup`<th scope="row">${names.get(target) ?? target}</th>`
    }<td><a href="?target=${
      encodeURIComponent(target)
    }&amp;from=${from}&amp;to=${to}">${time(start)}</a></td>
<td>${text}</td><td>${lost}</td><td>${lost_forward || "–"}</td><td>${
      lost_backward || "–"
    }</td></tr>`;
  };
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="List of outages">
<table>${
    headOf([
      targets && "Target",
      "Start",
      "Length",
      "Lost",
      "Forward",
      "Backward",
    ])
  }<tbody>${outages.map(row)}</tbody></table></div>`;
}

/** @param {SpanFigures} total @param {boolean} hasWays */
export function figuresOf(
  { rtt, sent, lost, lost_forward, lost_backward, unknown },
  hasWays,
) {
  const pairs = [
    ["Minimum", delay(rtt?.min_us)],
    ["Median", delay(rtt?.p50_us)],
    ["p95", delay(rtt?.p95_us)],
    ["p99", delay(rtt?.p99_us)],
    ["Maximum", delay(rtt?.max_us)],
    ["Lost", percent(lost, sent)],
    ["Forward", hasWays ? percent(lost_forward, sent) : "–"],
    ["Backward", hasWays ? percent(lost_backward, sent) : "–"],
    ["Probes", sent],
    ["Unknown", unknown],
  ];
  return pairs.map(([name, text]) =>
    markup`<div><dt>${name}</dt><dd>${text}</dd></div>`
  );
}

/** @param {Series} series */
export function numbersOf({ t, rtt, counts }) {
  const { sent, lost, lost_forward, lost_backward, unknown } = counts;
  const rows = t.map((start, at) =>
    (sent[at] ?? 0) + (unknown[at] ?? 0) > 0 &&
    markup`<tr><th scope="row">${time(start)}</th>${
      [
        ...[sent, lost, lost_forward, lost_backward, unknown].map((of) =>
          of[at]
        ),
        ...[0, 1, 4, 7, 8].map((row) => delay(rtt.quantiles_us[row]?.[at])),
      ].map((value) => markup`<td>${value}</td>`)
    }</tr>`
  );
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="The numbers of the chart">
<table>${
    headOf([
      ...["From", "Probes", "Lost", "Forward", "Backward", "Unknown"],
      ...["Minimum", "5 %", "Median", "95 %", "Maximum"],
    ])
  }<tbody>${rows}</tbody></table></div>`;
}

/** Shows what each source sees of each target. @param {View} view */
export async function showMesh({ main, list, live }) {
  document.title = `Mesh · ${list.name}`;
  fill(
    main,
    markup`<h1>Mesh</h1>
<p class="quiet">Median round trip and loss of the last hour, from each source (row) to each target (column).</p>
<div class="scroll" role="region" tabindex="0" aria-label="Grid of sources and targets"></div>`,
  );
  const refresh = async () => {
    fill(main.lastElementChild, meshOf(await read("mesh")));
    live(true);
  };
  await refresh();
  setInterval(() => refresh().catch(() => live(false)), REFRESH_MS);
}

/** @param {Mesh} mesh */
function meshOf({ sources }) {
  const all = sources.flatMap(({ targets }) => targets);
  const names = new Map(all.map((target) => [target.id, titleOf(target)]));
  const cell = (/** @type {TargetStatus | undefined} */ target, base = "") => {
    if (!target) return markup`<td></td>`;
    const { id, hour: { sent, lost, rtt } } = target;
    const kind = sent === 0 ? "unknown" : `loss-${shade(lost, sent)}`;
    return markup`<td class="${kind}"><a href="${base}?target=${
      encodeURIComponent(id)
    }">${delay(rtt?.p50_us)}<small>${
      percent(lost, sent)
    } lost</small></a></td>`;
  };
  return markup`<table class="mesh">${headOf(["", ...names.values()])}<tbody>${
    sources.map(({ name, url, error, targets }) =>
      markup`<tr><th scope="row">${
        url ? markup`<a href="${url}">${name}</a>` : name
      }</th>${
        error
          ? markup`<td class="unknown" colspan="${names.size}">${error}</td>`
          : [...names.keys()].map((id) =>
            cell(targets.find((target) => target.id === id), url ?? "")
          )
      }</tr>`
    )
  }</tbody></table>`;
}
